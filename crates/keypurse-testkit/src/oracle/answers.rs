//! What a client makes of the bytes it receives.

use keypurse_core::money::Money;
use serde_json::Value;

use crate::hostile::tokens_in;

/// An answer as it arrives.
#[derive(Debug, Default)]
pub struct Reading {
    bytes: Vec<u8>,
}

impl Reading {
    /// More of it.
    pub fn take_in(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether the stream's mark at the end has come.
    pub fn has_done(&self) -> bool {
        let ends_with = |mark: &str| self.bytes.ends_with(mark.as_bytes());
        ends_with("data: [DONE]\n\n")
            || ends_with("data: {\"type\":\"message_stop\"}\n\n")
            || self.has_response()
    }

    /// Whether a response's last event has come.
    fn has_response(&self) -> bool {
        let text = String::from_utf8_lossy(&self.bytes);
        let last = text.trim_end().rsplit("\n\n").next().unwrap_or_default();
        let ends = ["completed", "incomplete"];
        text.ends_with("\n\n")
            && ends
                .iter()
                .any(|end| last.starts_with(&format!("event: response.{end}\n")))
    }

    /// Tokens of text so far. An event that has not come whole counts for
    /// nothing.
    pub fn tokens(&self, streamed: bool) -> u64 {
        let text = String::from_utf8_lossy(&self.bytes);
        if !streamed {
            let answer: Value = serde_json::from_str(&text).unwrap_or_default();
            let items = answer["output"].as_array().into_iter().flatten();
            let items = items.map(|item| block_text(&item["content"][0]));
            return content(&answer["choices"][0]["message"])
                + block_text(&answer["content"][0])
                + items.sum::<u64>();
        }
        let whole = text.rfind("\n\n").map_or("", |end| &text[..end]);
        let chunks = data(whole).filter_map(|data| serde_json::from_str(data).ok());
        chunks
            .map(|chunk: Value| {
                content(&chunk["choices"][0]["delta"])
                    + block_text(&chunk["delta"])
                    + response_text(&chunk)
            })
            .sum()
    }

    /// The cost it tells, in a body, a chunk or a comment.
    pub fn cost(&self, streamed: bool) -> Option<Money> {
        let text = String::from_utf8_lossy(&self.bytes);
        if !streamed {
            return cost_told(&text);
        }
        let comment = |line: &str| Money::parse_text(line.strip_prefix(": keypurse-cost=")?).ok();
        let commented = text.lines().find_map(comment);
        commented.or_else(|| data(&text).find_map(cost_told))
    }
}

/// The `cost` of a JSON object, read from its text.
fn cost_told(json: &str) -> Option<Money> {
    let object: Value = serde_json::from_str(json).ok()?;
    object
        .get("cost")
        .or_else(|| object["response"].get("cost"))?;
    let (_, after) = json.rsplit_once("\"cost\":")?;
    let end = after.find([',', '}'])?;
    Money::parse_text(after[..end].trim()).ok()
}

fn data(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("data: "))
}

fn content(said: &Value) -> u64 {
    said["content"].as_str().map_or(0, tokens_in)
}

/// Of an event of a response's stream.
fn response_text(event: &Value) -> u64 {
    let is_text = event["type"] == "response.output_text.delta";
    let said = event["delta"].as_str().filter(|_| is_text);
    said.map_or(0, tokens_in)
}

/// Of a message's block, or of a piece of one.
fn block_text(said: &Value) -> u64 {
    said["text"].as_str().map_or(0, tokens_in)
}
