//! One pass over a text: checks its grammar and notes where its values stand.

use std::borrow::Cow;
use std::collections::HashSet;

use super::MAX_DEPTH;
use super::string::{decoded, end_of_plain, escape_length};

/// A shorter number without an exponent is one to everybody.
const LONGEST_SAFE_NUMBER: usize = 300;
/// Objects are small, so a list is searched first.
const FEW_KEYS: usize = 16;
const USUAL_NODES: usize = 64;

/// Where a value stands, or a name. What is in it follows it, names before
/// their values. Small: a body can be of nothing but short values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The node behind all that is in it.
    pub(super) next: u32,
}

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: Cow<'static, str>,
    pub(super) at: usize,
}

/// What was found: the object itself is the first node.
#[derive(Debug)]
pub(super) struct Scanned<'a> {
    pub(super) nodes: Vec<Node>,
    /// The names in the object, not in what is in it.
    pub(super) names: Vec<Cow<'a, str>>,
}

/// Reads a text that is one object.
pub(super) fn scan(text: &str) -> Result<Scanned<'_>, Fault> {
    let mut scanner = Scanner {
        text,
        at: 0,
        depth: 0,
        nodes: Vec::with_capacity(USUAL_NODES),
        names: Vec::with_capacity(FEW_KEYS),
    };
    if u32::try_from(text.len()).is_err() {
        return Err(scanner.fault("more than 4 GiB"));
    }
    scanner.skip_space();
    if scanner.next() != Some(b'{') {
        return Err(scanner.fault("expected an object"));
    }
    scanner.value()?;
    scanner.skip_space();
    if scanner.next().is_some() {
        return Err(scanner.fault("something follows the object"));
    }
    let Scanner { nodes, names, .. } = scanner;
    Ok(Scanned { nodes, names })
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Of how many objects and lists we are in.
    depth: usize,
    nodes: Vec<Node>,
    /// The names in the objects we are in, those of the outermost first.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    fn fault(&self, what: impl Into<Cow<'static, str>>) -> Fault {
        Fault {
            what: what.into(),
            at: self.at,
        }
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.next() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads a value, and leaves its node behind.
    fn value(&mut self) -> Result<(), Fault> {
        let place = self.begin();
        match self.next() {
            Some(b'"') => self.string()?,
            Some(b'{') => self.object()?,
            Some(b'[') => self.list()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            Some(_) => return Err(self.fault("expected a value")),
            None => return Err(self.fault("it ends too early")),
        }
        self.end(place);
        Ok(())
    }

    fn begin(&mut self) -> usize {
        let place = self.nodes.len();
        let (start, next) = (offset(self.at), 0);
        let end = start;
        self.nodes.push(Node { start, end, next });
        place
    }

    fn end(&mut self, place: usize) {
        let next = offset(self.nodes.len());
        let node = &mut self.nodes[place];
        node.end = offset(self.at);
        node.next = next;
    }

    /// Behind the bracket that opens an object or a list.
    fn open(&mut self) -> Result<(), Fault> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Whether another one follows in what `closing` ends.
    fn goes_on(&mut self, closing: u8) -> Result<bool, Fault> {
        self.skip_space();
        if self.take(b',') {
            self.skip_space();
            return Ok(true);
        }
        if self.take(closing) {
            return Ok(false);
        }
        let closing = char::from(closing);
        Err(self.fault(format!("expected `,` or `{closing}`")))
    }

    fn object(&mut self) -> Result<(), Fault> {
        self.open()?;
        let outer = self.names.len();
        let mut many = HashSet::new();
        if !self.take(b'}') {
            loop {
                let name = self.name()?;
                if self.is_known(&name, outer, &mut many) {
                    return Err(self.fault(format!("duplicate key `{name}`")));
                }
                self.names.push(name);
                self.skip_space();
                if !self.take(b':') {
                    return Err(self.fault("expected `:`"));
                }
                self.skip_space();
                self.value()?;
                if !self.goes_on(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        if self.depth > 0 {
            self.names.truncate(outer);
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(), Fault> {
        self.open()?;
        if !self.take(b']') {
            loop {
                self.value()?;
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn name(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.next() != Some(b'"') {
            return Err(self.fault("expected a name in quotes"));
        }
        let (place, start) = (self.begin(), self.at);
        self.string()?;
        self.end(place);
        Ok(decoded(&self.text[start..self.at]))
    }

    /// Whether the object has this name. Names are those from `outer` on, and in
    /// `many` as well when they are many.
    fn is_known(&self, name: &str, outer: usize, many: &mut HashSet<String>) -> bool {
        let names = &self.names[outer..];
        if names.len() < FEW_KEYS {
            return names.iter().any(|known| known == name);
        }
        if many.is_empty() {
            many.extend(names.iter().map(ToString::to_string));
        }
        !many.insert(name.to_owned())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            self.at = end_of_plain(bytes, self.at);
            match self.next() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let length = escape_length(&bytes[self.at..]);
                    self.at += length.ok_or_else(|| self.fault("an escape that is none"))?;
                }
                Some(_) => return Err(self.fault("a control character in a string")),
                None => return Err(self.fault("a string does not end")),
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// The members of the object keep their text, so a number of any size
    /// passes there and is judged by whoever reads it; further in it has to be
    /// one to everybody.
    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        let has_exponent = self.take(b'e') || self.take(b'E');
        if has_exponent {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        let is_doubtful = has_exponent || text.len() > LONGEST_SAFE_NUMBER;
        if self.depth > 1 && is_doubtful && serde_json::from_str::<f64>(text).is_err() {
            return Err(self.fault("number out of range"));
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.next() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.fault("expected a digit"));
        }
        Ok(())
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a longer text is refused, and no value is shorter than a byte")
}
