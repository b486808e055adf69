//! What a model wants to see again of its own reasoning.
//!
//! A chat's message has members for it (`thinking_blocks`, and
//! `extra_content.google.thought_signature` of a call); an item of a response
//! has `encrypted_content`, which clients give back unread. So that has the
//! members, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Proofs of one item of reasoning.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Proof {
    /// Anthropic's signed blocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) thinking_blocks: Vec<Thinking>,
    /// Gemini's, of the call that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<String>,
}

/// A block of Anthropic's.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thinking {
    Thinking { thinking: String, signature: String },
    RedactedThinking { data: String },
}

/// Whether an item of reasoning was made here, of another dialect's: nobody else
/// can read its `encrypted_content`.
pub fn is_own_reasoning(encrypted_content: &str) -> bool {
    encrypted_content.starts_with('{') && Proof::read(encrypted_content).is_some()
}

impl Proof {
    /// That of a call.
    pub(super) fn of_call(extra_content: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Extra {
            google: Google,
        }
        #[derive(Deserialize)]
        struct Google {
            thought_signature: String,
        }
        let extra: Extra = serde_json::from_str(extra_content.get()).ok()?;
        Some(Self {
            thought_signature: Some(extra.google.thought_signature),
            ..Self::default()
        })
    }

    /// The one an item carries; `None` when another server's reasoning is in
    /// it, which nobody here can read.
    pub(super) fn read(encrypted_content: &str) -> Option<Self> {
        serde_json::from_str(encrypted_content).ok()
    }

    /// What an item carries of it: a text, with its quotes. There is one without
    /// any proof, too: clients leave out an item that has none.
    pub(super) fn write(&self) -> String {
        let members = serde_json::to_string(self).expect("texts are JSON");
        serde_json::to_string(&members).expect("a text is JSON")
    }
}

impl Thinking {
    /// Whether it says what was thought.
    pub(super) fn has_text(&self) -> bool {
        matches!(self, Self::Thinking { thinking, .. } if !thinking.is_empty())
    }

    /// Reads blocks. What is none of Anthropic's is left out.
    pub(super) fn list(blocks: &RawValue) -> Vec<Self> {
        let listed: Vec<&RawValue> = serde_json::from_str(blocks.get()).unwrap_or_default();
        let blocks = listed.into_iter();
        blocks
            .filter_map(|block| serde_json::from_str(block.get()).ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{Proof, Thinking};

    #[test]
    fn a_proof_comes_back_as_it_was() {
        let blocks = r#"[{"index":0,"type":"thinking","thinking":"a\n\u00e9","signature":"s"},
            {"type":"redacted_thinking","data":"d"}, {"type":"text","text":"none"}, 7]"#;
        let blocks = RawValue::from_string(blocks.to_owned()).unwrap();
        let thinking_blocks = Thinking::list(&blocks);
        assert_eq!(thinking_blocks.len(), 2);
        let extra = r#"{"google":{"thought_signature":"t"}}"#;
        let extra = RawValue::from_string(extra.to_owned()).unwrap();
        for proof in [
            Proof {
                thinking_blocks,
                thought_signature: None,
            },
            Proof::of_call(&extra).unwrap(),
        ] {
            let written: String = serde_json::from_str(&proof.write()).unwrap();
            assert_eq!(Proof::read(&written), Some(proof));
        }
        assert_eq!(Proof::default().write(), "\"{}\"");
        assert!(super::is_own_reasoning("{}"));
        assert_eq!(Proof::read("gAAAAAB…"), None);
        assert!(super::is_own_reasoning(r#"{"thought_signature":"t"}"#));
        assert!(!super::is_own_reasoning("gAAAAAB"));
    }
}
