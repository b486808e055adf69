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

const BEGINNING: &str = "running 1 test";

/// Reads the harness's output of many processes with one test each. What a
/// test prints comes before the line that names it, on it, or after it.
fn parse(stdout: &str) -> Vec<Outcome> {
    let lines: Vec<_> = stdout.lines().collect();
    let processes = lines.split(|line| *line == BEGINNING);
    processes.filter_map(outcome).collect()
}

fn outcome(lines: &[&str]) -> Option<Outcome> {
    let mut outcome = Outcome {
        name: lines.iter().find_map(|line| named(line))?.0.to_owned(),
        passed: false,
        printed: Vec::new(),
    };
    for line in lines {
        outcome.passed |= line.starts_with("test result: ok. 1 passed");
        let said = named(line).map_or(*line, |(_, rest)| rest).trim();
        let is_harness = matches!(said, "" | "ok" | "FAILED")
            || said.starts_with("test result: ")
            || said.contains(" has been running for over ");
        if !is_harness {
            outcome.printed.push(said.to_owned());
        }
    }
    Some(outcome)
}

/// `test a::b ... ` names a test, and what follows it was printed by it.
fn named(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    let is_name = !name.contains(char::is_whitespace);
    is_name.then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_prints_is_told_from_what_its_harness_does() {
        let stdout = "\nrunning 1 test\ntest quiet ... ok\n\ntest result: ok. 1 passed; 0 failed\n\
                      \nrunning 1 test\nearly\ntest it::early ... ok\n\n\
                      test result: ok. 1 passed; 0 failed\n\
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
            outcome("it::early", true, &["early"]),
            outcome("it::loud", true, &["60 kills", "and more"]),
            outcome("stops", true, &[]),
            outcome("killed", false, &["so far"]),
        ];
        assert_eq!(parse(stdout), expected);
    }
}
