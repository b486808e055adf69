use super::assert_json;
use crate::translate::{Dialect, error};

fn translated(from: Dialect, to: Dialect, status: u16, body: &str) -> Option<String> {
    let translated = error(from, to, status, body.as_bytes())?;
    Some(String::from_utf8(translated.into_owned()).unwrap())
}

#[test]
fn an_error_keeps_its_sentence_and_its_class() {
    use Dialect::{Anthropic, Gemini, OpenAi};
    for (from, to, status, body, expected) in [
        (
            Anthropic,
            OpenAi,
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Busy"},"request_id":"r"}"#,
            r#"{"error":{"message":"Busy","type":"server_error","param":null,"code":"overloaded_error"}}"#,
        ),
        (
            Anthropic,
            OpenAi,
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Odd"}}"#,
            r#"{"error":{"message":"Odd","type":"invalid_request_error","param":null,
                "code":"invalid_request_error"}}"#,
        ),
        (
            OpenAi,
            Anthropic,
            429,
            r#"{"error":{"message":"Slow","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow"}}"#,
        ),
        (
            OpenAi,
            Anthropic,
            500,
            r#"{"error":"Broken"}"#,
            r#"{"type":"error","error":{"type":"api_error","message":"Broken"}}"#,
        ),
        (
            Gemini,
            OpenAi,
            429,
            r#"{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[]}}"#,
            r#"{"error":{"message":"Quota","type":"rate_limit_error","param":null,
                "code":"RESOURCE_EXHAUSTED"}}"#,
        ),
        (
            Gemini,
            Anthropic,
            400,
            r#"[{"error":{"code":400,"message":"Odd","status":"INVALID_ARGUMENT"}}]"#,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Odd"}}"#,
        ),
    ] {
        let out = translated(from, to, status, body).expect(body);
        assert_json(&out, expected, body);
    }
}

#[test]
fn a_body_that_is_no_error_is_left_to_the_caller() {
    for body in ["", "<html>", "{}", "[]", "null", r#"{"error":null}"#] {
        let of = |from, to| translated(from, to, 500, body);
        assert_eq!(of(Dialect::Anthropic, Dialect::OpenAi), None, "{body}");
        assert_eq!(of(Dialect::Gemini, Dialect::OpenAi), None, "{body}");
    }
    let html = translated(Dialect::OpenAi, Dialect::Anthropic, 502, "<html>");
    assert_eq!(html, None);
}
