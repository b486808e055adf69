//! Translators, in every direction.

use keypurse_providers::openai::{Event, end_of_event};
use keypurse_providers::translate::{
    Dialect, Replay, Target, TranslatedStream, Wanted, answer, error, request,
};
use keypurse_server::http::json::JsonObject;
use serde_json::value::RawValue;

const DIALECTS: [Dialect; 4] = [
    Dialect::OpenAi,
    Dialect::Anthropic,
    Dialect::Gemini,
    Dialect::Responses,
];
const TARGET: Target<'_> = Target {
    model: "m",
    output_limit: 100,
    limit_is_of_completion: false,
    may_reason: true,
    replay: Replay::Reasoning,
};

const WANTED: Wanted<'_> = Wanted {
    created: 7,
    asked: br#"{"tools":[{"type":"custom","name":"f"}]}"#,
};

fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    let both = |one| DIALECTS.into_iter().map(move |other| (one, other));
    DIALECTS.into_iter().flat_map(both)
}

/// Half a pair of surrogates in a text passes as its provider wrote it, as it
/// does where nothing is translated.
fn assert_object(json: &[u8]) {
    let read = serde_json::from_slice::<&RawValue>(json);
    assert!(
        read.is_ok() && json.starts_with(b"{"),
        "{}",
        String::from_utf8_lossy(json)
    );
}

/// A strict request becomes a strict request, or is refused.
pub(super) fn requests(input: &[u8]) {
    if JsonObject::read(input).is_err() {
        return;
    }
    for (client, provider) in pairs() {
        if let Ok(translated) = request(client, provider, input, &TARGET) {
            assert!(
                JsonObject::read(&translated).is_ok(),
                "{client:?} {provider:?}"
            );
        }
    }
}

/// Any bytes become an answer, or none.
pub(super) fn answers(input: &[u8]) {
    for (provider, client) in pairs() {
        if provider == client || client == Dialect::Gemini || provider == Dialect::Responses {
            continue;
        }
        if let Ok(translated) = answer(provider, client, input, WANTED) {
            assert_object(&translated);
        }
        // A response's errors are those of a chat, and pass.
        let passes = (provider, client) == (Dialect::OpenAi, Dialect::Responses);
        if let Some(translated) = error(provider, client, 500, input).filter(|_| !passes) {
            assert_object(&translated);
        }
    }
}

/// A stream is translated to events, and to the same ones wherever it is cut.
pub(super) fn streams(input: &[u8]) {
    for (provider, client) in pairs() {
        let Some(whole) = translated(provider, client, &[input]) else {
            continue;
        };
        for cut in [1, input.len() / 2, input.len().saturating_sub(2)] {
            let (first, second) = input.split_at(cut.min(input.len()));
            let parts = translated(provider, client, &[first, second]);
            assert_eq!(
                parts.as_ref(),
                Some(&whole),
                "{provider:?} {client:?} at {cut}"
            );
        }
        let mut rest = whole.as_bytes();
        while let Some(length) = end_of_event(rest, 0) {
            match Event::read(&rest[..length]) {
                Event::Data(data) => assert_object(data.as_bytes()),
                Event::Done | Event::Idle => {}
                Event::Garbage => panic!("garbage: {whole}"),
            }
            rest = &rest[length..];
        }
        assert!(rest.is_empty(), "half an event: {whole}");
    }
}

/// All that comes out; `None` where nothing is translated.
fn translated(provider: Dialect, client: Dialect, pieces: &[&[u8]]) -> Option<String> {
    let mut stream = TranslatedStream::new(provider, client, WANTED)?;
    let mut out = String::new();
    for piece in pieces {
        if stream.push(piece, &mut out).is_err() {
            return Some(out);
        }
    }
    let _ = stream.finish(&mut out);
    let _ = stream.input_told();
    Some(out)
}
