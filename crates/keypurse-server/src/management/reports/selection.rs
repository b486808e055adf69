//! Whose calls a report is about, and what they are called.

use std::borrow::Cow;
use std::collections::HashMap;

use keypurse_core::id::TokenId;
use keypurse_store::{TokenCredential, TokenLabel, Whose};

use super::aside;
use super::filters::Filters;
use super::reader::{Reader, Sight};
use crate::http::refusal::Refusal;
use crate::state::AppState;

/// What calls of an account's own key are reported as.
pub(super) const ACCOUNT_KEY: &str = "base_token";

/// Whose calls are asked for, and the names of everybody in sight.
#[derive(Debug)]
pub(super) struct Selection {
    /// What to ask storage for; `None`: nobody's calls.
    pub(super) whose: Option<Whose>,
    /// Everybody in sight.
    pub(super) labels: Labels,
    /// Who is asked for, by name, once each: the account's key, then tokens
    /// in the order they were made.
    pub(super) names: Vec<Named>,
}

/// Somebody that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// By this name.
    pub(super) name: String,
    /// Whether they are told even without calls.
    pub(super) is_shown: bool,
}

/// Finds out whose calls a reader asks for.
pub(super) async fn select(
    state: &AppState,
    reader: &Reader,
    filters: &Filters,
) -> Result<Selection, Refusal> {
    let labels = match &reader.sight {
        Sight::All => state.store.token_labels(reader.account).await?,
        Sight::Own(own) => vec![label_of(own)],
    };
    let sees_all = matches!(reader.sight, Sight::All);
    let filters = filters.clone();
    let selection = aside(move || Selection::of(Labels::of(labels), &filters, sees_all)).await?;
    selection.ok_or(Refusal::NoSuchToken)
}

impl Selection {
    /// `None`: nobody has the name that is asked for.
    fn of(labels: Labels, filters: &Filters, sees_all: bool) -> Option<Self> {
        let asked = filters.token.as_deref();
        let named = |name: &str| asked.is_none_or(|asked| asked == name);
        let tagged = |tags: &[String]| filters.tag.as_ref().is_none_or(|tag| tags.contains(tag));
        let is_known = labels.0.iter().any(|label| named(&label.name));
        let asks_account_key = sees_all && named(ACCOUNT_KEY);
        if asked.is_some() && !is_known && !asks_account_key {
            return None;
        }
        let with_account_key = asks_account_key && tagged(&[]);
        let chosen = labels.0.iter();
        let chosen = chosen.filter(|label| named(&label.name) && tagged(&label.tags));
        let chosen: Vec<&TokenLabel> = chosen.collect();
        let whose = if with_account_key && asked.is_none() {
            Some(Whose::All)
        } else if with_account_key {
            Some(Whose::AccountKey)
        } else {
            let ids: Vec<TokenId> = chosen.iter().map(|label| label.id).collect();
            (!ids.is_empty()).then_some(Whose::Tokens(ids))
        };
        let names = names(with_account_key, &chosen, asked.is_some());
        Some(Self {
            whose,
            labels,
            names,
        })
    }

    /// How many are asked for at most.
    pub(super) fn size(&self) -> u64 {
        self.names.len().try_into().unwrap_or(u64::MAX)
    }
}

fn names(with_account_key: bool, chosen: &[&TokenLabel], is_asked: bool) -> Vec<Named> {
    let account_key = with_account_key.then_some((ACCOUNT_KEY, true));
    let tokens = chosen.iter();
    let tokens = tokens.map(|label| (&*label.name, is_asked || label.deleted_at.is_none()));
    let mut names: Vec<Named> = Vec::new();
    let mut places = HashMap::new();
    for (name, is_shown) in account_key.into_iter().chain(tokens) {
        let place = *places.entry(name).or_insert(names.len());
        match names.get_mut(place) {
            Some(known) => known.is_shown |= is_shown,
            None => names.push(Named {
                name: name.to_owned(),
                is_shown,
            }),
        }
    }
    names
}

fn label_of(own: &TokenCredential) -> TokenLabel {
    let rules = own.settings.rules.as_deref();
    let tags = rules.map(|rules| rules.tags.as_slice()).unwrap_or_default();
    TokenLabel {
        id: own.token,
        name: own.settings.name.as_str().to_owned(),
        tags: tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        deleted_at: None,
    }
}

/// What tokens are called, deleted ones too, in the order they were made.
#[derive(Debug)]
pub(super) struct Labels(Vec<TokenLabel>);

