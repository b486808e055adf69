//! Who may not know whom.

use super::file::{File, Finding};

/// Parts of the server that meet in what they share only.
const PARTS: &[&str] = &["management", "gateway", "dashboard", "background"];
/// What the parts share, which knows none of them.
const SHARED: &[&str] = &["http", "tokens", "alerts"];
const SERVER: &str = "crates/keypurse-server/src/";

/// What the rules must stay free of, to be pure and quick to build.
const NOT_IN_CORE: &[&str] = &[
    "tokio",
    "axum",
    "hyper",
    "serde",
    "serde_json",
    "rusqlite",
    "rand",
    "getrandom",
];
const CORE_MANIFEST: &str = "crates/keypurse-core/Cargo.toml";

/// Names the wire has fixed, which inside would read as ours.
const WIRE_NAMES: &[&str] = &[
    "active_balance",
    "expire_time",
    "token_type",
    "balance_reset_period",
];
/// Where wire names belong. A file that is none of these converts in a
/// `wire.rs` instead of joining the list.
const SPEAKS_WIRE: &[&str] = &[
    "/wire.rs",
    "/tests.rs",
    "/tests/",
    "/it/",
    "/openapi",
    "/cli/",
    "/banner.rs", // prints requests to type
    "keypurse-testkit/",
    "xtask/",
];

pub(super) fn judge(file: &File) -> Vec<Finding> {
    let mut findings = parts(file);
    findings.extend(core(file));
    findings.extend(wire_names(file));
    findings
}

fn parts(file: &File) -> Vec<Finding> {
    let Some(inside) = file.path.strip_prefix(SERVER) else {
        return Vec::new();
    };
    let Some(part) = PARTS
        .iter()
        .chain(SHARED)
        .find(|part| inside.starts_with(&format!("{part}/")))
    else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        for other in PARTS.iter().filter(|other| *other != part) {
            if line.contains(&format!("crate::{other}")) {
                let message = format!(
                    "`{part}` must not know `{other}`; move what both need to `http/`, or to a \
                     module beside them"
                );
                findings.push(file.finding(number, message));
            }
        }
    }
    findings
}

fn core(file: &File) -> Vec<Finding> {
    if file.path != CORE_MANIFEST {
        return Vec::new();
    }
    let mut section = "";
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        if line.starts_with('[') {
            section = line.trim();
        }
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        if section == "[dependencies]" && NOT_IN_CORE.contains(&name) {
            let message = format!(
                "the rules must not know `{name}`; compute from an argument and do this at the edge"
            );
            findings.push(file.finding(number, message));
        }
    }
    findings
}

fn wire_names(file: &File) -> Vec<Finding> {
    let at_the_edge = SPEAKS_WIRE.iter().any(|place| file.path.contains(place));
    if !file.is_rust() || at_the_edge {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        let words = || line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        for name in WIRE_NAMES
            .iter()
            .filter(|name| words().any(|word| word == **name))
        {
            let message = format!(
                "`{name}` is a wire name; use the glossary's word and convert in the part's `wire.rs`"
            );
            findings.push(file.finding(number, message));
        }
    }
    findings
}
