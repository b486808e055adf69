//! What a request says about routing: `fallbacks`, `routing` and
//! `allowed_providers`. They are meant for us and taken out of what is sent.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use serde_json::value::RawValue;

use super::candidates::MOST_CANDIDATES;
use crate::gateway::endpoint::members::Members;
use crate::gateway::error::GatewayError;
use crate::http::json::JsonObject;

const FALLBACKS: &str = "fallbacks";
const ROUTING: &str = "routing";
const ALLOWED_PROVIDERS: &str = "allowed_providers";
const NAMES: [&str; 3] = [FALLBACKS, ROUTING, ALLOWED_PROVIDERS];
/// Beside the model itself.
const MOST_FALLBACKS: usize = MOST_CANDIDATES - 1;
const MOST_PROVIDERS: usize = 32;
/// Of a model or a provider.
const LONGEST_NAME: usize = 512;

/// What providers of one model are put in order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Sort {
    /// The most this call can cost there.
    Price,
    /// How soon they began to answer lately.
    Latency,
    /// How many tokens a second they said lately.
    Throughput,
}

/// What a request says about routing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Wishes {
    pub(in crate::gateway) fallbacks: Vec<String>,
    pub(in crate::gateway) sort: Option<Sort>,
    pub(in crate::gateway) allowed_providers: Option<Vec<String>>,
}

impl Wishes {
    /// Whether all providers of a model named without one come into question.
    pub(in crate::gateway) fn concern_providers(&self) -> bool {
        self.sort.is_some() || self.allowed_providers.is_some()
    }

    /// Whether a provider may be asked.
    pub(in crate::gateway) fn allow(&self, provider: &str) -> bool {
        let allowed = self.allowed_providers.as_ref();
        allowed.is_none_or(|allowed| allowed.iter().any(|name| name == provider))
    }
}

/// Takes the wishes out of a body that has some. Any other stays as it is; what
/// is wrong with one that is no object, its endpoint says.
pub(in crate::gateway) fn take(body: Bytes) -> Result<(Bytes, Option<Wishes>), GatewayError> {
    if !may_have_wishes(&body) {
        return Ok((body, None));
    }
    let Ok(object) = JsonObject::read(&body) else {
        return Ok((body, None));
    };
    let members = Members {
        object: &object,
        body: &body,
    };
    members.refuse_lookalikes(&NAMES)?;
    if NAMES.iter().all(|name| object.get(name).is_none()) {
        return Ok((body, None));
    }
    let wishes = read(&members)?;
    let left = without_wishes(&object);
    Ok((left, Some(wishes)))
}

/// Most bodies do not have these words, and are not read twice. Fallbacks that
/// are written with escapes are not found, and refused as what has no price.
fn may_have_wishes(body: &[u8]) -> bool {
    static WORDS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| {
        ["\"fallbacks\"", "\"routing\"", "\"allowed_providers\""].map(Finder::new)
    });
    WORDS.iter().any(|word| word.find(body).is_some())
}

fn without_wishes(object: &JsonObject<'_>) -> Bytes {
    let mut left = String::from("{");
    for (name, value) in object.members() {
        if NAMES.contains(&&**name) {
            continue;
        }
        if left.len() > 1 {
            left.push(',');
        }
        left.push_str(&serde_json::to_string(name).expect("a text is JSON"));
        left.push(':');
        left.push_str(value.get());
    }
    left.push('}');
    left.into()
}

fn read(members: &Members<'_>) -> Result<Wishes, GatewayError> {
    let fallbacks = members.stated(FALLBACKS);
    let fallbacks = fallbacks.map(|stated| names(FALLBACKS, stated, 0, MOST_FALLBACKS));
    let mut wishes = Wishes {
        fallbacks: fallbacks.transpose()?.unwrap_or_default(),
        sort: None,
        allowed_providers: providers(members.stated(ALLOWED_PROVIDERS))?,
    };
    let Some(routing) = members.stated(ROUTING) else {
        return Ok(wishes);
    };
    let wrong = || {
        let wrong = "`routing` must be an object with `sort`, `allowed_providers`, or both";
        GatewayError::invalid(Some(ROUTING), wrong)
    };
    let text = routing.get().as_bytes();
    let object = JsonObject::read(text).map_err(|_| wrong())?;
    for (name, value) in object.members() {
        match &**name {
            _ if value.get() == "null" => {}
            "sort" => wishes.sort = Some(sort(value)?),
            ALLOWED_PROVIDERS if wishes.allowed_providers.is_none() => {
                wishes.allowed_providers = providers(Some(value))?;
            }
            ALLOWED_PROVIDERS => {
                let twice = "`allowed_providers` is stated twice; leave one out";
                return Err(GatewayError::invalid(Some(ALLOWED_PROVIDERS), twice));
            }
            _ => return Err(wrong()),
        }
    }
    Ok(wishes)
}

