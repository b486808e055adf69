//! Where a command writes: data to stdout, talk to stderr.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use crossterm::terminal;
use keypurse_core::time::{Clock, Timestamp};

use crate::system::SystemClock;

/// A command's surroundings, handed in, so that tests have their own.
pub(crate) struct Console<'a> {
    out: Box<dyn Write + 'a>,
    err: Box<dyn Write + 'a>,
    input: Box<dyn BufRead + 'a>,
    clock: &'a dyn Clock,
    /// Whether a person reads stdout.
    pub(crate) is_terminal: bool,
    /// Whether stdout may have colours.
    pub(crate) has_colours: bool,
    /// Whether a person can be asked.
    pub(crate) can_ask: bool,
    /// How wide lines may be; `None`: as wide as they are.
    pub(crate) width: Option<u16>,
}

impl Console<'static> {
    /// The process's own.
    pub(crate) fn of_process() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let wants_none = |value: std::ffi::OsString| !value.is_empty();
        let no_colours = std::env::var_os("NO_COLOR").is_some_and(wants_none);
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            input: Box::new(BufReader::new(io::stdin())),
            clock: &SystemClock,
            is_terminal,
            has_colours: is_terminal && !no_colours,
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
            width: terminal::size()
                .ok()
                .filter(|_| is_terminal)
                .map(|(width, _)| width),
        }
    }
}

impl Console<'_> {
    /// The current instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A line of data.
    pub(crate) fn say(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Data that ends its lines itself.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        if !text.is_empty() && !text.ends_with('\n') {
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }

    /// A line of talk.
    pub(crate) fn tell(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.err, "{line}")
    }

    /// Advice that follows a success.
    pub(crate) fn hint(&mut self, advice: impl Display) -> io::Result<()> {
        writeln!(self.err, "\nhint: {advice}")
    }

    /// Asks on stderr; anything but `y` or `yes` is no.
    pub(crate) fn confirm(&mut self, question: &str) -> io::Result<bool> {
        write!(self.err, "{question} [y/N] ")?;
        self.err.flush()?;
        let mut answer = String::new();
        self.input.read_line(&mut answer)?;
        let answer = answer.trim();
        Ok(answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"))
    }
}

#[cfg(test)]
impl<'a> Console<'a> {
    /// A test's: no terminal, nobody to ask.
    pub(crate) fn to(out: &'a mut Vec<u8>, err: &'a mut Vec<u8>, clock: &'a dyn Clock) -> Self {
        Self {
            out: Box::new(out),
            err: Box::new(err),
            input: Box::new(io::empty()),
            clock,
            is_terminal: false,
            has_colours: false,
            can_ask: false,
            width: None,
        }
    }

    /// Somebody at a terminal who types this.
    pub(crate) fn typing(mut self, answer: &'a str) -> Self {
        self.input = Box::new(answer.as_bytes());
        self.can_ask = true;
        self
    }
}
