//! What a request says about routing: `fallbacks`, `routing` and
//! `allowed_providers`. They are meant for us and taken out of what is sent.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Value, json};

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

/// Takes the wishes out of a body that has some: the body without them.
pub(in crate::gateway) fn take(
    members: &Members<'_>,
) -> Result<Option<(Bytes, Wishes)>, GatewayError> {
    let object = members.object;
    if NAMES.iter().all(|name| object.text(name).is_none()) {
        return Ok(None);
    }
    members.refuse_lookalikes(&NAMES)?;
    Ok(Some((without_wishes(object), read(&Stated::of(members))?)))
}

/// Whether a member, or a field of a form, says something about routing.
/// However it is spelt, no provider shall see it.
pub(in crate::gateway) fn is_wish(name: &str) -> bool {
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// How a form's fields may name them: one field of JSON, or as SDKs write lists
/// and objects there.
const FIELDS: [&str; 7] = [
    FALLBACKS,
    "fallbacks[]",
    ALLOWED_PROVIDERS,
    "allowed_providers[]",
    ROUTING,
    "routing[sort]",
    "routing[allowed_providers][]",
];

/// Takes the wishes of a form from its fields that say something about routing.
pub(in crate::gateway) fn of_fields(
    fields: &[(&str, &str)],
) -> Result<Option<Wishes>, GatewayError> {
    if fields.is_empty() {
        return Ok(None);
    }
    if let Some((name, _)) = fields.iter().find(|(name, _)| !FIELDS.contains(name)) {
        let message = format!("no such field as `{name}`; write `{}`", FIELDS.join("`, `"));
        return Err(GatewayError::invalid(None, message));
    }
    let sort = fields.iter().find(|(name, _)| *name == "routing[sort]");
    let sort = sort.map(|(_, text)| ("sort", json!(text)));
    let allowed = listed(fields, "routing[allowed_providers][]");
    let members = allowed.map(|names| (ALLOWED_PROVIDERS, names));
    let members: Vec<_> = sort.into_iter().chain(members).collect();
    let routing = (!members.is_empty()).then(|| members.into_iter().collect());
    read(&Stated {
        fallbacks: of_field(fields, FALLBACKS, listed(fields, "fallbacks[]"))?,
        routing: of_field(fields, ROUTING, routing)?,
        allowed_providers: of_field(
            fields,
            ALLOWED_PROVIDERS,
            listed(fields, "allowed_providers[]"),
        )?,
    })
    .map(Some)
}

/// What a field says as JSON, unless others say it piece by piece.
fn of_field<'a>(
    fields: &[(&str, &'a str)],
    name: &'static str,
    pieces: Option<Value>,
) -> Result<Option<Cow<'a, str>>, GatewayError> {
    let whole = fields.iter().find(|(field, _)| *field == name);
    match (whole, pieces) {
        (Some(_), Some(_)) => {
            let twice = format!("`{name}` is stated twice; leave one out");
            Err(GatewayError::invalid(Some(name), twice))
        }
        (Some((_, "null")), None) => Ok(None),
        (Some((_, json)), None) => Ok(Some(Cow::Borrowed(json))),
        (None, pieces) => Ok(pieces.map(|pieces| Cow::Owned(pieces.to_string()))),
    }
}

/// A list whose entries are fields of the same name.
fn listed(fields: &[(&str, &str)], name: &str) -> Option<Value> {
    let named = fields.iter().filter(|(field, _)| *field == name);
    let texts: Vec<&str> = named.map(|(_, text)| *text).collect();
    (!texts.is_empty()).then(|| texts.into())
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

/// Each as JSON; null is not stated.
struct Stated<'a> {
    fallbacks: Option<Cow<'a, str>>,
    routing: Option<Cow<'a, str>>,
    allowed_providers: Option<Cow<'a, str>>,
}

impl<'a> Stated<'a> {
    fn of(members: &Members<'a>) -> Self {
        let stated = |name| members.stated(name).map(Cow::Borrowed);
        Self {
            fallbacks: stated(FALLBACKS),
            routing: stated(ROUTING),
            allowed_providers: stated(ALLOWED_PROVIDERS),
        }
    }
}

fn read(stated: &Stated<'_>) -> Result<Wishes, GatewayError> {
    let fallbacks = stated.fallbacks.as_deref();
    let fallbacks = fallbacks.map(|stated| names(FALLBACKS, stated, 0, MOST_FALLBACKS));
    let mut wishes = Wishes {
        fallbacks: fallbacks.transpose()?.unwrap_or_default(),
        sort: None,
        allowed_providers: providers(stated.allowed_providers.as_deref())?,
    };
    let Some(routing) = stated.routing.as_deref() else {
        return Ok(wishes);
    };
    let wrong = || {
        let wrong = "`routing` must be an object with `sort`, `allowed_providers`, or both";
        GatewayError::invalid(Some(ROUTING), wrong)
    };
    let object = JsonObject::read(routing.as_bytes()).map_err(|_| wrong())?;
    for (name, value) in object.members() {
        match &**name {
            _ if value.get() == "null" => {}
            "sort" => wishes.sort = Some(sort(value.get())?),
            ALLOWED_PROVIDERS if wishes.allowed_providers.is_none() => {
                wishes.allowed_providers = providers(Some(value.get()))?;
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

fn sort(value: &str) -> Result<Sort, GatewayError> {
    match value {
        "\"price\"" => Ok(Sort::Price),
        "\"latency\"" => Ok(Sort::Latency),
        "\"throughput\"" => Ok(Sort::Throughput),
        _ => {
            let wrong = "`routing.sort` must be `price`, `latency` or `throughput`";
            Err(GatewayError::invalid(Some("routing.sort"), wrong))
        }
    }
}

fn providers(stated: Option<&str>) -> Result<Option<Vec<String>>, GatewayError> {
    let read = |stated| names(ALLOWED_PROVIDERS, stated, 1, MOST_PROVIDERS);
    stated.map(read).transpose()
}

fn names(
    member: &'static str,
    value: &str,
    least: usize,
    most: usize,
) -> Result<Vec<String>, GatewayError> {
    let names: Option<Vec<String>> = serde_json::from_str(value).ok();
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
    use super::{JsonObject, Members, Sort, Wishes, of_fields, take};

    fn taken(body: &'static str) -> Result<(String, Option<Wishes>), String> {
        let object = JsonObject::read(body.as_bytes()).unwrap();
        let taken = take(&Members { object: &object })
            .map_err(|error| error.shape().openai()["message"].to_string())?;
        let Some((left, wishes)) = taken else {
            return Ok((body.to_owned(), None));
        };
        Ok((String::from_utf8(left.into()).unwrap(), Some(wishes)))
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
            "{}",
        ] {
            assert_eq!(taken(body).unwrap(), (body.to_owned(), None));
        }
    }

    #[test]
    fn a_form_says_the_same_as_json_or_piece_by_piece() {
        let fields = |fields: &[(&str, &str)]| {
            of_fields(fields).map_err(|error| error.shape().openai()["message"].to_string())
        };
        let expected = Wishes {
            fallbacks: vec!["a/b".to_owned(), "c/d".to_owned()],
            sort: Some(Sort::Price),
            allowed_providers: Some(vec!["p".to_owned()]),
        };
        let pieces = [
            ("fallbacks[]", "a/b"),
            ("routing[sort]", "price"),
            ("fallbacks[]", "c/d"),
            ("routing[allowed_providers][]", "p"),
        ];
        let json = [
            ("fallbacks", r#"["a/b", "c/d"]"#),
            ("routing", r#"{"sort": "price"}"#),
            ("allowed_providers", r#"["p"]"#),
        ];
        assert_eq!(fields(&pieces).unwrap().as_ref(), Some(&expected));
        assert_eq!(fields(&json).unwrap(), Some(expected));
        assert_eq!(fields(&[]).unwrap(), None);
        assert_eq!(
            fields(&[("routing", "null")]).unwrap(),
            Some(Wishes::default())
        );
        for (wrong, expected) in [
            (&[("allowed_providers", "p")][..], "1 to 32 names"),
            (
                &[("allowed_providers", r#"["p"], "fallbacks": []"#)],
                "1 to 32",
            ),
            (&[("Fallbacks[]", "a/b")], "no such field"),
            (&[("fallbacks[0]", "a/b")], "no such field"),
            (&[("routing[sort]", "speed")], "`price`, `latency`"),
            (&[("fallbacks[]", "a"), ("fallbacks", "[]")], "stated twice"),
            (
                &[
                    ("routing[allowed_providers][]", "a"),
                    ("allowed_providers[]", "b"),
                ],
                "stated twice",
            ),
        ] {
            let why = fields(wrong).unwrap_err();
            assert!(why.contains(expected), "{wrong:?}: {why}");
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
