//! A whole answer.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{call, finish_reason};
use crate::gemini::{Answer, Candidate, Ending, Part, read_usage};
use crate::translate::NoAnswer;
use crate::translate::call_id::call_id;
use crate::translate::completion::{Answered, AnsweredCall, completion};
use crate::translate::target::WantedOfGemini;

/// Translates an answer.
pub(in crate::translate) fn translate(
    body: &[u8],
    wanted: WantedOfGemini,
) -> Result<Vec<u8>, NoAnswer> {
    let answer = Answer::read(body).ok_or(NoAnswer)?;
    if answer.error.is_some() {
        return Err(NoAnswer);
    }
    let candidates = answer.candidates.as_deref().unwrap_or_default();
    let id = answer.response_id;
    let mut answers = Vec::new();
    for candidate in candidates {
        answers.push(answered(candidate, id, wanted).ok_or(NoAnswer)?);
    }
    if answers.is_empty() && answer.is_blocked() {
        answers.push(Answered {
            finish_reason: "content_filter",
            ..Answered::default()
        });
    }
    if answers.is_empty() {
        return Err(NoAnswer);
    }
    let counts = answer
        .usage_metadata
        .and_then(|usage| read_usage(usage).ok());
    let model = answer.model_version;
    let created = wanted.created;
    Ok(completion(id, model, created, &answers, counts.as_ref()))
}

fn answered<'a>(
    candidate: &Candidate<'a>,
    answer: Option<&RawValue>,
    wanted: WantedOfGemini,
) -> Option<Answered<'a>> {
    let mut answered = Answered::default();
    for part in candidate.parts() {
        add(&mut answered, part, answer)?;
    }
    if wanted.one_call {
        answered.calls.truncate(1);
    }
    let ending = candidate.ending().unwrap_or(Ending::Complete);
    answered.finish_reason = finish_reason(ending, !answered.calls.is_empty());
    Some(answered)
}

fn add<'a>(answered: &mut Answered<'a>, part: &Part<'a>, answer: Option<&RawValue>) -> Option<()> {
    if let Some(function) = &part.function_call {
        let number = u64::try_from(answered.calls.len()).unwrap_or(u64::MAX);
        let id = Cow::Owned(call_id(function.id, answer, number));
        let arguments = function.args.map_or("{}", RawValue::get);
        let extra = call::extra_content(part.thought_signature);
        let call = AnsweredCall::new(id, function.name, arguments, extra);
        answered.calls.push(call);
    }
    let Some(text) = part.text else {
        return Some(());
    };
    if part.thought == Some(true) {
        Answered::append(&mut answered.reasoning, text)
    } else {
        Answered::append(&mut answered.content, text)
    }
}
