//! A whole answer: what its stream would end with.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ResponseStream;
use crate::openai::text::is_object;
use crate::translate::chat_answer::some_text;
use crate::translate::feed::{Feed, StreamFault};
use crate::translate::{NoAnswer, Wanted};

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_tier: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: &'a RawValue,
    #[serde(borrow, default)]
    finish_reason: Option<&'a RawValue>,
}

/// Translates a completion: a message has the members of a chunk's `delta`.
pub(in crate::translate) fn translate(
    body: &[u8],
    wanted: Wanted<'_>,
) -> Result<Vec<u8>, NoAnswer> {
    let completion = is_object(body).then(|| serde_json::from_slice(body).ok());
    let completion: Completion<'_> = completion.flatten().ok_or(NoAnswer)?;
    let choice = completion.choices.first().ok_or(NoAnswer)?;
    let or_null = |value: Option<&RawValue>| value.map_or("null", RawValue::get).to_owned();
    let chunk = format!(
        concat!(
            r#"{{"id":{},"model":{},"service_tier":{},"usage":{},"#,
            r#""choices":[{{"index":0,"delta":{},"finish_reason":{}}}]}}"#
        ),
        or_null(completion.id),
        or_null(completion.model),
        or_null(completion.service_tier),
        or_null(completion.usage),
        choice.message.get(),
        some_text(choice.finish_reason).map_or("\"stop\"", RawValue::get),
    );
    last_of(wanted, |stream, out| stream.event(&chunk, out))
}

/// Translates what a stream of chunks says.
pub(in crate::translate) fn of_chunks(
    chunks: &str,
    wanted: Wanted<'_>,
) -> Result<Vec<u8>, NoAnswer> {
    last_of(wanted, |stream, out| {
        Feed::default().push(chunks.as_bytes(), |event| match event {
            crate::openai::Event::Data(data) => stream.event(&data, out),
            _ => Ok(()),
        })
    })
}

/// The response a stream ends with.
fn last_of(
    wanted: Wanted<'_>,
    say: impl FnOnce(&mut ResponseStream, &mut String) -> Result<(), StreamFault>,
) -> Result<Vec<u8>, NoAnswer> {
    let (mut stream, mut out) = (ResponseStream::silent(wanted), String::new());
    let said = say(&mut stream, &mut out);
    let ended = said.and_then(|()| stream.ended(&mut out));
    let response = ended.map_err(|_| NoAnswer)?.ok_or(NoAnswer)?;
    Ok(response.into_bytes())
}
