//! `keypurse top` until it is ended.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::command::Sort;
use super::gather::Gatherer;
use super::keyboard::{Keyboard, Pressed};
use super::screen::Screen;
use super::view::{Shape, View};
use crate::cli::session::Session;

const EVERY: Duration = Duration::from_secs(2);

/// One line of JSON each time, until somebody ends it.
pub(super) async fn lines(
    session: &mut Session<'_, '_>,
    gatherer: &mut Gatherer,
    first: View,
    once: bool,
) -> anyhow::Result<()> {
    session.console.write(&first.json()?)?;
    if once {
        return Ok(());
    }
    let writing = async {
        loop {
            tokio::time::sleep(EVERY).await;
            let view = gatherer.gather(session).await?;
            session.console.write(&view.json()?)?;
        }
    };
    let mut signals = Signals::listen()?;
    tokio::select! {
        ended = writing => ended,
        () = signals.end() => Ok(()),
    }
}

/// A table that is drawn anew each time, on a screen of its own.
pub(super) async fn screen(
    session: &mut Session<'_, '_>,
    gatherer: &mut Gatherer,
    first: View,
    shape: Shape,
) -> anyhow::Result<()> {
    // A signal nobody listens to ends the process with its screen on the terminal.
    let mut signals = Signals::listen()?;
    let mut screen = Screen::enter()?;
    // Lines that are too long are cut, not broken.
    session.console.width = None;
    let (chosen, mut by) = watch::channel(shape.sort);
    let drawing = async {
        let mut view = first;
        let mut trouble = None;
        let mut next = Instant::now() + EVERY;
        loop {
            let shape = Shape {
                sort: *by.borrow_and_update(),
                rows: shape.rows.or(Some(Screen::rows())),
                name_chars: Some(Screen::name_chars()),
            };
            screen.draw(&view.lines(session.console, shape), trouble.as_deref())?;
            tokio::select! {
                changed = by.changed() => changed?,
                () = sleep_until(next) => {
                    match gatherer.gather(session).await {
                        Ok(newer) => (view, trouble) = (newer, None),
                        // The server may be restarting.
                        Err(error) => trouble = Some(format!("{error:#}")),
                    }
                    next = Instant::now() + EVERY;
                }
            }
        }
    };
    tokio::select! {
        ended = drawing => ended,
        () = signals.end() => Ok(()),
        pressed = quit_pressed(chosen) => pressed,
    }
}

/// Ctrl-C, a closed terminal, or whoever asks.
struct Signals([Signal; 3]);

impl Signals {
    /// From now on they do not end the process.
    fn listen() -> io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Waits for one that asks for the end.
    async fn end(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

async fn quit_pressed(sort: watch::Sender<Sort>) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    loop {
        match keyboard.pressed().await {
            Pressed::Quit => return Ok(()),
            Pressed::Sort(by) => {
                sort.send_replace(by);
            }
        }
    }
}
