//! The id of a tool call, where its provider gave it none, or one that another
//! refuses.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// OpenAI takes ids of up to 40 characters.
const LONGEST_PART: usize = 24;

/// The call's own id, or one nobody else in this conversation has: `answer` is
/// the answer's id, `number` the call's place in it.
pub(super) fn call_id(
    own: Option<&RawValue>,
    answer: Option<&RawValue>,
    number: u64,
) -> Box<RawValue> {
    let own = own.filter(|id| id.get().starts_with('"') && id.get() != "\"\"");
    own.map_or_else(|| made_up(answer, number), ToOwned::to_owned)
}

/// An id as Anthropic takes it, a call's and its result's alike: other models
/// are called by ids such as `functions.get_time:0`.
pub(super) fn plain(id: &RawValue) -> Cow<'_, RawValue> {
    let written = id.get().trim_matches('"');
    if written.chars().all(is_plain) {
        return Cow::Borrowed(id);
    }
    let replaced = written.chars().map(|c| if is_plain(c) { c } else { '_' });
    Cow::Owned(of_text(&replaced.collect::<String>()))
}

/// Anthropic takes nothing else in an id.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn of_text(plain: &str) -> Box<RawValue> {
    RawValue::from_string(format!("\"{plain}\"")).expect("a plain text is JSON")
}

fn made_up(answer: Option<&RawValue>, number: u64) -> Box<RawValue> {
    let answer = answer.map_or("", RawValue::get).chars();
    let answer: String = answer.filter(|c| is_plain(*c)).collect();
    let from = answer.len().saturating_sub(LONGEST_PART);
    let answer = match &answer[from..] {
        "" | "null" => "translated",
        end => end,
    };
    of_text(&format!("call_{answer}_{number}"))
}
