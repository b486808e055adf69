//! The promises of the SDK suites, read from their own files line by line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::workspace;

/// Which suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    Node,
}

/// One thing a client does on a route, whoever is behind it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Promise {
    pub(super) route: String,
    pub(super) feature: String,
    /// The provider's dialect, or `sandbox`.
    pub(super) upstream: String,
    pub(super) client: String,
}

/// A line a suite writes when it tried a promise.
#[derive(Debug, Deserialize)]
struct Tried {
    #[serde(flatten)]
    promise: Promise,
    passed: bool,
}

/// How a suite's files say who they are and what they promise.
struct Spelling {
    folder: &'static str,
    client: &'static str,
    promise: &'static str,
    quote: char,
}

impl Language {
    const fn spelling(self) -> Spelling {
        match self {
            Self::Python => Spelling {
                folder: "tests/sdk/python",
                client: "CLIENT = ",
                promise: "@promise(",
                quote: '"',
            },
            Self::Node => Spelling {
                folder: "tests/sdk/node",
                client: "const promise = promises(",
                promise: "promise(",
                quote: '\'',
            },
        }
    }
}

/// Everything a suite promises.
pub(super) fn all(language: Language) -> Result<BTreeSet<Promise>> {
    let spelling = language.spelling();
    let mut promises = BTreeSet::new();
    for file in files(&workspace::root().join(spelling.folder))? {
        let text = fs::read_to_string(&file)?;
        let found = read(&text, &spelling);
        promises.extend(found.with_context(|| format!("in {}", file.display()))?);
    }
    ensure!(!promises.is_empty(), "{} promises nothing", spelling.folder);
    Ok(promises)
}

/// Fails unless `tried`, lines of JSON a suite wrote, keeps every promise.
pub(crate) fn kept(language: Language, tried: &str) -> Result<()> {
    let mut passed = BTreeSet::new();
    for line in tried.lines() {
        let tried: Tried = serde_json::from_str(line)?;
        ensure!(tried.passed, "a promise is not kept: {:?}", tried.promise);
        passed.insert(tried.promise);
    }
    let all = all(language)?;
    if let Some(missing) = all.difference(&passed).next() {
        bail!("a promise was not tried: {missing:?}");
    }
    if let Some(unknown) = passed.difference(&all).next() {
        bail!("a promise is not one line of its file: {unknown:?}");
    }
    println!("{} promises kept", all.len());
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(text: &str, spelling: &Spelling) -> Result<Vec<Promise>> {
    let quoted = |line: &str| -> Vec<String> {
        let odd = line.split(spelling.quote).skip(1).step_by(2);
        odd.map(str::to_owned).collect()
    };
    let mut client = None;
    let mut promises = Vec::new();
    for line in text.lines() {
        if line.starts_with(spelling.client) {
            client = quoted(line).into_iter().next();
        }
        if !line.starts_with(spelling.promise) {
            continue;
        }
        let words = quoted(line);
        let [routes, upstreams, feature, ..] = words.as_slice() else {
            bail!("`{line}` does not name routes, upstreams and a feature in one line");
        };
        let client = client.as_ref().context("a promise before its client")?;
        for route in routes.split(' ') {
            for upstream in upstreams.split(' ') {
                promises.push(Promise {
                    route: route.to_owned(),
                    feature: feature.clone(),
                    upstream: upstream.to_owned(),
                    client: client.clone(),
                });
            }
        }
    }
    Ok(promises)
}

#[cfg(test)]
mod tests {
    use super::{Language, Promise, kept, read};

    const FILE: &str =
        "CLIENT = \"a client\"\n\n\n@promise(\"r1 r2\", \"openai sandbox\", \"stream\")\n";

    #[test]
    fn a_promise_is_one_for_each_route_and_upstream() {
        let found = read(FILE, &Language::Python.spelling()).unwrap();
        let ways = found.iter().map(|it| (&*it.route, &*it.upstream));
        let all = ["r1", "r2"].map(|route| [(route, "openai"), (route, "sandbox")]);
        assert_eq!(ways.collect::<Vec<_>>(), all.concat());
        let same = |it: &Promise| it.client == "a client" && it.feature == "stream";
        assert!(found.iter().all(same));
    }

    #[test]
    fn a_promise_that_is_not_one_line_is_an_error() {
        let broken = FILE.replace("openai sandbox\", ", "openai\",\n");
        let error = read(&broken, &Language::Python.spelling()).unwrap_err();
        assert!(error.to_string().contains("in one line"), "{error}");
    }

    #[test]
    fn what_was_not_tried_or_failed_is_not_kept() {
        let error = kept(Language::Node, "").unwrap_err().to_string();
        assert!(error.contains("was not tried"), "{error}");
        let failed =
            r#"{"client":"c","route":"r","upstream":"openai","feature":"f","passed":false}"#;
        let error = kept(Language::Node, failed).unwrap_err().to_string();
        assert!(error.contains("is not kept"), "{error}");
    }
}
