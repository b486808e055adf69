//! The same answers as Anthropic gives them.

use bytes::Bytes;

const INPUT_TOKENS: usize = 230;

/// A whole message.
pub(crate) fn whole() -> String {
    let text = "a word ".repeat(50);
    format!(
        r#"{{"id":"msg_bench","type":"message","role":"assistant","model":"small","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":{INPUT_TOKENS},"output_tokens":50}}}}"#
    )
}

/// The events of a message in so many pieces, a token each.
pub(crate) fn events(pieces: usize) -> impl Iterator<Item = Bytes> + Send + Sync + 'static {
    let start = [
        event(
            "message_start",
            &format!(
                r#""message":{{"id":"msg_bench","type":"message","role":"assistant","model":"small","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{INPUT_TOKENS},"output_tokens":1}}}}"#
            ),
        ),
        event(
            "content_block_start",
            r#""index":0,"content_block":{"type":"text","text":""}"#,
        ),
    ];
    let piece = event(
        "content_block_delta",
        r#""index":0,"delta":{"type":"text_delta","text":"a word "}"#,
    );
    let end = [
        event("content_block_stop", r#""index":0"#),
        event(
            "message_delta",
            &format!(
                r#""delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{pieces}}}"#
            ),
        ),
        event("message_stop", ""),
    ];
    start
        .into_iter()
        .chain(std::iter::repeat_n(piece, pieces))
        .chain(end)
}

fn event(name: &str, members: &str) -> Bytes {
    let comma = if members.is_empty() { "" } else { "," };
    format!("event: {name}\ndata: {{\"type\":\"{name}\"{comma}{members}}}\n\n").into()
}