impl Labels {
    pub(super) fn of(list: Vec<TokenLabel>) -> Self {
        debug_assert!(list.is_sorted_by_key(|label| label.id), "as they were made");
        Self(list)
    }

    /// A token's name, or what the account's key is called. A token that was
    /// made since the names were read has its id for one.
    pub(super) fn name(&self, token: Option<TokenId>) -> Cow<'_, str> {
        match (token, self.label(token)) {
            (None, _) => ACCOUNT_KEY.into(),
            (Some(_), Some(label)) => (&*label.name).into(),
            (Some(id), None) => id.to_string().into(),
        }
    }

    /// Whether everybody of these is the account's key or was made before the
    /// names were read.
    pub(super) fn know_all(&self, tokens: impl Iterator<Item = Option<TokenId>>) -> bool {
        tokens.max().flatten() <= self.0.last().map(|label| label.id)
    }

    /// A token's tags.
    pub(super) fn tags(&self, token: Option<TokenId>) -> &[String] {
        self.label(token)
            .map(|label| label.tags.as_slice())
            .unwrap_or_default()
    }

    fn label(&self, token: Option<TokenId>) -> Option<&TokenLabel> {
        let place = self.0.binary_search_by_key(&token?, |label| label.id);
        place.ok().map(|place| &self.0[place])
    }
}

#[cfg(test)]
mod tests {
    use super::{Filters, Labels, Named, Selection};
    use keypurse_core::id::TokenId;
    use keypurse_core::time::Timestamp;
    use keypurse_store::{TokenLabel, Whose};

    /// `a` was deleted and made again; `b` was deleted.
    fn labels() -> Labels {
        let label = |id, name: &str, tags: &[&str], is_deleted: bool| TokenLabel {
            id: TokenId(id),
            name: name.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            deleted_at: is_deleted.then_some(Timestamp::from_micros(1)),
        };
        Labels::of(vec![
            label(1, "a", &["red"], true),
            label(2, "b", &["red", "blue"], true),
            label(3, "c", &[], false),
            label(4, "a", &["blue"], false),
        ])
    }

    fn select(token: &str, tag: &str, sees_all: bool) -> Option<(Option<Whose>, Vec<String>)> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let filters = Filters {
            token: text(token),
            tag: text(tag),
            ..Filters::default()
        };
        let selection = Selection::of(labels(), &filters, sees_all)?;
        let names = selection.names.into_iter();
        let names = names.map(
            |Named { name, is_shown }| {
                if is_shown { name } else { format!("({name})") }
            },
        );
        Some((selection.whose, names.collect()))
    }

    fn tokens(ids: &[i64]) -> Whose {
        Whose::Tokens(ids.iter().copied().map(TokenId).collect())
    }

    #[test]
    fn whose_calls_are_asked_for_follows_from_name_and_tag() {
        for (token, tag, whose, names) in [
            (
                "",
                "",
                Some(Whose::All),
                &["base_token", "a", "(b)", "c"][..],
            ),
            ("base_token", "", Some(Whose::AccountKey), &["base_token"]),
            ("a", "", Some(tokens(&[1, 4])), &["a"]),
            ("b", "", Some(tokens(&[2])), &["b"]),
            ("", "red", Some(tokens(&[1, 2])), &["(a)", "(b)"]),
            ("", "blue", Some(tokens(&[2, 4])), &["(b)", "a"]),
            ("a", "blue", Some(tokens(&[4])), &["a"]),
            ("c", "blue", None, &[]),
            ("base_token", "blue", None, &[]),
            ("", "green", None, &[]),
        ] {
            let expected = (whose, names.iter().map(|name| (*name).to_owned()).collect());
            assert_eq!(select(token, tag, true), Some(expected), "{token} {tag}");
        }
        assert_eq!(select("d", "", true), None);
        assert_eq!(select("base_token", "", false), None);
    }

    #[test]
    fn names_are_read_again_for_who_was_made_since() {
        for (callers, are_known) in [
            (&[][..], true),
            (&[None, Some(1), Some(4)], true),
            (&[None, Some(4), Some(5)], false),
        ] {
            let callers = callers.iter().map(|caller| caller.map(TokenId));
            assert_eq!(labels().know_all(callers), are_known);
        }
        assert!(!Labels::of(Vec::new()).know_all([Some(TokenId(1))].into_iter()));
    }
}
