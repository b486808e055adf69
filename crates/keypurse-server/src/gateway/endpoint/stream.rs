//! Streams, as the clients of an endpoint read them.

use std::borrow::Cow;

use bytes::Bytes;
use keypurse_core::usage::TokenCounts;

use super::asked::{Asked, Wire};
use super::chat::stream::ChatStream;
use super::media::stream::MediaStream;
use super::messages::stream::MessagesStream;
use super::responses::stream::ResponseStream;
use crate::gateway::call::settle::Told;
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::Paid;
use crate::gateway::relay::meter::Heard;
use crate::gateway::upstream::dispatch::UpstreamFault;

/// A stream of one endpoint: what its events mean, and how it ends.
#[derive(Debug)]
pub(in crate::gateway) enum StreamWire {
    Chat(ChatStream),
    Responses(ResponseStream),
    Messages(Box<MessagesStream>),
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
    /// `is_native` when it comes as it was asked for, without translation.
    pub(in crate::gateway) fn stream(&self, is_native: bool) -> Option<StreamWire> {
        match &self.wire {
            Wire::Chat(chat) if self.streamed => {
                let stream = ChatStream::new(self.choices, chat.include_usage);
                Some(StreamWire::Chat(stream))
            }
            Wire::Media(media) if self.streamed => {
                Some(StreamWire::Media(MediaStream::new(media.clone())))
            }
            Wire::Responses(respond) if self.streamed => {
                let stream = ResponseStream::new(respond.names.clone());
                Some(StreamWire::Responses(stream))
            }
            Wire::Messages(messages) if self.streamed => {
                let name = messages.model_name(&self.model);
                let stream = MessagesStream::new(is_native, name);
                Some(StreamWire::Messages(Box::new(stream)))
            }
            Wire::Chat(_)
            | Wire::Responses(_)
            | Wire::Messages(_)
            | Wire::Plain
            | Wire::Media(_) => None,
        }
    }
}

impl StreamWire {
    /// Whether anything of the answer has come.
    pub(in crate::gateway) fn has_begun(&self) -> bool {
        match self {
            Self::Chat(chat) => chat.has_begun(),
            Self::Responses(stream) => stream.has_begun(),
            Self::Media(media) => media.has_begun(),
            Self::Messages(messages) => messages.has_begun(),
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
            Self::Responses(stream) => stream.judge(event, data, heard),
            Self::Media(media) => media.judge(event, &data),
            Self::Messages(messages) => messages.judge(event, data, heard),
        }
    }

    /// Whether it is complete when nothing more comes.
    pub(in crate::gateway) fn is_complete(&self) -> bool {
        match self {
            Self::Chat(chat) => chat.is_complete(),
            Self::Responses(stream) => stream.is_complete(),
            Self::Messages(messages) => messages.is_complete(),
            Self::Media(media) => media.is_complete(),
        }
    }

    /// Whether a mark says that it is complete.
    pub(in crate::gateway) fn ends_with_done(&self) -> bool {
        matches!(self, Self::Chat(_) | Self::Media(_))
    }

    /// No event of it is larger. A response's last one has all of it, images
    /// come whole.
    pub(in crate::gateway) fn largest_event(&self) -> usize {
        match self {
            Self::Chat(_) | Self::Messages(_) => 1024 * 1024,
            Self::Responses(_) => 16 * 1024 * 1024,
            Self::Media(_) => 64 * 1024 * 1024,
        }
    }

    /// What the provider told about the call's cost.
    pub(in crate::gateway) fn told(&self, heard: &Heard) -> Told<'_> {
        match self {
            Self::Chat(chat) => chat.told(heard),
            Self::Responses(stream) => stream.told(heard),
            Self::Media(media) => media.told(),
            Self::Messages(messages) => messages.told(heard),
        }
    }

    /// Whether the usage it told is of the whole answer, though its stream may
    /// go on. The others tell it in their last event.
    pub(in crate::gateway) fn is_told_whole(&self) -> bool {
        match self {
            Self::Chat(chat) => chat.is_told_whole(),
            Self::Messages(messages) => messages.is_told_whole(),
            Self::Responses(_) | Self::Media(_) => self.is_complete(),
        }
    }

    /// What was judged so far is with the client.
    pub(in crate::gateway) fn delivered(&mut self) {
        match self {
            Self::Chat(_) | Self::Media(_) => {}
            Self::Responses(stream) => stream.delivered(),
            Self::Messages(messages) => messages.delivered(),
        }
    }

    /// What the provider told about the input of a call, and its output so far,
    /// when it has not told its usage.
    pub(in crate::gateway) fn input_told(&self) -> Option<TokenCounts> {
        match self {
            Self::Chat(_) | Self::Responses(_) | Self::Media(_) => None,
            Self::Messages(messages) => messages.input_told(),
        }
    }

    /// What the client gets after the charge is on disk.
    pub(in crate::gateway) fn tail(&self, tail: Tail, paid: Paid<'_>) -> String {
        match self {
            Self::Chat(chat) => chat.tail(tail, paid),
            Self::Responses(stream) => stream.tail(tail, paid),
            Self::Media(media) => media.tail(tail, paid.cost),
            Self::Messages(messages) => messages.tail(tail, paid.cost, paid.used),
        }
    }

    /// An error as the last event of a stream that has begun.
    pub(in crate::gateway) fn error_event(&self, error: GatewayError) -> String {
        match self {
            Self::Chat(_) => ChatStream::error_event(error),
            Self::Responses(stream) => stream.error_event(error),
            Self::Media(_) => MediaStream::error_event(error),
            Self::Messages(_) => MessagesStream::error_event(error),
        }
    }
}
