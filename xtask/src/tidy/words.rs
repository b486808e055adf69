//! Words that must not get in.

use super::file::{File, Finding};

/// Spelled in pieces, so this file passes its own rules.
const LATER: &str = concat!("TO", "DO");
const BROKEN: &str = concat!("FIX", "ME");
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

pub(super) fn judge(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        if holds_word(line, BROKEN) {
            let message =
                format!("{BROKEN} cannot merge; fix it, or file an issue and say what holds");
            findings.push(file.finding(number, message));
        }
        if holds_word(line, LATER) && !line.contains(&format!("{LATER}(#")) {
            let message = format!("say which issue will do this: `{LATER}(#12): …`");
            findings.push(file.finding(number, message));
        }
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(**path)) {
            let message = format!("`{path}` is one machine's; write the path from the tree's root");
            findings.push(file.finding(number, message));
        }
        if must_not_sleep(file) && line.contains("sleep(") {
            let message =
                "a test that sleeps is slow or flaky; wait for the condition, or move the clock";
            findings.push(file.finding(number, message));
        }
    }
    findings
}

/// Tests; but the provider a test plays may be slow, and so may the clients
/// that tests of the edge play.
fn must_not_sleep(file: &File) -> bool {
    let plays_a_provider = file.path.ends_with("provider.rs") || file.path.ends_with("upstream.rs");
    let plays_clients = file.path.contains("/it/edge");
    file.is_rust() && file.is_test() && !plays_a_provider && !plays_clients
}

fn holds_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|found| found == word)
}
