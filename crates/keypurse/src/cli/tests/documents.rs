//! What is written about the commands is true.

use clap::{Command, CommandFactory, Parser};

use super::transcript::words;
use crate::cli::{Cli, reference};

#[test]
fn the_reference_of_the_commands_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let generated = reference::markdown();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        stored, generated,
        "run UPDATE_SNAPSHOTS=1 cargo test -p keypurse"
    );
}

#[test]
fn every_command_is_written_about() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let documents = ["operating.md", "configuration.md"];
    let documents =
        documents.map(|name| std::fs::read_to_string(format!("{path}/{name}")).unwrap());
    let text = documents.concat() + &reference::markdown();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(
            text.contains(&format!("`{name}`")),
            "nothing is said of `{name}`"
        );
    }
}

#[test]
fn every_example_is_understood() {
    let mut examples = Vec::new();
    collect(&Cli::command(), &mut examples);
    assert!(examples.len() > 30, "{examples:#?}");
    for example in examples {
        let understood = Cli::try_parse_from(words(&example));
        assert!(understood.is_ok(), "{example}: {}", understood.unwrap_err());
    }
}

/// Lines of help that are commands, without what the shell does with them.
fn collect(command: &Command, examples: &mut Vec<String>) {
    let help = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    for line in help.replace("\\\n", "").lines() {
        let Some(start) = line.find("keypurse ").filter(|_| line.starts_with("  ")) else {
            continue;
        };
        let example = line[start..]
            .split([')', '|', '>'])
            .next()
            .unwrap_or_default();
        examples.push(example.trim().to_owned());
    }
    for subcommand in command.get_subcommands() {
        collect(subcommand, examples);
    }
}
