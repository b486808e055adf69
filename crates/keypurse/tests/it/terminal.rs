//! Commands on a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use crate::process::{ACCOUNT_KEY, Setup, keypurse};

const ENTERS: &str = "\u{1b}[?1049h";
const LEAVES: &str = "\u{1b}[?1049l";
const SHOWS_CURSOR: &str = "\u{1b}[?25h";

/// A terminal of 100 columns, and whoever sits before it.
struct Terminal {
    person: File,
    terminal: OwnedFd,
    seen: String,
}

impl Terminal {
    fn open_one() -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = open(&*name, flags, Mode::empty()).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        Self {
            person: File::from(person),
            terminal,
            seen: String::new(),
        }
    }

    fn side(&self) -> Stdio {
        Stdio::from(self.terminal.try_clone().unwrap())
    }

    /// Starts a command that has nothing but this terminal.
    fn start(&self, command: &mut Command) -> Child {
        let command = command.stdin(self.side()).stdout(self.side());
        command.stderr(self.side()).spawn().unwrap()
    }

    /// Reads until all of this has been seen.
    fn see(&mut self, wanted: &[&str]) {
        let mut bytes = [0; 4096];
        while !wanted.iter().all(|text| self.seen.contains(text)) {
            let count = self.person.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "{:?} and no more", self.seen);
            self.seen
                .push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    fn press(&mut self, key: &str) {
        self.person.write_all(key.as_bytes()).unwrap();
    }

    /// Echo, lines, signals: what a shell relies on.
    fn modes(&self) -> String {
        let modes = tcgetattr(&self.terminal).unwrap();
        format!(
            "{:?} {:?} {:?}",
            modes.local_modes, modes.input_modes, modes.output_modes
        )
    }
}

fn to_server(setup: &Setup, arguments: &[&str]) -> Command {
    let mut command = keypurse();
    command
        .current_dir(&setup.folder)
        .args(arguments)
        .env("TERM", "xterm")
        .env("KEYPURSE_URL", format!("http://{}", setup.address))
        .env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
    command
}

async fn with_token(setup: &Setup) -> crate::process::Process {
    let process = setup.start().await;
    create(setup, "night-shift");
    process
}

fn create(setup: &Setup, name: &str) {
    let mut create = to_server(setup, &["token", "create", name, "--balance", "2.5"]);
    assert!(create.output().unwrap().status.success());
}

#[tokio::test]
async fn top_gives_the_terminal_back_as_it_was_however_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = with_token(&setup).await;
    for end in ["q", "\u{3}", "SIGTERM"] {
        let mut terminal = Terminal::open_one();
        let before = terminal.modes();
        let mut top = terminal.start(&mut to_server(&setup, &["top"]));
        terminal.see(&[ENTERS, "night-shift", "$2.50", "calls/s"]);
        assert_ne!(terminal.modes(), before, "keys are read one by one");
        if end == "SIGTERM" {
            let pid = top.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-TERM", &pid])
                    .status()
                    .unwrap()
                    .success()
            );
        } else {
            terminal.press(end);
        }
        terminal.see(&[LEAVES, SHOWS_CURSOR]);
        assert_eq!(top.wait().unwrap().code(), Some(0), "{end}");
        assert_eq!(terminal.modes(), before, "{end}");
    }
    assert!(process.terminate().success());
}

#[tokio::test]
async fn top_outlives_its_server_and_sorts_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = with_token(&setup).await;
    let mut terminal = Terminal::open_one();
    let mut top = terminal.start(&mut to_server(&setup, &["top"]));
    terminal.see(&["night-shift"]);
    terminal.seen.clear();
    terminal.press("b");
    terminal.see(&["night-shift", "$2.50"]);
    assert!(process.terminate().success());
    terminal.see(&["there is no server at"]);
    let mut process = setup.start().await;
    create(&setup, "day-shift");
    terminal.see(&["day-shift"]);
    terminal.press("q");
    terminal.see(&[LEAVES]);
    assert_eq!(top.wait().unwrap().code(), Some(0));
    assert!(process.terminate().success());
}

#[tokio::test]
async fn colours_are_for_terminals_that_want_them() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = with_token(&setup).await;
    let bold = "\u{1b}[1m";
    for (no_color, is_bold) in [("", true), ("1", false)] {
        let mut terminal = Terminal::open_one();
        let mut list = to_server(&setup, &["token", "list"]);
        let mut list = terminal.start(list.env("NO_COLOR", no_color));
        terminal.see(&["TOKEN", "night-shift"]);
        assert!(list.wait().unwrap().success());
        assert_eq!(terminal.seen.contains(bold), is_bold, "{:?}", terminal.seen);
    }
    let piped = to_server(&setup, &["token", "list"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&piped.stdout).contains('\u{1b}'));
    assert!(process.terminate().success());
}

#[tokio::test]
async fn a_person_is_asked_before_a_token_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = with_token(&setup).await;
    for (answer, said) in [("n\n", "nothing was deleted"), ("y\n", "deleted token")] {
        let mut terminal = Terminal::open_one();
        let mut delete =
            terminal.start(&mut to_server(&setup, &["token", "delete", "night-shift"]));
        terminal.see(&["[y/N]"]);
        terminal.press(answer);
        terminal.see(&[said]);
        assert!(delete.wait().unwrap().success());
    }
    assert!(process.terminate().success());
}
