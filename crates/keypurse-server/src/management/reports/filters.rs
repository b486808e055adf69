//! Which calls a report is about.

use keypurse_store::{Feature, StatusClass};

use super::parameters::{Parameters, choice};
use crate::http::fields::Reason;

pub(super) const TOKEN: &str = "token";
const PROVIDER: &str = "provider";
const MODEL: &str = "model";
const SUBFEATURE: &str = "subfeature";
const TAG: &str = "tag";
const STATUS: &str = "status";

/// All of these parameters.
pub(super) const ALL: [&str; 6] = [TOKEN, PROVIDER, MODEL, SUBFEATURE, TAG, STATUS];

/// Which calls; absent: all.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters {
    /// Those of tokens of this name.
    pub(super) token: Option<String>,
    /// Those of tokens with this tag.
    pub(super) tag: Option<String>,
    /// What this provider served.
    pub(super) provider: Option<String>,
    /// What this model answered, as `provider/model`.
    pub(super) model: Option<String>,
    /// This kind of work.
    pub(super) feature: Option<Feature>,
    /// What ended so.
    pub(super) status: Option<StatusClass>,
}

impl Filters {
    pub(super) fn read(parameters: &mut Parameters) -> Self {
        Self {
            token: parameters.text(TOKEN),
            tag: parameters.text(TAG),
            provider: parameters.text(PROVIDER),
            model: parameters.optional(MODEL, model),
            feature: parameters.optional(SUBFEATURE, feature),
            status: parameters.optional(STATUS, status),
        }
    }
}

/// The word for how calls ended.
pub(in crate::management) fn status_word(status: StatusClass) -> &'static str {
    match status {
        StatusClass::Success => "success",
        StatusClass::ClientError => "client_error",
        StatusClass::ServerError => "server_error",
        StatusClass::Unanswered => "unanswered",
    }
}

fn status(word: &str) -> Result<StatusClass, Reason> {
    choice(
        word,
        &StatusClass::ALL.map(|status| (status_word(status), status)),
    )
}

fn model(text: &str) -> Result<String, Reason> {
    let (provider, model) = text.split_once('/').unwrap_or_default();
    if provider.is_empty() || model.is_empty() {
        return Err("Send a model as `provider/model`.".into());
    }
    Ok(text.to_owned())
}

/// A kind of work as reports name it, `text__chat`, or as the vendor's filter
/// does, `chat`.
fn feature(word: &str) -> Result<Feature, Reason> {
    let names = Feature::ALL.map(|feature| (feature.as_str(), feature));
    let short = |(name, feature): (&'static str, Feature)| {
        let (_, name) = name.split_once("__").unwrap_or((name, name));
        (name, feature)
    };
    choice(word, &names.map(short)).or_else(|_| choice(word, &names))
}

#[cfg(test)]
mod tests {
    use super::{feature, model, status, status_word};
    use keypurse_store::{Feature, StatusClass};

    #[test]
    fn a_kind_of_work_has_a_long_and_a_short_name() {
        for each in Feature::ALL {
            assert_eq!(feature(each.as_str()), Ok(each));
        }
        assert_eq!(feature("chat"), Ok(Feature::Chat));
        assert_eq!(feature("text_to_speech"), Ok(Feature::TextToSpeech));
        let reason = feature("ocr").unwrap_err();
        assert!(reason.contains("text__chat"), "{reason}");
    }

    #[test]
    fn a_model_is_named_with_its_provider() {
        assert!(model("openai/gpt-4o").is_ok() && model("up/a/b").is_ok());
        for text in ["gpt-4o", "/gpt-4o", "openai/"] {
            assert!(model(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_way_to_end_has_one_word() {
        for each in StatusClass::ALL {
            assert_eq!(status(status_word(each)), Ok(each));
        }
        assert!(status("200").is_err());
    }
}
