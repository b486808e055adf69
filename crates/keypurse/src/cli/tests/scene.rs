//! A node whose clock stands still, and commands that ask it.

use std::sync::Arc;

use clap::Parser;
use keypurse_core::secret::TokenSecret;
use keypurse_testkit::TestApp;

use crate::api::{Api, Transport};
use crate::cli::console::Console;
use crate::cli::session::Session;
use crate::cli::{Cli, Command, node_command};
use crate::hint;

/// What a command did.
pub(super) struct Done {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) code: u8,
}

/// Runs one command; `typed` answers what it asks.
pub(super) async fn run(app: &TestApp, arguments: &[String], typed: Option<&str>) -> Done {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::to(&mut out, &mut err, app.clock());
    if let Some(answer) = typed {
        console = console.typing(answer);
    }
    let ended = ask(app, &cli.command, &mut console).await;
    drop(console);
    let code = match ended {
        Ok(()) => 0,
        Err(error) => {
            hint::write(&error, &mut err).unwrap();
            1
        }
    };
    let [stdout, stderr] = [out, err].map(|bytes| String::from_utf8(bytes).unwrap());
    Done {
        stdout,
        stderr,
        code,
    }
}

async fn ask(app: &TestApp, command: &Command, console: &mut Console<'_>) -> anyhow::Result<()> {
    let api = Api {
        transport: Transport::InProcess(Arc::clone(app.state())),
        key: TokenSecret::from_text(app.account_key().to_owned()),
    };
    let Command::Node(command) = command else {
        panic!("{command:?} asks no node");
    };
    let mut session = Session {
        api: &api,
        console,
        json: command.node().json,
        command: command.name(),
    };
    node_command::ask(command, &mut session).await
}

fn not_understood(error: &clap::Error) -> Done {
    let text = error.render().to_string();
    let (stdout, stderr) = if error.use_stderr() {
        (String::new(), text)
    } else {
        (text, String::new())
    };
    Done {
        stdout,
        stderr,
        code: u8::try_from(error.exit_code()).unwrap(),
    }
}
