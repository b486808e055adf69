//! Streams, as the clients of an endpoint read them.

use std::borrow::Cow;

use bytes::Bytes;
use keypurse_core::money::Money;

use super::asked::{Asked, Wire};
use super::chat::stream::ChatStream;
use super::media::stream::MediaStream;
use crate::gateway::call::settle::Told;
use crate::gateway::error::GatewayError;
use crate::gateway::relay::meter::Heard;
use crate::gateway::upstream::dispatch::UpstreamFault;

/// A stream of one endpoint: what its events mean, and how it ends.
#[derive(Debug)]
pub(in crate::gateway) enum StreamWire {
    Chat(ChatStream),
    Media(MediaStream),
}

/// What becomes of one event.
#[derive(Debug)]
pub(in crate::gateway) enum Fate {
    Passes,
    KeptBack,
    Replaced(Bytes),
    Ends(StreamEnd),
}

/// Why a provider's stream is over.
#[derive(Debug)]
pub(in crate::gateway) enum StreamEnd {
    /// It is complete.
    Done,
    /// It has more output than was asked for.
    OverLimit,
    /// The provider's own error event.
    Refused(Bytes),
    /// It broke off, or is none.
    Fault(UpstreamFault),
}

/// What a client gets last.
#[derive(Debug)]
pub(in crate::gateway) enum Tail {
    /// The end of a complete answer.
    Complete,
    /// The end of one that reached its limit, or that of its money.
    Cut,
    /// The provider's own error event.
    Refused(Bytes),
    Failed(GatewayError),
}

impl Asked {
    /// How its answer is read when it is a stream. `None`: it is none.
    pub(in crate::gateway) fn stream(&self) -> Option<StreamWire> {
        match &self.wire {
            Wire::Chat(chat) if self.streamed => {
                let stream = ChatStream::new(self.choices, chat.include_usage);
                Some(StreamWire::Chat(stream))
            }
            Wire::Media(media) if self.streamed => {
                Some(StreamWire::Media(MediaStream::new(media.clone())))
            }
            Wire::Chat(_) | Wire::Plain | Wire::Media(_) => None,
        }
    }
}

impl StreamWire {
    /// Whether anything of the answer has come.
    pub(in crate::gateway) fn has_begun(&self) -> bool {
        match self {
            Self::Chat(chat) => chat.has_begun(),
            Self::Media(media) => media.has_begun(),
        }
    }

    /// Judges an event and the data it carries.
    pub(in crate::gateway) fn judge(
        &mut self,
        event: &Bytes,
        data: Cow<'_, str>,
        heard: &mut Heard,
    ) -> Fate {
        match self {
            Self::Chat(chat) => chat.judge(event, data, heard),
            Self::Media(media) => media.judge(event, &data),
        }
    }

    /// No event of it is larger: images come whole.
    pub(in crate::gateway) fn largest_event(&self) -> usize {
        match self {
            Self::Media(_) => 64 * 1024 * 1024,
            Self::Chat(_) => 1024 * 1024,
        }
    }

    /// Whether it is complete when nothing more comes.
    pub(in crate::gateway) fn is_complete(&self) -> bool {
        match self {
            Self::Chat(chat) => chat.is_complete(),
            Self::Media(media) => media.is_complete(),
        }
    }

    /// What the provider told about the call's cost.
    pub(in crate::gateway) fn told(&self, heard: &Heard) -> Told<'_> {
        match self {
            Self::Chat(chat) => chat.told(heard),
            Self::Media(media) => media.told(),
        }
    }

    /// What the client gets after the charge is on disk.
    pub(in crate::gateway) fn tail(&self, tail: Tail, cost: Money) -> String {
        match self {
            Self::Chat(chat) => chat.tail(tail, cost),
            Self::Media(media) => media.tail(tail, cost),
        }
    }

    /// An error as the last event of a stream that has begun.
    pub(in crate::gateway) fn error_event(&self, error: GatewayError) -> String {
        match self {
            Self::Chat(_) => ChatStream::error_event(error),
            Self::Media(_) => MediaStream::error_event(error),
        }
    }
}
