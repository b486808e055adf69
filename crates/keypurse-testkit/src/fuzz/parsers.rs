//! Readers of bodies, forms, secrets, usage and events.

use bytes::Bytes;
use keypurse_core::secret::{TokenSecret, is_plausible};
use keypurse_core::usage::TokenCounts;
use keypurse_providers::openai::{Chunk, Event, end_of_event};
use keypurse_providers::{anthropic, gemini, openai};
use keypurse_server::http::json::JsonObject;
use keypurse_server::http::multipart::{Form, Limits};
use serde_json::Value;
use serde_json::value::RawValue;

/// What is taken for a JSON object is one to everybody else, with the same
/// members.
pub(super) fn body(input: &[u8]) {
    let Ok(object) = JsonObject::read(input) else {
        return;
    };
    let unreadable = |text: &str| serde_json::from_str::<Value>(text).is_err();
    let mut members = object.members().iter();
    if members.any(|(_, value)| is_number(value.get()) && unreadable(value.get())) {
        // A member's number may be larger than others can keep: whoever reads
        // the member judges it.
        return;
    }
    let read: Value = serde_json::from_slice(input).expect("others read it, too");
    let others = read.as_object().expect("as an object");
    assert_eq!(object.members().len(), others.len(), "a name twice");
    for (name, value) in object.members() {
        let again = object.get(name).expect("a member is found");
        assert_eq!(again.get(), value.get());
        // A number may be longer than others keep it.
        let value: Value = serde_json::from_str(value.get()).expect("a value is one");
        assert_eq!(others.get(name.as_ref()), Some(&value), "{name}");
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// A form's fields stand where they are said to.
pub(super) fn form(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (head, rest) = input.split_at(end.map_or(0, |end| end + 1));
    let content_type = String::from_utf8_lossy(head);
    let limits = Limits {
        fields: 16,
        text_bytes: 1024,
        file_bytes: 4096,
    };
    let body = Bytes::copy_from_slice(rest);
    let Ok(form) = Form::read(content_type.trim_end(), body.clone(), limits) else {
        return;
    };
    assert_eq!(form.body(), &body);
    let names: Vec<&str> = form.names().collect();
    assert!(names.len() <= limits.fields);
    assert!(form.text_bytes() <= body.len());
    for (name, is_file, content) in form.fields() {
        let most = if is_file {
            limits.file_bytes
        } else {
            limits.text_bytes
        };
        assert!(content.len() <= most, "{name}");
        if let Some(place) = form.place(name).filter(|_| !is_file) {
            assert_eq!(&body[place], content, "{name}");
        }
        let _ = (form.text(name), form.files(name));
    }
}

/// No secret is shown by what is shown of it.
pub(super) fn secret(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let _ = is_plausible(text);
    let secret = TokenSecret::from_text(text.to_owned());
    assert_eq!(secret.expose(), text);
    let masked = secret.masked();
    assert!(
        text.chars().count() < 12 || !masked.contains(text),
        "{masked}"
    );
}

/// Usage that is believed adds up.
pub(super) fn usage(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(raw) = RawValue::from_string(text.to_owned()) {
        let read = [
            openai::read_usage(&raw),
            openai::read_response_usage(&raw),
            openai::read_input_usage(&raw),
            anthropic::read_usage(&raw),
            gemini::read_usage(&raw),
        ];
        let counts = read.into_iter().flatten();
        assert!(
            counts
                .into_iter()
                .all(|counts: TokenCounts| counts.is_consistent())
        );
    }
    let _ = openai::Answer::chat(input);
    let _ = openai::Answer::response(input);
    let _ = openai::Answer::embeddings(input);
    let _ = openai::Answer::moderations(input);
    let _ = anthropic::Answer::read(input);
    let _ = gemini::Answer::read(input);
    let _ = anthropic::MessagesRequest::read(input);
}

/// A stream falls into the same events wherever it is cut.
pub(super) fn events(input: &[u8]) {
    let whole = lengths(&[input]);
    for cut in [
        1,
        input.len() / 3,
        input.len() / 2,
        input.len().saturating_sub(1),
    ] {
        let (first, second) = input.split_at(cut.min(input.len()));
        assert_eq!(lengths(&[first, second]), whole, "cut at {cut}");
    }
    let mut at = 0;
    for length in whole {
        if let Event::Data(data) = Event::read(&input[at..at + length]) {
            let _ = Chunk::read(&data);
            let _ = anthropic::Event::read(&data);
        }
        at += length;
    }
}

fn lengths(pieces: &[&[u8]]) -> Vec<usize> {
    let (mut pending, mut lengths) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut searched = pending.len();
        pending.extend_from_slice(piece);
        let mut at = 0;
        while let Some(length) = end_of_event(&pending[at..], searched) {
            assert!(length > 0 && at + length <= pending.len());
            lengths.push(length);
            (at, searched) = (at + length, 0);
        }
        pending.drain(..at);
    }
    lengths
}
