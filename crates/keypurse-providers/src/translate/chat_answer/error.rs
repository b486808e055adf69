//! An error, whole or in a stream.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What is told of an error.
pub(in crate::translate) struct ToldError<'a> {
    pub(in crate::translate) message: Cow<'a, str>,
    pub(in crate::translate) kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

/// Reads the member `error`. Some servers tell a text alone.
pub(in crate::translate) fn told_error(error: &RawValue) -> ToldError<'_> {
    let unknown = || Cow::Borrowed("the provider failed");
    if error.get().starts_with('"') {
        let text: Option<String> = serde_json::from_str(error.get()).ok();
        return ToldError {
            message: text.map_or_else(unknown, Cow::Owned),
            kind: None,
        };
    }
    let is_object = error.get().starts_with('{');
    let told = is_object.then(|| serde_json::from_str::<Told<'_>>(error.get()).ok());
    let (message, kind) = told
        .flatten()
        .map_or((None, None), |it| (it.message, it.kind));
    ToldError {
        message: message.unwrap_or_else(unknown),
        kind,
    }
}
