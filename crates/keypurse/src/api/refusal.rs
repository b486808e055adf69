//! What a refused call means for the person who typed it.

use anyhow::Error;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::call::Answer;
use crate::hint::Hint;

#[derive(Deserialize)]
struct Envelope {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    message: Value,
}

/// The reasons of a refusal, and what to do.
pub(super) fn explain(answer: &Answer, command: &str) -> Error {
    let reason = reasons(&answer.text).unwrap_or_else(|| match answer.status {
        StatusCode::NOT_FOUND => "there is none of this name".to_owned(),
        status => format!("the server answered {status}"),
    });
    Error::new(Hint(remedy(answer.status, command))).context(reason)
}

/// The answer is not what this version knows.
pub(super) fn not_understood(error: &serde_json::Error) -> Error {
    let hint = "is it a Keypurse server of this version? `curl URL/livez` says `ok`";
    Error::new(Hint(hint.to_owned()))
        .context(error.to_string())
        .context("the server's answer is not understood")
}

/// A message, or one for each field, as one sentence.
fn reasons(text: &str) -> Option<String> {
    let Envelope { error } = serde_json::from_str(text).ok()?;
    match error.message {
        Value::String(message) => Some(message),
        Value::Object(fields) => {
            let told = fields.iter().map(|(field, reasons)| {
                let reasons: Vec<_> = list(reasons).collect();
                format!("{field}: {}", reasons.join(" "))
            });
            Some(told.collect::<Vec<_>>().join("; "))
        }
        _ => None,
    }
}

fn list(reasons: &Value) -> impl Iterator<Item = &str> {
    let reasons = reasons.as_array().map(Vec::as_slice).unwrap_or_default();
    reasons.iter().filter_map(Value::as_str)
}

fn remedy(status: StatusCode, command: &str) -> String {
    // Usage is asked for by token.
    let listed = if command.starts_with("alerts") {
        "alerts"
    } else {
        "token"
    };
    let remedy = match status.as_u16() {
        400 => return format!("`keypurse {command} --help` says what it takes"),
        404 => return format!("`keypurse {listed} list` shows what there is"),
        401 => {
            "name the account key with --key-file or KEYPURSE_ACCOUNT_KEY; `keypurse account \
             reset-key` makes a new one"
        }
        403 => "use the account key: a token's own secret manages nothing",
        409 | 422 => "send another --idempotency-key, or none",
        412 => "look at it again, then decide anew",
        429 => "wait a minute, then try again",
        503 => "is the disk full? the server's log says more",
        _ => "look into the server's log",
    };
    remedy.to_owned()
}

#[cfg(test)]
mod tests {
    use super::reasons;

    #[test]
    fn every_form_of_a_refusal_becomes_one_sentence() {
        for (text, expected) in [
            (r#"{"error":{"type":"t","message":"No."}}"#, Some("No.")),
            (
                r#"{"error":{"type":"validation_error","message":{"a":["One.","Two."],"b":["Three."]}}}"#,
                Some("a: One. Two.; b: Three."),
            ),
            (r#"{"details":"Not Found"}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(reasons(text).as_deref(), expected, "{text}");
        }
    }
}
