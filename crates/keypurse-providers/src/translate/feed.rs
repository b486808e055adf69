//! Cuts a stream's bytes into its events.

use serde_json::value::RawValue;
use thiserror::Error;

use crate::openai::{Event, end_of_event};

/// No event of a chat is larger.
const LARGEST_EVENT: usize = 1024 * 1024;

/// A stream that cannot be translated any further. What came out before is
/// good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StreamFault {
    /// An event that is none of the provider's dialect, or out of order.
    #[error("the provider's stream makes no sense")]
    Nonsense,
    /// An event larger than any should be.
    #[error("the provider sent an event that is too large")]
    TooLarge,
}

/// The beginning of an event whose end has not come.
#[derive(Debug, Default)]
pub(super) struct Feed {
    pending: Vec<u8>,
}

impl Feed {
    /// Takes in what came and hands over each event that is whole.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Event<'_>) -> Result<(), StreamFault>,
    ) -> Result<(), StreamFault> {
        let mut searched = self.pending.len();
        self.pending.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(length) = end_of_event(&self.pending[at..], searched) {
            each(Event::read(&self.pending[at..at + length]))?;
            (at, searched) = (at + length, 0);
        }
        self.pending.drain(..at);
        if self.pending.len() > LARGEST_EVENT {
            return Err(StreamFault::TooLarge);
        }
        Ok(())
    }

    /// Hands over the last event if its blank line is missing.
    pub(super) fn close(
        &mut self,
        each: impl FnMut(Event<'_>) -> Result<(), StreamFault>,
    ) -> Result<(), StreamFault> {
        if self.pending.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.push(b"\n\n", each)
    }
}

/// What should be a text is passed on as it is written.
pub(super) fn needs_text(raw: &RawValue) -> Result<(), StreamFault> {
    if raw.get().starts_with('"') {
        Ok(())
    } else {
        Err(StreamFault::Nonsense)
    }
}
