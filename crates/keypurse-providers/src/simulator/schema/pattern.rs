//! Text that matches a regular expression, for the expressions people put in
//! schemas: literals, classes, groups, alternatives and repetitions.
//!
//! Look-around, back-references, word boundaries and Unicode classes are not
//! understood; a pattern with one of them is given up, never guessed.

use std::{iter::Peekable, str::Chars};

use crate::simulator::dice::Dice;

/// Longer patterns are not read.
const LONGEST_PATTERN: usize = 1_000;
/// `[\u0000-\uffff]` need not be remembered whole.
const MOST_OF_A_RANGE: usize = 128;
const MOST_GROUPS: usize = 16;
/// What may be written in search of one text: `((a{1000}){1000}){1000}` is
/// short, what it stands for is not.
pub(super) const MOST_PARTS: usize = 20_000;

/// Alternatives, each a sequence of parts.
pub(super) struct Pattern {
    alternatives: Vec<Vec<Part>>,
}

struct Part {
    unit: Unit,
    least: usize,
    most: usize,
}

enum Unit {
    /// One of these; invariant: never empty.
    Char(Vec<char>),
    Group(Pattern),
}

impl Pattern {
    /// `None` for what is not understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_PATTERN {
            return None;
        }
        let mut parser = Parser {
            rest: text.chars().peekable(),
            groups: 0,
        };
        let pattern = parser.alternatives()?;
        parser.rest.next().is_none().then_some(pattern)
    }

    /// One match, with `extra` more than the least of every repetition; `None`
    /// when it takes more parts than are `left`.
    pub(super) fn text(&self, dice: &mut Dice, extra: usize, left: &mut usize) -> Option<String> {
        let mut text = String::new();
        self.write(dice, extra, &mut text, left)?;
        Some(text)
    }

    fn write(
        &self,
        dice: &mut Dice,
        extra: usize,
        text: &mut String,
        left: &mut usize,
    ) -> Option<()> {
        for part in dice.pick(&self.alternatives)? {
            for _ in 0..part.least.saturating_add(extra).min(part.most) {
                *left = left.checked_sub(1)?;
                match &part.unit {
                    Unit::Char(chars) => text.push(*dice.pick(chars)?),
                    Unit::Group(group) => group.write(dice, extra, text, left)?,
                }
            }
        }
        Some(())
    }
}

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    groups: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Option<Pattern> {
        let mut alternatives = vec![Vec::new()];
        loop {
            match self.rest.peek() {
                None | Some(')') => return Some(Pattern { alternatives }),
                Some('|') => {
                    self.rest.next();
                    alternatives.push(Vec::new());
                }
                // Taken as already true: people anchor at the ends.
                Some('^' | '$') => {
                    self.rest.next();
                }
                Some(_) => alternatives.last_mut()?.push(self.part()?),
            }
        }
    }

    fn part(&mut self) -> Option<Part> {
        let unit = match self.rest.next()? {
            '(' => Unit::Group(self.group()?),
            '[' => Unit::Char(self.class()?),
            '\\' => Unit::Char(self.escape()?),
            '.' => Unit::Char(printable(|char| char.is_ascii_alphanumeric())),
            '*' | '+' | '?' => return None,
            literal => Unit::Char(vec![literal]),
        };
        let (least, most) = self.repetition()?;
        // A lazy or possessive repetition matches the same texts.
        if (least, most) != (1, 1) {
            self.rest.next_if(|next| matches!(next, '?' | '+'));
        }
        Some(Part { unit, least, most })
    }

    fn group(&mut self) -> Option<Pattern> {
        self.groups += 1;
        if self.groups > MOST_GROUPS {
            return None;
        }
        if self.rest.next_if_eq(&'?').is_some() {
            self.group_flavour()?;
        }
        let group = self.alternatives()?;
        self.rest.next_if_eq(&')')?;
        Some(group)
    }

    /// What follows `(?`: only plain and named groups are understood.
    fn group_flavour(&mut self) -> Option<()> {
        if self.rest.next_if_eq(&':').is_some() {
            return Some(());
        }
        self.rest.next_if_eq(&'P');
        self.rest.next_if_eq(&'<')?;
        while self
            .rest
            .next_if(|char| char.is_alphanumeric() || *char == '_')
            .is_some()
        {}
        self.rest.next_if_eq(&'>').map(|_| ())
    }

    fn class(&mut self) -> Option<Vec<char>> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut chars = Vec::new();
        loop {
            let first = match self.rest.next()? {
                ']' if !chars.is_empty() => break,
                '[' => return None,
                '\\' => self.escape()?,
                char => vec![char],
            };
            if !self.at_range() {
                chars.extend(first);
                continue;
            }
            self.rest.next();
            let last = match self.rest.next()? {
                '\\' => only(&self.escape()?)?,
                char => char,
            };
            chars.extend((only(&first)?..=last).take(MOST_OF_A_RANGE));
        }
        if negated {
            chars = printable(|char| !chars.contains(&char));
        }
        (!chars.is_empty()).then_some(chars)
    }

    /// Whether a range such as `-z` follows; a dash before `]` is a plain dash.
    fn at_range(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']')
    }

    fn escape(&mut self) -> Option<Vec<char>> {
        let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
        Some(match self.rest.next()? {
            'd' => printable(|char| char.is_ascii_digit()),
            'D' => printable(|char| !char.is_ascii_digit()),
            'w' => printable(word),
            'W' => printable(|char| !word(char)),
            's' => vec![' '],
            'S' => printable(|char| char != ' '),
            't' => vec!['\t'],
            'n' => vec!['\n'],
            'r' => vec!['\r'],
            'x' => vec![self.code_point(2)?],
            'u' => vec![self.code_point(4)?],
            char if char.is_ascii_alphanumeric() => return None,
            char => vec![char],
        })
    }

    fn code_point(&mut self, digits: usize) -> Option<char> {
        let digits: String = self.rest.by_ref().take(digits).collect();
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    }

    fn repetition(&mut self) -> Option<(usize, usize)> {
        let repetition = match self.rest.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => return self.counted(),
            _ => return Some((1, 1)),
        };
        self.rest.next();
        Some(repetition)
    }

    fn counted(&mut self) -> Option<(usize, usize)> {
        self.rest.next();
        let inside: String = self.rest.by_ref().take_while(|char| *char != '}').collect();
        let (least, most) = inside.split_once(',').unwrap_or((&inside, &inside));
        let most = if most.is_empty() {
            usize::MAX
        } else {
            most.parse().ok()?
        };
        Some((least.parse().ok()?, most))
    }
}

fn only(chars: &[char]) -> Option<char> {
    <[char; 1]>::try_from(chars).ok().map(|[char]| char)
}

fn printable(wanted: impl Fn(char) -> bool) -> Vec<char> {
    (' '..='~').filter(|char| wanted(*char)).collect()
}
