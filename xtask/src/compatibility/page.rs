//! The page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::promise::Promise;

const HEAD: &str = "\
# Compatibility

Made from `tests/sdk` by `cargo xtask compatibility --write`; do not edit.

Every number is a client that does this in the suites `sdk-python` and `sdk-node`: a real client, a real
`keypurse serve`, and a provider that is a process of its own and speaks the dialect of the column, or a
sandbox token. Each test then asks the management API for the token's balance: it fell by the cost, to the
nano-dollar, and by nothing for errors and in the sandbox. Where no number is, nothing was tried. Versions
are those pinned in `xtask/requirements.txt` and `tests/sdk/node/package.json`.

";

/// The columns: what a promise calls them, and their headings.
const UPSTREAMS: [(&str, &str); 4] = [
    ("openai", "OpenAI"),
    ("anthropic", "Anthropic"),
    ("gemini", "Gemini"),
    ("sandbox", "Sandbox"),
];

pub(super) fn page(promises: &BTreeSet<Promise>) -> String {
    let clients: BTreeSet<_> = promises.iter().map(|it| it.client.as_str()).collect();
    let numbers: BTreeMap<_, _> = clients.iter().copied().zip(1..).collect();
    let mut page = HEAD.to_owned();
    for (client, number) in &numbers {
        let _ = writeln!(page, "{number}. {client}");
    }
    let headings = UPSTREAMS.map(|(_, heading)| heading).join(" | ");
    let _ = writeln!(
        page,
        "\n| Route | Feature | {headings} |\n|---|---|---|---|---|---|"
    );
    let rows: BTreeSet<_> = promises.iter().map(|it| (&it.route, &it.feature)).collect();
    for (route, feature) in rows {
        let cells = UPSTREAMS.map(|(upstream, _)| {
            let those = promises.iter().filter(|it| {
                (&it.route, &it.feature, it.upstream.as_str()) == (route, feature, upstream)
            });
            let those = those.map(|it| numbers[it.client.as_str()].to_string());
            those.collect::<Vec<_>>().join(" ")
        });
        let _ = writeln!(page, "| `{route}` | {feature} | {} |", cells.join(" | "));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{Promise, page};

    #[test]
    fn a_row_names_the_clients_of_every_upstream() {
        let promise = |client: &str, upstream: &str| Promise {
            route: "messages".to_owned(),
            feature: "stream".to_owned(),
            upstream: upstream.to_owned(),
            client: client.to_owned(),
        };
        let promises = [
            promise("b", "gemini"),
            promise("a", "gemini"),
            promise("b", "sandbox"),
        ];
        let page = page(&promises.into());
        assert!(page.contains("1. a\n2. b\n"), "{page}");
        assert!(
            page.contains("| `messages` | stream |  |  | 1 2 | 2 |\n"),
            "{page}"
        );
    }
}
