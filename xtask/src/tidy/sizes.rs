//! How long things may be.

use super::file::{File, Finding};

const FUNCTION_LINES: usize = 70;
const SOURCE_LINES: usize = 600;
const TEST_LINES: usize = 800;
const CONTENTS_LINES: usize = 80;

pub(super) fn judge(file: &File) -> Vec<Finding> {
    if !file.is_rust() {
        return Vec::new();
    }
    let mut findings = long_functions(file);
    findings.extend(long_file(file));
    findings
}

fn long_functions(file: &File) -> Vec<Finding> {
    let lines: Vec<_> = file.text.lines().collect();
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let length = function_length(&lines[index..]);
        if length > FUNCTION_LINES {
            findings.push(file.finding(
                index + 1,
                format!(
                    "`{name}` has {length} lines of at most {FUNCTION_LINES}; \
                     give its steps names and make them functions"
                ),
            ));
        }
    }
    findings
}

/// The name of the function that starts on this line.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let is_qualifier = |word: &str| {
        matches!(
            word,
            "pub" | "const" | "async" | "unsafe" | "extern" | "\"C\""
        ) || word.starts_with("pub(")
    };
    let starts = before.split_whitespace().all(is_qualifier);
    let name = after
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .next()?;
    (starts && !name.is_empty()).then_some(name)
}

/// Lines from the first to the closing brace, which rustfmt puts under the
/// first line's start.
fn function_length(lines: &[&str]) -> usize {
    let indent = lines[0].len() - lines[0].trim_start().len();
    for (index, line) in lines.iter().enumerate() {
        let at_indent = line.len() - line.trim_start().len() == indent;
        let ends = line.trim() == "}" && at_indent;
        let one_line = index == 0 && (line.ends_with('}') || line.ends_with(';'));
        let bodiless = at_indent && line.trim_start().starts_with(')') && line.ends_with(';');
        if ends || one_line || bodiless {
            return index + 1;
        }
    }
    lines.len()
}

fn long_file(file: &File) -> Option<Finding> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let (length, limit, remedy) = if file.is_test() {
        (
            file.text.lines().count(),
            TEST_LINES,
            "split it by what it promises",
        )
    } else if name == "lib.rs" || (name == "mod.rs" && declares_modules(file)) {
        (
            lines_without_tests(file),
            CONTENTS_LINES,
            "it is a table of contents: move code to a module",
        )
    } else {
        (
            lines_without_tests(file),
            SOURCE_LINES,
            "move what hides behind one name to its own file",
        )
    };
    (length > limit)
        .then(|| file.finding(1, format!("{length} lines of at most {limit}; {remedy}")))
}

/// A `mod.rs` beside nothing but its tests is an ordinary source file.
fn declares_modules(file: &File) -> bool {
    file.lines().any(|(_, line)| {
        let line = line
            .trim_start_matches("pub ")
            .trim_start_matches("pub(crate) ");
        line.starts_with("mod ") && line.ends_with(';') && line != "mod tests;"
    })
}

fn lines_without_tests(file: &File) -> usize {
    let lines: Vec<_> = file.text.lines().collect();
    let in_line_tests = lines.windows(2).position(|pair| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    });
    in_line_tests.unwrap_or(lines.len())
}
