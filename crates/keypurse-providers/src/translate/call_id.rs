//! The id of a tool call, where its provider gave it none.

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

fn made_up(answer: Option<&RawValue>, number: u64) -> Box<RawValue> {
    // Anthropic takes nothing else in an id.
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let answer: String = answer
        .map_or("", RawValue::get)
        .chars()
        .filter(is_plain)
        .collect();
    let from = answer.len().saturating_sub(LONGEST_PART);
    let answer = match &answer[from..] {
        "" | "null" => "translated",
        end => end,
    };
    RawValue::from_string(format!("\"call_{answer}_{number}\"")).expect("a plain text is JSON")
}
