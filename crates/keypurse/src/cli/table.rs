//! Tables for people: no borders, money and counts to the right.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use crate::cli::console::Console;

/// A column's heading and the side its cells lean to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    Left(&'static str),
    Right(&'static str),
}

/// What a cell says, and how loudly.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    text: String,
    tone: Tone,
}

#[derive(Clone, Copy, Debug)]
enum Tone {
    Plain,
    Bad,
    Faint,
}

impl<T: ToString> From<T> for Said {
    fn from(text: T) -> Self {
        Self {
            text: text.to_string(),
            tone: Tone::Plain,
        }
    }
}

impl Said {
    /// Something to look into, where `is` holds.
    pub(crate) fn bad_if(text: impl ToString, is: bool) -> Self {
        let tone = if is { Tone::Bad } else { Tone::Plain };
        Self::from(text).in_tone(tone)
    }

    /// Of no interest.
    pub(crate) fn faint(text: impl ToString) -> Self {
        Self::from(text).in_tone(Tone::Faint)
    }

    fn in_tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn cell(self) -> Cell {
        let cell = Cell::new(printable(&self.text));
        match self.tone {
            Tone::Plain => cell,
            Tone::Bad => cell.fg(Color::Red),
            Tone::Faint => cell.add_attribute(Attribute::Dim),
        }
    }
}

/// The lines of a table; as wide as it needs unless a terminal is narrower.
pub(crate) fn lines(
    console: &Console<'_>,
    columns: &[Column],
    rows: Vec<Vec<Said>>,
) -> Vec<String> {
    let mut table = empty(console);
    let heading = |column: &Column| {
        let (Column::Left(text) | Column::Right(text)) = column;
        Cell::new(text).add_attribute(Attribute::Bold)
    };
    table.set_header(columns.iter().map(heading).collect::<Vec<_>>());
    for row in rows {
        table.add_row(row.into_iter().map(Said::cell).collect::<Vec<_>>());
    }
    for (column, kind) in table.column_iter_mut().zip(columns) {
        if let Column::Right(_) = kind {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    finish(table)
}

/// Names and what belongs to them, one a line.
pub(crate) fn facts(console: &Console<'_>, facts: Vec<(&str, Said)>) -> Vec<String> {
    let mut table = empty(console);
    for (name, said) in facts {
        let name = Cell::new(name).add_attribute(Attribute::Dim);
        table.add_row(vec![name, said.cell()]);
    }
    finish(table)
}

fn empty(console: &Console<'_>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.force_no_tty();
    if console.has_colours {
        table.enforce_styling();
    }
    if let Some(width) = console.width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
    }
    table
}

fn finish(mut table: Table) -> Vec<String> {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// Names are others' words: nothing in them may move a terminal's cursor or
/// turn the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    let is_hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(is_hostile, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_name_moves_no_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\n"), "a�[2Jb�c�");
        assert_eq!(printable("größe 東京"), "größe 東京");
    }
}
