//! What translators promise.

mod anthropic_to_chat;
mod chat_to_anthropic;
mod chat_to_message;
mod chat_to_response;
mod errors;
mod gemini;
mod messages_to_chat;
mod properties;
mod responses_to_chat;
mod streams;

use serde_json::Value;

use super::{Dialect, Replay, Target, TranslatedStream, Untranslatable, Wanted, answer, request};

const TARGET: Target<'static> = Target {
    model: "claude-sonnet-4-5",
    output_limit: 4000,
    limit_is_of_completion: false,
    may_reason: true,
    replay: Replay::Nothing,
};

const WANTED: Wanted<'static> = Wanted {
    created: 7,
    asked: b"{}",
};

/// A request's translation, its white space normalised.
fn translated(
    from: Dialect,
    to: Dialect,
    target: &Target<'_>,
    body: &str,
) -> Result<String, Untranslatable> {
    let translated = request(from, to, body.as_bytes(), target)?;
    Ok(String::from_utf8(translated.into_owned()).unwrap())
}

/// A request with these members beside the model and one message.
fn chat(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}]{comma}{members}}}"#)
}

/// A request with these messages.
fn messages(messages: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":9,"messages":[{messages}]}}"#)
}

/// Holds a JSON text against the expected one; member order does not matter.
fn assert_json(actual: &str, expected: &str, of: &str) {
    let parse = |text: &str| -> Value {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    assert_eq!(parse(actual), parse(expected), "{of}\nis {actual}");
}

/// One member of a JSON object.
fn member(json: &str, name: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap();
    value[name].to_string()
}

/// What a client gets of a stream that comes in these pieces, and whether it
/// could all be translated.
fn streamed(from: Dialect, to: Dialect, pieces: &[&[u8]]) -> (String, bool) {
    let mut stream = TranslatedStream::new(from, to, WANTED).unwrap();
    let mut out = String::new();
    for piece in pieces {
        if stream.push(piece, &mut out).is_err() {
            return (out, false);
        }
    }
    let finished = stream.finish(&mut out);
    (out, finished.is_ok())
}

/// An answer's translation.
fn answered(from: Dialect, to: Dialect, body: &str) -> String {
    let translated = answer(from, to, body.as_bytes(), WANTED).expect(body);
    String::from_utf8(translated.into_owned()).unwrap()
}