fn sort(value: &RawValue) -> Result<Sort, GatewayError> {
    match value.get() {
        "\"price\"" => Ok(Sort::Price),
        "\"latency\"" => Ok(Sort::Latency),
        "\"throughput\"" => Ok(Sort::Throughput),
        _ => {
            let wrong = "`routing.sort` must be `price`, `latency` or `throughput`";
            Err(GatewayError::invalid(Some("routing.sort"), wrong))
        }
    }
}

fn providers(stated: Option<&RawValue>) -> Result<Option<Vec<String>>, GatewayError> {
    let read = |stated| names(ALLOWED_PROVIDERS, stated, 1, MOST_PROVIDERS);
    stated.map(read).transpose()
}

fn names(
    member: &'static str,
    value: &RawValue,
    least: usize,
    most: usize,
) -> Result<Vec<String>, GatewayError> {
    let names: Option<Vec<String>> = serde_json::from_str(value.get()).ok();
    let is_name = |name: &String| !name.is_empty() && name.len() <= LONGEST_NAME;
    let names =
        names.filter(|names| (least..=most).contains(&names.len()) && names.iter().all(is_name));
    names.ok_or_else(|| {
        let wrong = format!("`{member}` must be a list of {least} to {most} names");
        GatewayError::invalid(Some(member), wrong)
    })
}

#[cfg(test)]
mod tests {
    use super::{Sort, Wishes, take};
    use bytes::Bytes;

    fn taken(body: &'static str) -> Result<(String, Option<Wishes>), String> {
        let (left, wishes) = take(Bytes::from_static(body.as_bytes()))
            .map_err(|error| error.shape().openai()["message"].to_string())?;
        Ok((String::from_utf8(left.into()).unwrap(), wishes))
    }

    #[test]
    fn wishes_are_taken_out_and_everything_else_stays() {
        let (left, wishes) = taken(
            r#" {"model": "m", "fallbacks": ["a/b"], "x": 1e-09, "routing": {"sort": "price"},
                "allowed_providers": ["p"], "\u00e9": "\u00e9"} "#,
        )
        .unwrap();
        assert_eq!(left, r#"{"model":"m","x":1e-09,"é":"\u00e9"}"#);
        let expected = Wishes {
            fallbacks: vec!["a/b".to_owned()],
            sort: Some(Sort::Price),
            allowed_providers: Some(vec!["p".to_owned()]),
        };
        assert_eq!(wishes, Some(expected));
    }

    #[test]
    fn a_body_without_wishes_is_not_touched() {
        for body in [
            r#"{ "model": "m" }"#,
            r#"{ "messages": ["\"fallbacks\"", "fallbacks", {"routing": 1}] }"#,
            r#"{ "fallbacks": "#,
            "",
        ] {
            assert_eq!(taken(body).unwrap(), (body.to_owned(), None));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (body, expected) in [
            (r#"{"fallbacks": ["a", "b", "c", "d"]}"#, "0 to 3 names"),
            (r#"{"fallbacks": "a"}"#, "0 to 3 names"),
            (r#"{"fallbacks": [""]}"#, "0 to 3 names"),
            (r#"{"allowed_providers": []}"#, "1 to 32 names"),
            (r#"{"routing": []}"#, "must be an object"),
            (r#"{"routing": {"sorted": 1}}"#, "must be an object"),
            (r#"{"routing": {"sort": "speed"}}"#, "`price`, `latency`"),
            (
                r#"{"routing": {"allowed_providers": ["a"]}, "allowed_providers": ["b"]}"#,
                "stated twice",
            ),
            (r#"{"Fallbacks": [], "routing": {}}"#, "exactly so"),
        ] {
            let why = taken(body).unwrap_err();
            assert!(why.contains(expected), "{body}: {why}");
        }
    }
}
