//! Transcripts: `$ command`, its stdout, its stderr after `! `, and its exit
//! code after `? ` unless it is 0. Lines that start with `#` are words to the
//! reader; `$ command <<< y` answers a question.

use std::fmt::Write as _;
use std::path::Path;

use keypurse_testkit::TestApp;

use super::scene;

/// Runs a transcript's commands and compares all that they say.
pub(super) async fn check(app: &TestApp, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/cli/tests/transcripts")
        .join(name);
    let stored = std::fs::read_to_string(&path).unwrap();
    let said = replay(app, &stored).await;
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &said).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        stored, said,
        "run UPDATE_SNAPSHOTS=1 cargo test -p keypurse and look at the diff"
    );
}

async fn replay(app: &TestApp, stored: &str) -> String {
    let mut said = String::new();
    for line in stored.lines() {
        if line.starts_with('#') {
            let _ = writeln!(said, "{line}");
        }
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        let (command, typed) = match command.split_once(" <<< ") {
            Some((command, typed)) => (command, Some(typed)),
            None => (command, None),
        };
        let done = scene::run(app, &words(command), typed).await;
        let _ = writeln!(said, "{line}");
        said.push_str(&done.stdout);
        for line in done.stderr.lines() {
            let _ = writeln!(said, "{}", format!("! {line}").trim_end());
        }
        if done.code != 0 {
            let _ = writeln!(said, "? {}", done.code);
        }
        said.push('\n');
    }
    said
}

/// Words apart by spaces, but not within single quotes.
pub(super) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (place, part) in command.split('\'').enumerate() {
        if place % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        for (index, piece) in part.split(' ').enumerate() {
            if index > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(piece);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
