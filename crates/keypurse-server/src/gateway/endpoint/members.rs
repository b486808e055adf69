//! A body's members, read one by one and strictly.

use std::ops::{Range, RangeInclusive};

use super::tier::AskedTier;
use crate::gateway::error::GatewayError;
use crate::http::json::{Json, JsonObject};

/// Above this no model answers, and products with prices stay far from
/// overflow.
const LIMITS: RangeInclusive<u64> = 1..=1 << 31;
/// Names are kept and shown; no model has a longer one.
pub(in crate::gateway) const LONGEST_MODEL_NAME: usize = 512;

/// A body's members. Null counts as absent.
pub(in crate::gateway) struct Members<'a> {
    pub(in crate::gateway) object: &'a JsonObject<'a>,
}

/// An output limit the client may have stated.
#[derive(Debug)]
pub(in crate::gateway) struct Limit {
    pub(in crate::gateway) value: Option<u64>,
    /// Where its value stands.
    pub(in crate::gateway) at: Option<Range<usize>>,
    /// Where it stands, its name included.
    pub(in crate::gateway) member: Option<Range<usize>>,
}

impl<'a> Members<'a> {
    /// A member's text.
    pub(in crate::gateway) fn stated(&self, name: &str) -> Option<&'a str> {
        self.object.text(name).filter(|value| *value != "null")
    }

    /// A member to look into.
    pub(in crate::gateway) fn value(&self, name: &'static str) -> Result<Json<'a>, GatewayError> {
        self.object.value(name).ok_or_else(|| missing(name))
    }

    pub(in crate::gateway) fn required(&self, name: &'static str) -> Result<&'a str, GatewayError> {
        self.stated(name).ok_or_else(|| missing(name))
    }

    pub(in crate::gateway) fn place(&self, name: &str) -> Option<Range<usize>> {
        self.object.place(name)
    }

    /// The model's name, and where it stands.
    pub(in crate::gateway) fn model(&self) -> Result<(String, Option<Range<usize>>), GatewayError> {
        let value = self.required("model")?;
        Ok((model_name(value)?, self.place("model")))
    }

    pub(in crate::gateway) fn flag(&self, name: &'static str) -> Result<bool, GatewayError> {
        match self.stated(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => {
                let wrong = format!("`{name}` must be true or false");
                Err(GatewayError::invalid(Some(name), wrong))
            }
        }
    }

    /// A member that is a text.
    pub(in crate::gateway) fn text(
        &self,
        name: &'static str,
    ) -> Result<Option<String>, GatewayError> {
        let Some(value) = self.stated(name) else {
            return Ok(None);
        };
        let text = serde_json::from_str(value);
        text.map(Some).map_err(|_| {
            let wrong = format!("`{name}` must be a text");
            GatewayError::invalid(Some(name), wrong)
        })
    }

    pub(in crate::gateway) fn integer(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, GatewayError> {
        let Some(value) = self.stated(name) else {
            return Ok(None);
        };
        // `+1` and `01` are not JSON, `1.0` and `1e3` do not parse here.
        let number = value.parse().ok();
        let number = number.filter(|number| range.contains(number));
        let wrong = || {
            let (least, most) = range.clone().into_inner();
            let wrong = format!("`{name}` must be a whole number from {least} to {most}");
            GatewayError::invalid(Some(name), wrong)
        };
        number.map(Some).ok_or_else(wrong)
    }

    pub(in crate::gateway) fn limit(&self, name: &'static str) -> Result<Limit, GatewayError> {
        self.limit_from(*LIMITS.start(), name)
    }

    /// A limit that is no lower than `least`.
    pub(in crate::gateway) fn limit_from(
        &self,
        least: u64,
        name: &'static str,
    ) -> Result<Limit, GatewayError> {
        Ok(Limit {
            value: self.integer(name, least..=*LIMITS.end())?,
            at: self.place(name),
            member: self.object.place_with_name(name),
        })
    }

    /// The tier of service it asks for, and where that stands.
    pub(in crate::gateway) fn tier(&self) -> (AskedTier, Option<Range<usize>>) {
        let tier = AskedTier::read(self.object.text("service_tier"));
        (tier, self.place("service_tier"))
    }

    /// Refuses members that look like one we read. A provider whose parser
    /// ignores case would read `Model` as another `model`, so only the exact
    /// spellings may occur.
    pub(in crate::gateway) fn refuse_lookalikes(
        &self,
        read: &[&'static str],
    ) -> Result<(), GatewayError> {
        for (name, _) in self.object.members() {
            if read.contains(&name.as_ref()) {
                continue;
            }
            let looks_like = |member: &&&str| {
                if name.is_ascii() {
                    name.eq_ignore_ascii_case(member)
                } else {
                    folded(name) == **member
                }
            };
            if let Some(member) = read.iter().find(looks_like) {
                let message = format!("write `{member}` exactly so, not `{name}`");
                return Err(GatewayError::invalid(Some(*member), message));
            }
        }
        Ok(())
    }
}

fn missing(name: &'static str) -> GatewayError {
    GatewayError::invalid(Some(name), format!("`{name}` is required"))
}

fn model_name(value: &str) -> Result<String, GatewayError> {
    let name: String = serde_json::from_str(value)
        .map_err(|_| GatewayError::invalid(Some("model"), "`model` must be a string"))?;
    if name.is_empty() {
        let wrong = "`model` must not be empty";
        return Err(GatewayError::invalid(Some("model"), wrong));
    }
    if name.len() > LONGEST_MODEL_NAME {
        let wrong = format!("`model` must not be longer than {LONGEST_MODEL_NAME} bytes");
        return Err(GatewayError::invalid(Some("model"), wrong));
    }
    Ok(name)
}

/// The object a body is, or why it is none.
pub(in crate::gateway) fn object(body: &[u8]) -> Result<JsonObject<'_>, GatewayError> {
    JsonObject::read(body).map_err(|error| GatewayError::invalid(None, error.reason))
}

/// Go's JSON parser also takes the Kelvin sign for a `k` and `ſ` for an `s`.
fn folded(name: &str) -> String {
    name.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}
