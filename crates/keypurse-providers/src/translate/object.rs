//! Reads an object member by member, so that none is lost unseen.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Untranslatable;
use crate::members::Members;

/// An object's members, still text, each taken once. What is left at the end
/// has no counterpart in the other dialect and is refused by name.
pub(super) struct Object<'a> {
    /// Where it stands in the request: `messages[2].content[0].`, or nothing.
    path: String,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads a whole request.
    pub(super) fn of_body(body: &'a [u8]) -> Result<Self, Untranslatable> {
        let wrong = || Untranslatable::new("", "the body must be a JSON object");
        let members: Members<'a> = serde_json::from_slice(body).map_err(|_| wrong())?;
        Ok(Self {
            path: String::new(),
            members: members.0,
        })
    }

    /// Reads the object that stands at `path`.
    pub(super) fn at(path: String, value: &'a RawValue) -> Result<Self, Untranslatable> {
        match serde_json::from_str::<Members<'a>>(value.get()) {
            Ok(members) => Ok(Self {
                path: path + ".",
                members: members.0,
            }),
            Err(_) => Err(Untranslatable::new(path, "it must be an object")),
        }
    }

    /// The full name of a member.
    pub(super) fn name(&self, member: &str) -> String {
        format!("{}{member}", self.path)
    }

    /// A refusal about a member.
    pub(super) fn refuse(&self, member: &str, why: &'static str) -> Untranslatable {
        Untranslatable::new(self.name(member), why)
    }

    /// Whether there is nothing left.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Takes a member; null is the same as none.
    pub(super) fn take(&mut self, member: &str) -> Option<&'a RawValue> {
        let at = self.members.iter().position(|(name, _)| name == member)?;
        let (_, value) = self.members.swap_remove(at);
        (value.get() != "null").then_some(value)
    }

    /// Takes a member that must be there.
    pub(super) fn need(&mut self, member: &str) -> Result<&'a RawValue, Untranslatable> {
        let value = self.take(member);
        value.ok_or_else(|| self.refuse(member, "it is required"))
    }

    /// Takes a member of a plain type.
    pub(super) fn take_as<T: DeserializeOwned>(
        &mut self,
        member: &str,
        wrong: &'static str,
    ) -> Result<Option<T>, Untranslatable> {
        let Some(value) = self.take(member) else {
            return Ok(None);
        };
        let read = serde_json::from_str(value.get());
        read.map(Some).map_err(|_| self.refuse(member, wrong))
    }

    /// Takes a text, decoded.
    pub(super) fn text(&mut self, member: &str) -> Result<Option<String>, Untranslatable> {
        self.take_as(member, "it must be a text")
    }

    /// Takes a text as it is written, quotes included.
    pub(super) fn raw_text(
        &mut self,
        member: &str,
    ) -> Result<Option<&'a RawValue>, Untranslatable> {
        match self.take(member) {
            Some(value) if !value.get().starts_with('"') => {
                Err(self.refuse(member, "it must be a text"))
            }
            value => Ok(value),
        }
    }

    /// Takes true or false.
    pub(super) fn flag(&mut self, member: &str) -> Result<Option<bool>, Untranslatable> {
        self.take_as(member, "it must be true or false")
    }

    /// Takes a list's items, each with its place.
    pub(super) fn list(
        &mut self,
        member: &str,
    ) -> Result<Option<Vec<(String, &'a RawValue)>>, Untranslatable> {
        let Some(value) = self.take(member) else {
            return Ok(None);
        };
        items(&self.name(member), value).map(Some)
    }

    /// Takes an object.
    pub(super) fn object(&mut self, member: &str) -> Result<Option<Self>, Untranslatable> {
        let value = self.take(member);
        value
            .map(|value| Self::at(self.name(member), value))
            .transpose()
    }

    /// Leaves out members that only advise the provider.
    pub(super) fn drop_hints(&mut self, hints: &[&str]) {
        self.members
            .retain(|(name, _)| !hints.contains(&name.as_ref()));
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self, why: &'static str) -> Result<(), Untranslatable> {
        let left = self.members.iter().find(|(_, value)| value.get() != "null");
        match left {
            Some((name, _)) => Err(self.refuse(name, why)),
            None => Ok(()),
        }
    }
}

/// A list's items, each with its place.
pub(super) fn items<'a>(
    path: &str,
    value: &'a RawValue,
) -> Result<Vec<(String, &'a RawValue)>, Untranslatable> {
    let list: Vec<&'a RawValue> = serde_json::from_str(value.get())
        .map_err(|_| Untranslatable::new(path.to_owned(), "it must be a list"))?;
    let numbered = list.into_iter().enumerate();
    Ok(numbered
        .map(|(at, item)| (format!("{path}[{at}]"), item))
        .collect())
}
