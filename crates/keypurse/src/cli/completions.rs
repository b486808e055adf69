//! `keypurse completions`: what a shell needs to complete our commands.

use std::io::{self, ErrorKind, Write};

use clap::{CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};

use super::Cli;

const INSTALL: &str = "\
Install:
  bash  keypurse completions bash > ~/.local/share/bash-completion/completions/keypurse
  zsh   keypurse completions zsh > \"${fpath[1]}/_keypurse\"
  fish  keypurse completions fish > ~/.config/fish/completions/keypurse.fish";

#[derive(Debug, clap::Args)]
#[command(after_help = INSTALL)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Known,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Known {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let shell = match args.shell {
        Known::Bash => Shell::Bash,
        Known::Zsh => Shell::Zsh,
        Known::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "keypurse", &mut script);
    match io::stdout().write_all(&script) {
        // `keypurse completions bash | head` has done what it should.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
