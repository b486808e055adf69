//! Counts what a chat gives a model to read.

use keypurse_providers::tokenizer::Tokenizer;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::gateway::call::bound::TEMPLATE_TOKENS;
use crate::gateway::call::count::{InputCount, MARGIN, length};
use crate::http::json::JsonObject;

/// Marks a vendor may put around an object of a message: its role, its name,
/// a tool call. It publishes three to seven.
const MOST_MARKS: u64 = 16;
/// The marks it puts around a message, from its published way to count.
const USUAL_MARKS: u64 = 4;

/// What was found so far, images left out.
#[derive(Default)]
pub(in crate::gateway) struct Tally {
    /// Tokens of the texts in the messages.
    pub(in crate::gateway) texts: u64,
    /// Objects among them: messages, parts, tool calls.
    objects: u64,
    pub(in crate::gateway) messages: u64,
    /// Tools, schemas and all the rest, counted as they are written.
    pub(in crate::gateway) rest: u64,
    /// Bytes of that.
    pub(in crate::gateway) rest_bytes: u64,
}

/// Counts the input of a chat request, images left out.
pub(in crate::gateway) fn count(body: &[u8], tokenizer: Tokenizer) -> Option<InputCount> {
    let object = JsonObject::read(body).ok()?;
    let messages: Vec<Value> = serde_json::from_str(object.get("messages")?.get()).ok()?;
    let mut tally = Tally {
        messages: length(messages.len()),
        ..Tally::default()
    };
    for message in &messages {
        tally.add_message(message, tokenizer);
    }
    let is_rest = |name: &str| !matches!(name, "messages" | "model");
    for (name, value) in object.members() {
        if is_rest(name) {
            tally.rest_bytes += length(name.len() + value.get().len());
        }
    }
    let shown = ["tools", "functions", "response_format"];
    let shown = shown.iter().filter_map(|name| object.get(name));
    tally.rest = shown
        .map(|value: &RawValue| tokenizer.count(value.get()))
        .sum();
    Some(tally.into_count())
}

impl Tally {
    /// Texts are counted exactly, with a margin; how tools are put to a model
    /// is the vendor's secret, so for them bytes stay the bound.
    pub(in crate::gateway) fn into_count(self) -> InputCount {
        let texts = self.texts + self.texts / MARGIN + 1;
        InputCount {
            most: texts + self.objects * MOST_MARKS + self.rest_bytes + TEMPLATE_TOKENS,
            likely: self.texts + self.messages * USUAL_MARKS + self.rest,
        }
    }

    /// An image that stands in a message is bounded as an image, exactly where
    /// [`super::content`] takes it for one; everything else is text.
    fn add_message(&mut self, message: &Value, tokenizer: Tokenizer) {
        let Value::Object(members) = message else {
            return self.add(message, tokenizer);
        };
        self.objects += 1;
        for (name, value) in members {
            self.texts += tokenizer.count(name);
            match value {
                Value::Array(parts) if name == "content" => {
                    for part in parts {
                        self.add(part, tokenizer);
                        let image = image_in_body(part);
                        self.texts -= image.map_or(0, |image| tokenizer.count(image));
                    }
                }
                value => self.add(value, tokenizer),
            }
        }
    }

    pub(in crate::gateway) fn add(&mut self, value: &Value, tokenizer: Tokenizer) {
        match value {
            Value::String(text) => self.texts += tokenizer.count(text),
            Value::Array(values) => values.iter().for_each(|value| self.add(value, tokenizer)),
            Value::Object(members) => {
                self.objects += 1;
                // Names may be shown to the model, too.
                for (name, value) in members {
                    self.texts += tokenizer.count(name);
                    self.add(value, tokenizer);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.objects += 1,
        }
    }
}

/// The text of an image that stands in a part of a message.
fn image_in_body(part: &Value) -> Option<&str> {
    let url = &part["image_url"];
    let url = url.as_str().or_else(|| url["url"].as_str());
    let is_image = part["type"] == "image_url";
    url.filter(|url| is_image && url.starts_with("data:image/"))
}

#[cfg(test)]
mod tests {
    use keypurse_providers::tokenizer::{Tokenizer, warm};
    use serde_json::{Value, json};

    use super::count;
    use crate::gateway::call::count::InputCount;

    fn counted(body: &Value) -> InputCount {
        warm();
        let tokenizer = Tokenizer::of("openai", "gpt-4o").unwrap();
        count(body.to_string().as_bytes(), tokenizer).unwrap()
    }

    fn asking(content: &Value) -> Value {
        json!({"model": "m", "messages": [{"role": "user", "content": content}]})
    }

    #[test]
    fn a_small_request_has_the_tokens_its_vendor_counts() {
        // OpenAI reports 8 for it.
        assert_eq!(counted(&asking(&json!("Hi"))).likely, 8);
    }

    #[test]
    fn what_is_likely_is_never_above_the_most() {
        let call = json!({"id": "c1", "type": "function",
            "function": {"name": "f", "arguments": "{\"a\": [1, 2, 3]}"}});
        let tool = json!({"type": "function", "function": {"name": "f",
            "description": "Does it", "parameters": {"type": "object"}}});
        for body in [
            asking(&json!("Hi")),
            asking(&json!("")),
            asking(&json!(null)),
            asking(&json!([{"type": "text", "text": "Hi"}, {"type": "text", "text": "you"}])),
            json!({"messages": [{"role": "assistant", "tool_calls": [call]}], "tools": [tool]}),
        ] {
            let count = counted(&body);
            assert!(count.likely <= count.most, "{body}: {count:?}");
        }
    }

    #[test]
    fn only_an_image_that_is_bounded_as_one_is_left_out() {
        let data = format!("data:image/png;base64,{}", "iVBORw0K".repeat(1000));
        let image = json!({"type": "image_url", "image_url": {"url": data}});
        assert!(counted(&asking(&json!([image]))).most < 200);
        let text = json!({"type": "text", "text": data});
        let odd = json!({"type": "text", "image_url": {"url": data}});
        let nested = json!({"type": "text", "x": [image]});
        for content in [json!(data), json!([text]), json!([odd]), json!([nested])] {
            assert!(counted(&asking(&content)).most > 2000, "not counted");
        }
        let call = json!({"messages": [{"role": "assistant", "tool_calls": [image]}]});
        assert!(counted(&call).most > 2000);
    }
}
