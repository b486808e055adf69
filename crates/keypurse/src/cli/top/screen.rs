//! A screen of our own on a terminal, given back as it was.

use std::io::{self, IsTerminal, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::Print;
use crossterm::terminal::{
    self, Clear, ClearType, DisableLineWrap, EnableLineWrap, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{execute, queue};

use crate::cli::table::printable;

/// Lines that are no keys: what is shown, the heading, and trouble.
const OTHER_LINES: u16 = 3;

/// Columns that figures take.
const FIGURES: u16 = 80;
const SHORTEST_NAME: u16 = 16;

/// The screen; dropped, everything is as it was, after a panic too.
pub(super) struct Screen {
    is_raw: bool,
}

impl Screen {
    pub(super) fn enter() -> io::Result<Self> {
        let is_raw = io::stdin().is_terminal();
        if is_raw {
            terminal::enable_raw_mode()?;
        }
        let screen = Self { is_raw };
        execute!(io::stdout(), EnterAlternateScreen, Hide, DisableLineWrap)?;
        Ok(screen)
    }

    /// How many keys fit.
    pub(super) fn rows() -> usize {
        size().1.saturating_sub(OTHER_LINES).into()
    }

    /// How much of a name fits beside its figures.
    pub(super) fn name_chars() -> usize {
        size().0.saturating_sub(FIGURES).max(SHORTEST_NAME).into()
    }

    /// Draws over what was there, so that nothing flickers.
    #[expect(
        clippy::unused_self,
        reason = "only who has entered a screen draws on it"
    )]
    pub(super) fn draw(&mut self, lines: &[String], trouble: Option<&str>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        queue!(out, MoveTo(0, 0))?;
        for line in lines {
            queue!(
                out,
                Print(line),
                Clear(ClearType::UntilNewLine),
                Print("\r\n")
            )?;
        }
        queue!(out, Clear(ClearType::FromCursorDown))?;
        if let Some(trouble) = trouble {
            queue!(out, Print(printable(trouble)))?;
        }
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nobody is left to be told if the terminal has gone.
        let _ = execute!(io::stdout(), EnableLineWrap, Show, LeaveAlternateScreen);
        if self.is_raw {
            let _ = terminal::disable_raw_mode();
        }
    }
}

/// Columns and rows.
fn size() -> (u16, u16) {
    terminal::size().unwrap_or((80, 24))
}
