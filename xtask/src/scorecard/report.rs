//! What is said of a row.

use std::fmt;

use super::rows::{Row, Test};
use super::run::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Fail,
    /// A test that should guard it is not there.
    Missing,
    /// Not of this step of the product.
    Later,
    /// Only listed.
    NotRun,
}

impl Verdict {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }

    pub(super) fn is_good(self) -> bool {
        match self {
            Self::Pass | Self::Later | Self::NotRun => true,
            Self::Fail | Self::Missing => false,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Missing => "missing",
            Self::Later => "later",
            Self::NotRun => "not run",
        }
    }
}

/// One row, judged.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) row: &'static Row,
    pub(super) verdict: Verdict,
    pub(super) measured: String,
}

/// Fields as a CSV reader takes them.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "'"));
        write!(
            f,
            "{}, {}, {}, {}",
            self.row.id,
            self.verdict.as_str(),
            quoted(&self.measured),
            quoted(self.row.threshold)
        )
    }
}

/// Whether all tests passed within their bounds, and what they measured.
pub(super) fn judge(tests: &[(Test, Vec<Option<&Outcome>>)]) -> (Verdict, String) {
    let mut said = Vec::new();
    let (mut passed, mut run) = (0, 0);
    for (test, outcomes) in tests {
        for outcome in outcomes {
            run += 1;
            let Some(outcome) = outcome else {
                said.push(format!("`{}` did not run", test.name));
                continue;
            };
            let (holds, faults) = holds(test, outcome);
            passed += usize::from(holds);
            said.extend(faults);
            said.extend(outcome.printed.iter().filter(|_| outcome.passed).cloned());
        }
    }
    said.insert(0, format!("{passed} of {run} tests passed"));
    (Verdict::of(passed == run), said.join(" · "))
}

fn holds(test: &Test, outcome: &Outcome) -> (bool, Option<String>) {
    if !outcome.passed {
        return (false, Some(format!("`{}` failed", outcome.name)));
    }
    let Some((words, most)) = test.bound else {
        return (true, None);
    };
    let said = outcome
        .printed
        .iter()
        .find_map(|line| seconds_after(line, words));
    match said {
        Some(seconds) if seconds <= most => (true, None),
        Some(seconds) => (false, Some(format!("{seconds} s is more than {most} s"))),
        None => (
            false,
            Some(format!("`{}` printed no `{words}…`", outcome.name)),
        ),
    }
}

/// The duration, as `Debug` prints it, that follows `words`.
fn seconds_after(line: &str, words: &str) -> Option<f64> {
    let (_, rest) = line.split_once(words)?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = rest.split_at(end);
    let number: f64 = number.parse().ok()?;
    let unit: String = unit.chars().take_while(|c| c.is_alphabetic()).collect();
    let seconds = match unit.as_str() {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    };
    Some(number * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: bool, printed: &str) -> Outcome {
        Outcome {
            name: "it::a_test".to_owned(),
            passed,
            printed: vec![printed.to_owned()],
        }
    }

    #[track_caller]
    fn check(bound: Option<(&'static str, f64)>, outcome: &Outcome, expected: (Verdict, &str)) {
        let test = Test {
            name: "a_test",
            bound,
            is_long: false,
        };
        let (verdict, said) = judge(&[(test, vec![Some(outcome)])]);
        assert_eq!((verdict, said.as_str()), expected);
    }

    #[test]
    fn a_row_passes_when_its_tests_do_within_their_bounds() {
        let ready = Some(("ready within ", 5.0));
        let said = outcome(true, "ready within 812.5ms of each start");
        let expected = "1 of 1 tests passed · ready within 812.5ms of each start";
        check(ready, &said, (Verdict::Pass, expected));
        let late = outcome(true, "ready within 5.1s");
        let expected = "0 of 1 tests passed · 5.1 s is more than 5 s · ready within 5.1s";
        check(ready, &late, (Verdict::Fail, expected));
        let silent = outcome(true, "done");
        let expected = "0 of 1 tests passed · `it::a_test` printed no `ready within …` · done";
        check(ready, &silent, (Verdict::Fail, expected));
        let failed = outcome(false, "assertion failed");
        let expected = "0 of 1 tests passed · `it::a_test` failed";
        check(None, &failed, (Verdict::Fail, expected));
    }

    #[test]
    fn a_duration_is_read_as_debug_prints_it() {
        let cases = [
            (
                "60 calls settled; ready 203.476558ms after space",
                Some(0.203_476_558),
            ),
            ("ready 1.5s", Some(1.5)),
            ("ready 12µs", Some(12e-6)),
            ("ready soon", None),
            ("nothing", None),
        ];
        for (line, expected) in cases {
            let read = seconds_after(line, "ready ");
            let difference = read.unwrap_or(-1.0) - expected.unwrap_or(-1.0);
            assert!(difference.abs() < 1e-9, "{line}: {read:?}");
        }
    }

    #[test]
    fn a_test_that_did_not_run_shows_nothing() {
        let test = Test {
            name: "a_test",
            bound: None,
            is_long: false,
        };
        let (verdict, said) = judge(&[(test, vec![None])]);
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(said, "0 of 1 tests passed · `a_test` did not run");
    }
}
