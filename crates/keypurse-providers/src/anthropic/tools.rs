//! Tools of a request: which run at the provider, and what they add to its
//! input.

use serde_json::value::RawValue;

use super::request::{InvalidRequest, Unpriced};
use crate::members::Members;

/// What tools of a request mean for its cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tools {
    /// Input tokens the provider adds for them, at most.
    pub(super) added_tokens: u64,
    /// Whether a tool's description is the provider's, of unknown length.
    pub(super) is_opaque: bool,
    /// A tool with a fee, or with input nobody can bound.
    pub(super) unpriced: Option<Unpriced>,
}

/// "Tool use", Pricing: a system prompt of up to 530 tokens comes with any
/// tools. Newer models' are not all listed, so twice as much is taken.
const TOOL_PROMPT: u64 = 1060;

/// The same page: text the provider adds for tools it has described itself and
/// the client runs. By the beginning of their types; the largest that is
/// listed is 735 tokens, and again twice as much is taken.
const DESCRIBED: [(&str, u64); 4] = [
    ("bash_", 490),
    ("text_editor_", 1400),
    ("computer_2", 1470),
    ("memory_", 1400),
];

/// Tool sets whose descriptions have no published length.
const SETS: [&str; 3] = ["computer_toolset_", "browser_toolset_", "tool_search_tool_"];

impl Tools {
    pub(super) fn read(tools: &RawValue) -> Result<Self, InvalidRequest> {
        let wrong = || InvalidRequest::new("tools", "`tools` must be a list of objects");
        let tools: Vec<Members<'_>> = serde_json::from_str(tools.get()).map_err(|_| wrong())?;
        let mut read = Self::default();
        if !tools.is_empty() {
            read.added_tokens = TOOL_PROMPT;
        }
        for tool in &tools {
            let kind = tool.get("type").map(|kind| kind.get().trim_matches('"'));
            read.add(kind.unwrap_or("custom"));
        }
        Ok(read)
    }

    fn add(&mut self, kind: &str) {
        let described = DESCRIBED.iter().find(|(start, _)| kind.starts_with(start));
        if kind == "custom" {
        } else if let Some((_, tokens)) = described {
            self.added_tokens += tokens;
        } else if SETS.iter().any(|start| kind.starts_with(start)) {
            self.is_opaque = true;
        } else {
            self.unpriced = Some(Unpriced {
                param: "tools",
                why: "tools that run at the provider have no price",
            });
        }
    }
}
