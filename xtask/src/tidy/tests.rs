use super::*;

/// What tidy says of one file in a tree that also holds `others`.
#[track_caller]
fn check(path: &str, text: &str, others: &[&str], expected: &[(usize, &str)]) {
    let file = File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let paths = others
        .iter()
        .chain([&path])
        .map(|&path| path.to_owned())
        .collect();
    let found = judge(&file, &paths);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (finding, (line, part)) in found.iter().zip(expected) {
        assert_eq!(finding.line, *line, "{finding:?}");
        assert!(
            finding.message.contains(part),
            "{finding:?} does not say {part:?}"
        );
    }
}

fn function(lines: usize) -> String {
    format!(
        "pub(crate) async fn long(\n) {{\n{}}}\n",
        "    step();\n".repeat(lines - 3)
    )
}

#[test]
fn a_function_has_at_most_seventy_lines() {
    check("xtask/src/a.rs", &function(70), &[], &[]);
    check(
        "xtask/src/a.rs",
        &function(71),
        &[],
        &[(1, "`long` has 71 lines")],
    );
    check(
        "xtask/src/a.rs",
        "fn short() {}\nfn declared(\n);\n",
        &[],
        &[],
    );
}

#[test]
fn a_file_is_short_by_what_it_is() {
    let lines = |count| "// x\n".repeat(count);
    check("xtask/src/a.rs", &lines(600), &[], &[]);
    check(
        "xtask/src/a.rs",
        &lines(601),
        &[],
        &[(1, "601 lines of at most 600")],
    );
    check("xtask/src/tests.rs", &lines(800), &[], &[]);
    check(
        "xtask/src/tests.rs",
        &lines(801),
        &[],
        &[(1, "801 lines of at most 800")],
    );
    check(
        "xtask/src/lib.rs",
        &lines(81),
        &[],
        &[(1, "table of contents")],
    );
    check(
        "xtask/src/a/mod.rs",
        &format!("mod b;\n{}", lines(80)),
        &[],
        &[(1, "table of contents")],
    );
    check(
        "xtask/src/a/mod.rs",
        &format!("mod tests;\n{}", lines(80)),
        &[],
        &[],
    );
    let tested = format!(
        "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
        lines(600),
        lines(100)
    );
    check("xtask/src/a.rs", &tested, &[], &[]);
}

#[test]
fn the_parts_of_the_server_do_not_know_each_other() {
    let text = "use crate::http;\nuse crate::gateway::Relay;\n";
    check(
        "crates/keypurse-server/src/management/a.rs",
        text,
        &[],
        &[(2, "must not know `gateway`")],
    );
    check("crates/keypurse-server/src/gateway/a.rs", text, &[], &[]);
    for other in ["dashboard", "http", "tokens"] {
        check(
            &format!("crates/keypurse-server/src/{other}/a.rs"),
            text,
            &[],
            &[(2, "must not know `gateway`")],
        );
    }
    check("crates/keypurse-server/src/router.rs", text, &[], &[]);
}

#[test]
fn the_rules_know_no_runtime() {
    let text = "[dependencies]\nserde.workspace = true\n[dev-dependencies]\nserde_json = \"1\"\n";
    check(
        "crates/keypurse-core/Cargo.toml",
        text,
        &[],
        &[(2, "must not know `serde`")],
    );
    check("crates/keypurse-server/Cargo.toml", text, &[], &[]);
}

#[test]
fn wire_names_stay_at_the_edge() {
    let text = "let token_type = 1;\nlet token_type_of = 1;\n// as token_type\n";
    let finding = &[(1, "`token_type` is a wire name")];
    check("crates/keypurse-core/src/token.rs", text, &[], finding);
    check(
        "crates/keypurse-server/src/management/wire.rs",
        text,
        &[],
        &[],
    );
    check("crates/keypurse-server/tests/it/tokens.rs", text, &[], &[]);
}

#[test]
fn words_that_must_not_get_in() {
    let later = concat!("TO", "DO");
    check(
        "a.sh",
        &format!("# {later}(#3): more\n# {later}: more\n"),
        &[],
        &[(2, "which issue")],
    );
    check(
        "a.sh",
        concat!("# FIX", "ME\n"),
        &[],
        &[(1, "cannot merge")],
    );
    check(
        "a.toml",
        concat!("path = \"/wo", "rk/main\"\n"),
        &[],
        &[(1, "one machine's")],
    );
    check(
        "crates/a/tests/a.rs",
        concat!("sle", "ep(SECOND).await;\n"),
        &[],
        &[(1, "wait for the condition")],
    );
}

#[test]
fn documents_name_only_what_exists() {
    let tree = &["crates/a/src/lib.rs"];
    let good = "`crates/a/src/lib.rs` `crates/a` `crates/a/` `crates/*/src` `docs/<name>.md`\n";
    check("README.md", good, tree, &[]);
    check(
        "README.md",
        "see `crates/b`\n",
        tree,
        &[(1, "`crates/b` does not exist")],
    );
    check("README.md", "```\n`crates/b`\n```\n", tree, &[]);
}
