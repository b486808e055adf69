//! Keys that are pressed, one byte each.

use std::io::{self, IsTerminal, Read};
use std::{future, thread};

use tokio::sync::mpsc;

use super::command::Sort;

/// Ctrl-C and Ctrl-D, as a raw terminal sends them.
const ENDS: [u8; 3] = [3, 4, b'q'];

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    Quit,
    Sort(Sort),
}

/// A terminal's keyboard, or none.
pub(super) struct Keyboard {
    keys: Option<mpsc::Receiver<Pressed>>,
}

impl Keyboard {
    /// Reads on a thread of its own, which ends with the process: a read that
    /// nobody answers cannot be called back.
    pub(super) fn open() -> Self {
        if !io::stdin().is_terminal() {
            return Self { keys: None };
        }
        let (pressed, keys) = mpsc::channel(16);
        thread::spawn(move || {
            let read = io::stdin().lock().bytes().map_while(Result::ok);
            for key in read.filter_map(meaning).chain([Pressed::Quit]) {
                if pressed.blocking_send(key).is_err() {
                    return;
                }
            }
        });
        Self { keys: Some(keys) }
    }

    /// The next key that means something.
    pub(super) async fn pressed(&mut self) -> Pressed {
        match &mut self.keys {
            None => future::pending().await,
            Some(keys) => keys.recv().await.unwrap_or(Pressed::Quit),
        }
    }
}

fn meaning(byte: u8) -> Option<Pressed> {
    match byte {
        byte if ENDS.contains(&byte) => Some(Pressed::Quit),
        b'm' => Some(Pressed::Sort(Sort::Minute)),
        b'h' => Some(Pressed::Sort(Sort::Hour)),
        b't' => Some(Pressed::Sort(Sort::Today)),
        b'b' => Some(Pressed::Sort(Sort::Balance)),
        _ => None,
    }
}
