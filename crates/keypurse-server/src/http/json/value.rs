//! A value in an object that was checked, and what is in it.

use std::borrow::Cow;
use std::ops::Range;

use super::scan::Node;
use super::string::decoded;

/// A value in an object. Looking into it costs nothing for what is passed over,
/// however long that is.
#[derive(Clone, Copy, Debug)]
pub struct Json<'o> {
    text: &'o str,
    nodes: &'o [Node],
    at: usize,
}

impl<'o> Json<'o> {
    pub(super) fn new(text: &'o str, nodes: &'o [Node], at: usize) -> Self {
        Self { text, nodes, at }
    }

    /// Its text.
    pub fn text(self) -> &'o str {
        &self.text[self.place()]
    }

    /// Where it stands in the body.
    pub fn place(self) -> Range<usize> {
        let Node { start, end, .. } = self.nodes[self.at];
        start as usize..end as usize
    }

    pub(super) fn node(self) -> usize {
        self.at
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.first_byte() == b'n'
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.first_byte() == b'{'
    }

    /// Whether it is a string.
    pub fn is_string(self) -> bool {
        self.first_byte() == b'"'
    }

    /// What it says if it is a string.
    pub fn string(self) -> Option<Cow<'o, str>> {
        self.is_string().then(|| decoded(self.text()))
    }

    /// The values in a list. `None`: it is none.
    pub fn items(self) -> Option<impl Iterator<Item = Self>> {
        (self.first_byte() == b'[').then(|| self.children())
    }

    /// A member of an object, unless that is null. `None` also when it is no
    /// object.
    pub fn stated(self, name: &str) -> Option<Self> {
        if !self.is_object() {
            return None;
        }
        let mut members = self.members();
        let value = members.find(|(known, _)| known.is(name))?.1;
        (!value.is_null()).then_some(value)
    }

    /// Whether it, or something in it, is an object with a name that has this
    /// word in it.
    pub fn has_name_with<const LENGTH: usize>(self, word: &[u8; LENGTH]) -> bool {
        let has = |value: Self| value.has_name_with(word);
        if self.is_object() {
            let mut members = self.members();
            return members.any(|(name, value)| name.contains(word) || has(value));
        }
        self.items().is_some_and(|mut items| items.any(has))
    }

    /// Whether this name has that word in it.
    fn contains<const LENGTH: usize>(self, word: &[u8; LENGTH]) -> bool {
        let name = decoded(self.text());
        let mut parts = name.as_bytes().windows(LENGTH);
        parts.any(|part| part == word)
    }

    fn first_byte(self) -> u8 {
        self.text.as_bytes()[self.nodes[self.at].start as usize]
    }

    /// Names and their values.
    pub(super) fn members(self) -> impl Iterator<Item = (Self, Self)> {
        let mut children = self.children();
        std::iter::from_fn(move || children.next().zip(children.next()))
    }

    fn children(self) -> impl Iterator<Item = Self> {
        let end = self.nodes[self.at].next as usize;
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            let at = next;
            let node = self.nodes[..end].get(at)?;
            next = node.next as usize;
            Some(Self { at, ..self })
        })
    }

    /// Whether this name is that one.
    fn is(self, name: &str) -> bool {
        let text = self.text();
        // Escapes only make a name longer.
        text.len() >= name.len() + 2 && decoded(text) == name
    }
}
