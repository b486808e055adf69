//! Everything beside messages and tools.

use serde_json::value::RawValue;

use super::read::NO_COUNTERPART;
use crate::translate::Untranslatable;
use crate::translate::object::{Object, items};

/// How the next token is picked. Numbers are as they are written.
#[derive(Debug, Default)]
pub(in crate::translate) struct Sampling<'a> {
    pub(in crate::translate) temperature: Option<&'a RawValue>,
    pub(in crate::translate) top_p: Option<&'a RawValue>,
    pub(in crate::translate) top_k: Option<&'a RawValue>,
    pub(in crate::translate) seed: Option<&'a RawValue>,
    pub(in crate::translate) frequency_penalty: Option<&'a RawValue>,
    pub(in crate::translate) presence_penalty: Option<&'a RawValue>,
    /// How likely each token was.
    pub(in crate::translate) logprobs: bool,
}

/// What the answer must look like.
#[derive(Debug)]
pub(in crate::translate) enum Format<'a> {
    /// Any JSON object.
    JsonObject,
    /// An instance of this schema.
    Schema(&'a RawValue),
}

impl<'a> Sampling<'a> {
    pub(super) fn read(object: &mut Object<'a>) -> Result<Self, Untranslatable> {
        if object
            .take("logit_bias")
            .is_some_and(|bias| bias.get() != "{}")
        {
            return Err(object.refuse("logit_bias", "every vendor has other tokens"));
        }
        Ok(Self {
            temperature: number(object, "temperature")?,
            top_p: number(object, "top_p")?,
            top_k: number(object, "top_k")?,
            seed: number(object, "seed")?,
            frequency_penalty: number(object, "frequency_penalty")?.filter(is_not_zero),
            presence_penalty: number(object, "presence_penalty")?.filter(is_not_zero),
            logprobs: object.flag("logprobs")?.unwrap_or(false),
        })
    }

    /// Refuses what only some dialects have.
    pub(in crate::translate) fn refuse_beyond_basics(&self) -> Result<(), Untranslatable> {
        let stated = [
            ("frequency_penalty", self.frequency_penalty.is_some()),
            ("presence_penalty", self.presence_penalty.is_some()),
            ("logprobs", self.logprobs),
        ];
        match stated.into_iter().find(|(_, is_stated)| *is_stated) {
            Some((name, _)) => Err(Untranslatable::new(name, NO_COUNTERPART)),
            None => Ok(()),
        }
    }
}

/// Reads a number that everybody can: one beyond all doubles is none to some.
fn number<'a>(object: &mut Object<'a>, name: &str) -> Result<Option<&'a RawValue>, Untranslatable> {
    let value = object.take(name);
    let is_number = |value: &&RawValue| value.get().parse::<f64>().is_ok_and(f64::is_finite);
    match value {
        Some(value) if !is_number(&value) => Err(object.refuse(name, "it must be a number")),
        value => Ok(value),
    }
}

/// Zero, however it is written.
fn is_not_zero(number: &&RawValue) -> bool {
    let digits = number.get().split(['e', 'E']).next().unwrap_or_default();
    digits.bytes().any(|digit| matches!(digit, b'1'..=b'9'))
}

/// Reads a text or a list of them.
pub(super) fn stop<'a>(object: &mut Object<'a>) -> Result<Vec<&'a RawValue>, Untranslatable> {
    let Some(value) = object.take("stop") else {
        return Ok(Vec::new());
    };
    let wrong = "it must be a text or a list of texts";
    let listed = if value.get().starts_with('"') {
        vec![value]
    } else {
        let listed = items(&object.name("stop"), value);
        let listed = listed.map_err(|_| object.refuse("stop", wrong))?;
        listed.into_iter().map(|(_, text)| text).collect()
    };
    if listed.iter().all(|text| text.get().starts_with('"')) {
        Ok(listed)
    } else {
        Err(object.refuse("stop", wrong))
    }
}

/// Reads `response_format`. A schema's name is a label.
pub(super) fn format<'a>(object: &mut Object<'a>) -> Result<Option<Format<'a>>, Untranslatable> {
    let Some(mut format) = object.object("response_format")? else {
        return Ok(None);
    };
    let kind = format.text("type")?.unwrap_or_default();
    let read = match kind.as_str() {
        "text" => None,
        "json_object" => Some(Format::JsonObject),
        "json_schema" => {
            let mut named = Object::at(format.name("json_schema"), format.need("json_schema")?)?;
            let schema = named.need("schema")?;
            named.drop_hints(&["name", "description", "strict"]);
            named.finish(NO_COUNTERPART)?;
            Some(Format::Schema(schema))
        }
        _ => return Err(format.refuse("type", NO_COUNTERPART)),
    };
    format.finish(NO_COUNTERPART)?;
    Ok(read)
}

/// Only text comes back, and nothing is stored.
pub(super) fn refuse_other_outputs(object: &mut Object<'_>) -> Result<(), Untranslatable> {
    let modalities = object.list("modalities")?.unwrap_or_default();
    if modalities.iter().any(|(_, kind)| kind.get() != "\"text\"") {
        return Err(object.refuse("modalities", "only text can be translated"));
    }
    if object.flag("store")? == Some(true) {
        return Err(object.refuse("store", "the provider stores no completions"));
    }
    Ok(())
}
