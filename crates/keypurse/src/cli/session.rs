//! A command that asks a node: connect, run, close.

use std::io::{self, ErrorKind};

use crate::api::{Answer, Api, Call, ConnectArgs};
use crate::cli::console::Console;

/// What all commands take that ask a node.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct NodeArgs {
    /// Print the API's own JSON, decimals untouched, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// A node, and somebody to tell.
pub(crate) struct Session<'a, 'c> {
    pub(crate) api: &'a Api,
    pub(crate) console: &'a mut Console<'c>,
    /// Whether programs read the answer.
    pub(crate) json: bool,
    /// What was typed, such as `token list`.
    pub(crate) command: &'static str,
}

impl Session<'_, '_> {
    /// A call that has to succeed.
    pub(crate) async fn ask(&self, call: &Call<'_>, doing: &str) -> anyhow::Result<Answer> {
        self.api.ask(call, doing, self.command).await
    }
}

/// Runs a command on the process's own console.
pub(crate) fn run(
    args: &NodeArgs,
    name: &'static str,
    command: impl AsyncFnOnce(&mut Session<'_, '_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut console = Console::of_process();
    let done = runtime.block_on(async {
        let environment = |name: &str| std::env::var(name).ok();
        let warn = |warning: &str| console.tell(format_args!("warning: {warning}"));
        let api = args.connect.connect(&environment, warn).await?;
        let mut session = Session {
            api: &api,
            console: &mut console,
            json: args.json,
            command: name,
        };
        let done = command(&mut session).await;
        done.and(api.close().await)
    });
    // A thread may wait for keys that nobody presses.
    runtime.shutdown_background();
    done.or_else(unless_nobody_reads)
}

/// `keypurse token list | head -1` has done what it should.
fn unless_nobody_reads(error: anyhow::Error) -> anyhow::Result<()> {
    match error.downcast_ref::<io::Error>() {
        Some(io) if io.kind() == ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    }
}
