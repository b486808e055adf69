//! The answer of `messages/count_tokens`.

/// Says how many input tokens a request has ("Token counting"). The request
/// itself is read like any other; it needs no output limit.
pub fn token_count(input_tokens: u64) -> String {
    format!(r#"{{"input_tokens":{input_tokens}}}"#)
}
