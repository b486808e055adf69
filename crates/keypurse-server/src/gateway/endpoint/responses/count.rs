//! Counts what a request for a response gives a model to read.

use keypurse_providers::tokenizer::Tokenizer;
use keypurse_providers::translate::{self, Dialect, Target};
use serde_json::Value;

use super::content::Held;
use crate::gateway::call::count::{InputCount, length};
use crate::gateway::endpoint::chat;
use crate::gateway::endpoint::chat::count::Tally;
use crate::http::json::JsonObject;

/// Members that are counted as text; all others are bounded by their bytes.
const TEXTS: [&str; 2] = ["input", "instructions"];

/// Counts the input of a request, images left out.
pub(in crate::gateway) fn count(body: &[u8], tokenizer: Tokenizer) -> Option<InputCount> {
    let object = JsonObject::read(body).ok()?;
    let mut tally = Tally::default();
    for name in TEXTS {
        let Some(text) = object.get(name) else {
            continue;
        };
        let value: Value = serde_json::from_str(text.get()).ok()?;
        let Value::Array(items) = &value else {
            tally.messages += 1;
            tally.add(&value, tokenizer);
            continue;
        };
        tally.messages += length(items.len());
        for item in items {
            add_item(&mut tally, item, tokenizer);
        }
    }
    let is_rest = |name: &str| !TEXTS.contains(&name) && name != "model";
    let rest = object.members().iter().filter(|(name, _)| is_rest(name));
    tally.rest_bytes += rest
        .map(|(name, value)| length(name.len() + value.get().len()))
        .sum::<u64>();
    let shown = ["tools", "text"]
        .into_iter()
        .filter_map(|name| object.get(name));
    tally.rest += shown.map(|value| tokenizer.count(value.get())).sum::<u64>();
    Some(tally.into_count())
}

/// Counts the chat that a request is translated to. `None`: a chat cannot say
/// it.
pub(in crate::gateway) fn count_as_chat(body: &[u8], tokenizer: Tokenizer) -> Option<InputCount> {
    let chat = translate::request(Dialect::Responses, Dialect::OpenAi, body, &Target::TO_COUNT);
    chat::count::count(&chat.ok()?, tokenizer)
}

/// An image that stands in an item is bounded as an image, exactly where
/// [`super::content`] takes it for one; tools are bounded by their bytes, as
/// those beside the input are; everything else is text.
fn add_item(tally: &mut Tally, item: &Value, tokenizer: Tokenizer) {
    if !item["tools"].is_null() {
        let written = item.to_string();
        tally.rest_bytes += length(written.len());
        tally.rest += tokenizer.count(&written);
        return;
    }
    tally.add(item, tokenizer);
    let held = match Held::by(item["type"].as_str()) {
        Held::Parts(member) => &item[member],
        Held::Text | Held::Anything => return,
    };
    for part in held.as_array().into_iter().flatten() {
        let url = part["image_url"].as_str();
        let is_image = part["type"] == "input_image";
        let image = url.filter(|url| is_image && url.starts_with("data:image/"));
        tally.texts -= image.map_or(0, |image| tokenizer.count(image));
    }
}

#[cfg(test)]
mod tests {
    use keypurse_providers::tokenizer::{Tokenizer, warm};
    use serde_json::{Value, json};

    use super::count;

    fn most(input: &Value) -> u64 {
        warm();
        let tokenizer = Tokenizer::of("openai", "gpt-4o").unwrap();
        let body = json!({"model": "m", "input": input, "instructions": "Be brief."});
        let count = count(body.to_string().as_bytes(), tokenizer).unwrap();
        assert!(count.likely <= count.most, "{input}");
        count.most
    }

    #[test]
    fn only_an_image_that_is_bounded_as_one_is_left_out() {
        let data = format!("data:image/png;base64,{}", "iVBORw0K".repeat(1000));
        let image = json!({"type": "input_image", "image_url": data});
        for input in [
            json!("Hi"),
            json!([{"role": "user", "content": [image]}]),
            json!([{"type": "function_call_output", "call_id": "c", "output": [image]}]),
        ] {
            assert!(most(&input) < 250, "{input}");
        }
        for input in [
            json!(data),
            json!([{"role": "user", "content": data}]),
            json!([{"type": "function_call", "arguments": [image]}]),
            json!([{"type": "shell_call_output", "output": [image]}]),
            json!([{"type": "additional_tools", "tools": [{"description": data}]}]),
            json!([{"role": "user", "content": [{"type": "input_text", "image_url": data}]}]),
        ] {
            assert!(most(&input) > 2000, "not counted");
        }
    }
}
