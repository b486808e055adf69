//! A `message` object.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::text::Said;
use crate::openai::text::is_object;

/// What is asked of an answer, borrowed from its text.
#[derive(Debug, Deserialize)]
pub struct Answer<'a> {
    /// What it says it used.
    #[serde(borrow, default)]
    pub usage: Option<&'a RawValue>,
    /// An error instead of an answer.
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
    /// Why it ended.
    #[serde(borrow, default)]
    pub stop_reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) content: Option<Vec<&'a RawValue>>,
    /// A member of this name that the provider already has.
    #[serde(borrow, default)]
    pub cost: Option<&'a RawValue>,
    /// A member of this name that the provider already has.
    #[serde(borrow, default)]
    pub provider: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tier<'a> {
    #[serde(borrow, default)]
    service_tier: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    /// Reads an answer; `None` when it is no JSON object of that shape.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        is_object(body).then(|| serde_json::from_slice(body).ok())?
    }

    /// Whether it is none: an error, or an object that says nothing.
    pub fn is_failure(&self) -> bool {
        self.error.is_some() || (self.content.is_none() && self.usage.is_none())
    }

    /// The tier of service it says the call had.
    pub fn service_tier(&self) -> Option<&'a RawValue> {
        let usage = self.usage.filter(|usage| usage.get().starts_with('{'))?;
        let tier: Tier<'a> = serde_json::from_str(usage.get()).ok()?;
        tier.service_tier
    }

    /// UTF-8 bytes of what the model said.
    pub fn text_bytes(&self) -> u64 {
        self.blocks().map(block_bytes).sum()
    }

    /// Every text the model said, to be counted.
    pub fn texts(&self) -> Vec<String> {
        self.blocks().flat_map(block_texts).collect()
    }

    fn blocks(&self) -> impl Iterator<Item = &'a RawValue> {
        self.content.iter().flatten().copied()
    }
}

/// UTF-8 bytes of what the model said in a block.
pub(crate) fn block_bytes(block: &RawValue) -> u64 {
    Said::read(block).map_or(0, |said| said.bytes())
}

/// Every text the model said in a block.
pub(crate) fn block_texts(block: &RawValue) -> Vec<String> {
    let said = Said::read(block);
    said.iter()
        .flat_map(Said::texts)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn an_answer_is_read_or_recognised_as_none() {
        let body = br#"{"id":"msg_1","type":"message","role":"assistant","model":"claude",
            "content":[{"type":"thinking","thinking":"Hm","signature":"c2ln"},
            {"type":"text","text":"Gr\u00fc\u00dfe","citations":null},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1e2}}],
            "stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":9,
            "service_tier":"standard"}}"#;
        let answer = Answer::read(body).unwrap();
        assert_eq!(answer.texts(), ["Hm", "Grüße", "f", r#"{"a": 1e2}"#]);
        assert_eq!(answer.text_bytes(), 2 + 7 + 1 + 10);
        assert_eq!(answer.service_tier().unwrap().get(), "\"standard\"");
        assert!(!answer.is_failure());
        for (body, is_failure) in [
            (
                r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#,
                true,
            ),
            ("{}", true),
            (r#"{"content":[]}"#, false),
            (r#"{"usage":{"input_tokens":3,"output_tokens":0}}"#, false),
        ] {
            let answer = Answer::read(body.as_bytes()).unwrap();
            assert_eq!(answer.is_failure(), is_failure, "{body}");
        }
        for body in ["", "<html>", "[]", "null", "{\"content\":3}", "{} {}"] {
            assert!(Answer::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
