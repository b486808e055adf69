//! Runs tests and reads what they print.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// How nextest exits when it ran the tests and one failed.
const TESTS_FAILED: i32 = 100;

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) name: String,
    pub(super) passed: bool,
    /// What it printed, without the harness's own lines.
    pub(super) printed: Vec<String>,
}

impl Outcome {
    /// Of another test with the same name, too.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.passed &= other.passed;
        self.printed.extend_from_slice(&other.printed);
        self
    }
}

/// Runs the tests of these names, one after the other; stderr, and so what
/// nextest says meanwhile, stays ours.
pub(super) fn run(mut nextest: Command, names: &[String]) -> Result<Vec<Outcome>> {
    let filters = names.iter().map(|name| format!("test(={name})"));
    let filter = filters.collect::<Vec<_>>().join(" | ");
    nextest.args(["run", "--workspace", "--no-capture", "--no-fail-fast"]);
    nextest.args(["--profile", "scorecard", "--run-ignored", "all"]);
    nextest.args(["--filterset", &filter]);
    let output = nextest
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start nextest")?;
    // Anything else is not about tests: a build that failed, say.
    ensure!(
        matches!(output.status.code(), Some(0 | TESTS_FAILED)),
        "nextest could not run the tests: {}",
        output.status
    );
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads the harness's output of many processes with one test each. A test
/// that prints does so on the line that names it, and on those that follow.
fn parse(stdout: &str) -> Vec<Outcome> {
    let mut outcomes = Vec::<Outcome>::new();
    for line in stdout.lines() {
        if let Some((name, rest)) = beginning(line) {
            outcomes.push(Outcome {
                name: name.to_owned(),
                passed: false,
                printed: Vec::new(),
            });
            note(&mut outcomes, rest);
        } else if line.starts_with("test result: ok. 1 passed") {
            if let Some(outcome) = outcomes.last_mut() {
                outcome.passed = true;
            }
        } else if !line.starts_with("test result: ") && line != "running 1 test" {
            note(&mut outcomes, line);
        }
    }
    outcomes
}

/// `test a::b ... ` begins a test, and what follows it was printed by it.
fn beginning(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    let is_name = !name.contains(char::is_whitespace);
    is_name.then_some((name, rest))
}

fn note(outcomes: &mut [Outcome], line: &str) {
    let is_harness =
        matches!(line.trim(), "" | "ok" | "FAILED") || line.contains(" has been running for over ");
    if let (false, Some(outcome)) = (is_harness, outcomes.last_mut()) {
        outcome.printed.push(line.trim().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_prints_is_told_from_what_its_harness_does() {
        let stdout = "\nrunning 1 test\ntest quiet ... ok\n\ntest result: ok. 1 passed; 0 failed\n\
                      \nrunning 1 test\ntest it::loud ... 60 kills\nand more\nok\n\n\
                      test result: ok. 1 passed; 0 failed\n\
                      \nrunning 1 test\ntest stops - should panic ... ok\n\n\
                      test result: ok. 1 passed; 0 failed\n\
                      \nrunning 1 test\ntest killed ... so far\n";
        let outcome = |name: &str, passed, printed: &[&str]| Outcome {
            name: name.to_owned(),
            passed,
            printed: printed.iter().copied().map(str::to_owned).collect(),
        };
        let expected = [
            outcome("quiet", true, &[]),
            outcome("it::loud", true, &["60 kills", "and more"]),
            outcome("stops", true, &[]),
            outcome("killed", false, &["so far"]),
        ];
        assert_eq!(parse(stdout), expected);
    }
}
