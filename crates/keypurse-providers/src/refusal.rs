//! What a provider's refusal says beyond its status.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::gemini::ApiError;
use crate::openai::text::is_object;

/// What is wrong between the operator and the provider, not with the client's
/// request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The key is not accepted.
    Key,
    /// The provider wants to be paid.
    Credit,
}

/// How Anthropic begins to say that ("Errors"; there is no code of its own).
const NO_CREDIT: &str = "Your credit balance is too low";

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    error: Told<'a>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, default)]
    message: Cow<'a, str>,
}

/// A reason or a time beside Google's sentence ("google.rpc.ErrorInfo",
/// "google.rpc.RetryInfo").
#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "retryDelay")]
    retry_delay: Option<Cow<'a, str>>,
}

/// The operator's trouble in the body of a 400: Google says so of a key it does
/// not know, Anthropic of an account without credit.
pub fn trouble(body: &[u8]) -> Option<Trouble> {
    let is_key = |detail: &Detail<'_>| detail.reason.as_deref() == Some("API_KEY_INVALID");
    if details(body).iter().any(is_key) {
        return Some(Trouble::Key);
    }
    let wire: Option<Wire<'_>> = is_object(body)
        .then(|| serde_json::from_slice(body).ok())
        .flatten();
    let wants_paid = wire.is_some_and(|wire| wire.error.message.starts_with(NO_CREDIT));
    wants_paid.then_some(Trouble::Credit)
}

/// How long Google asks to be left alone, in whole seconds, rounded up.
pub fn retry_after_seconds(body: &[u8]) -> Option<u64> {
    let details = details(body);
    let delay = details
        .iter()
        .find_map(|detail| detail.retry_delay.as_deref())?;
    let delay = delay.strip_suffix('s')?;
    let (whole, rest) = delay.split_once('.').unwrap_or((delay, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(rest) {
        return None;
    }
    let is_over = rest.bytes().any(|digit| digit != b'0');
    whole.parse::<u64>().ok()?.checked_add(u64::from(is_over))
}

fn details(body: &[u8]) -> Vec<Detail<'_>> {
    let details = ApiError::of_body(body).and_then(|error| error.details);
    let listed = details.and_then(|details| serde_json::from_str(details.get()).ok());
    let listed: Vec<&RawValue> = listed.unwrap_or_default();
    let objects = listed
        .into_iter()
        .filter(|detail| detail.get().starts_with('{'));
    objects
        .filter_map(|detail| serde_json::from_str(detail.get()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Trouble, retry_after_seconds, trouble};

    #[test]
    fn a_400_may_be_the_operators_trouble() {
        let key = r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",
            "details":[3,{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#;
        let credit = r#"{"type":"error","error":{"type":"invalid_request_error",
            "message":"Your credit balance is too low to access the Anthropic API."}}"#;
        for (body, expected) in [
            (key.to_owned(), Some(Trouble::Key)),
            (format!("[{key}]"), Some(Trouble::Key)),
            (key.replace("API_KEY_INVALID", "OTHER"), None),
            (credit.to_owned(), Some(Trouble::Credit)),
            (credit.replace("Your credit", "`Your credit"), None),
            (r#"{"error":"API_KEY_INVALID"}"#.to_owned(), None),
            (
                r#"{"error":{"message":"Odd","details":{}}}"#.to_owned(),
                None,
            ),
            ("<html>".to_owned(), None),
        ] {
            assert_eq!(trouble(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_delay_is_rounded_up_to_seconds() {
        for (delay, expected) in [
            ("12s", Some(12)),
            ("12.000s", Some(12)),
            ("0.847655010s", Some(1)),
            ("39.5s", Some(40)),
            ("-1s", None),
            ("12", None),
            ("s", None),
            ("1e3s", None),
            ("99999999999999999999s", None),
        ] {
            let body = format!(
                r#"{{"error":{{"code":429,"message":"Quota","details":[
                    {{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]}},
                    {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{delay}"}}]}}}}"#
            );
            assert_eq!(retry_after_seconds(body.as_bytes()), expected, "{delay}");
        }
        assert_eq!(retry_after_seconds(b"<html>"), None);
    }
}
