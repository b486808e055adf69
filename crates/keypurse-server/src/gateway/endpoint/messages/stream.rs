//! A message's stream: events, the last of which are kept back until the call
//! is settled.

use std::borrow::Cow;

use bytes::Bytes;
use keypurse_core::money::Money;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::anthropic::{Event, MessageStream, closing, renamed_start, to_event};

use super::model_name::ModelName;
use crate::gateway::call::settle::Told;
use crate::gateway::endpoint::stream::{Fate, StreamEnd, Tail};
use crate::gateway::error::GatewayError;
use crate::gateway::relay::meter::Heard;
use crate::gateway::upstream::dispatch::UpstreamFault;
use crate::http::envelope::Envelope;

/// A message's stream as it comes in.
#[derive(Debug)]
pub(in crate::gateway) struct MessagesStream {
    /// Whether it comes as the provider sent it: then it tells its input first.
    is_native: bool,
    model: ModelName,
    order: MessageStream,
    /// How far the client is.
    delivered: MessageStream,
    /// The event it begins with, until the client has it.
    start: Option<Bytes>,
    /// The last `message_delta`.
    end: Option<String>,
    /// How much text the usage of the whole answer is about, once it was told.
    told_at: Option<u64>,
    /// Whether it was told when the message had ended.
    is_told_whole: bool,
}

impl MessagesStream {
    pub(in crate::gateway) fn new(is_native: bool, model: ModelName) -> Self {
        Self {
            is_native,
            model,
            order: MessageStream::default(),
            delivered: MessageStream::default(),
            start: None,
            end: None,
            told_at: None,
            is_told_whole: false,
        }
    }

    pub(in crate::gateway) fn has_begun(&self) -> bool {
        self.order.has_begun()
    }

    pub(in crate::gateway) fn is_complete(&self) -> bool {
        self.order.has_ended()
    }

    pub(in crate::gateway) fn delivered(&mut self) {
        self.delivered.clone_from(&self.order);
        self.start = None;
    }

    pub(in crate::gateway) fn judge(
        &mut self,
        event: &Bytes,
        data: Cow<'_, str>,
        heard: &mut Heard,
    ) -> Fate {
        let Some(read) = Event::read(&data) else {
            return Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense));
        };
        if heard.take_in(read.text_bytes(), || read.texts()).is_err() {
            return Fate::Ends(StreamEnd::OverLimit);
        }
        if self.order.take(&read).is_err() {
            return Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense));
        }
        match read {
            Event::Error(_) => return Fate::Ends(StreamEnd::Refused(event.clone())),
            Event::MessageStop => return Fate::Ends(StreamEnd::Done),
            Event::MessageStart { .. } => return self.begin(event, &data),
            Event::MessageDelta { usage, .. } => {
                if usage.is_some() {
                    self.told_at = Some(heard.text_bytes());
                    self.is_told_whole = self.order.has_ended();
                }
                if self.order.has_ended() {
                    self.end = Some(data.into_owned());
                    return Fate::KeptBack;
                }
            }
            _ if !self.order.has_begun() => return Fate::KeptBack,
            _ => {}
        }
        Fate::Passes
    }

    fn begin(&mut self, event: &Bytes, data: &str) -> Fate {
        let rename = || renamed_start(data, |model| self.model.instead_of(model));
        let Some(renamed) = self.model.may_differ().then(rename).flatten() else {
            self.start = Some(event.clone());
            return Fate::Passes;
        };
        let event = Bytes::from(to_event("message_start", &renamed));
        self.start = Some(event.clone());
        Fate::Replaced(event)
    }

    /// Usage is of the whole answer only at its end: the one it begins with
    /// knows no output yet.
    pub(in crate::gateway) fn told(&self, heard: &Heard) -> Told<'_> {
        let is_last = self.told_at.is_some_and(|at| at >= heard.text_bytes());
        Told {
            usage: self.order.usage().filter(|_| is_last),
            tier: None,
        }
    }

    /// Whether that usage is of the whole answer: nothing was missing any more.
    pub(in crate::gateway) fn is_told_whole(&self) -> bool {
        self.is_told_whole
    }

    pub(in crate::gateway) fn input_told(&self) -> Option<TokenCounts> {
        self.order.usage().filter(|_| self.is_native)?.ok()
    }

    pub(in crate::gateway) fn tail(&self, tail: Tail, cost: Money, used: &TokenCounts) -> String {
        let cost = cost.to_string();
        let beside = || format!(": keypurse-cost={cost}\n\n");
        match tail {
            Tail::Complete => {
                let end = self.end.as_deref();
                let end = end.and_then(|end| closing(end, Some(used), &cost));
                end.unwrap_or_else(|| {
                    beside() + &to_event("message_stop", r#"{"type":"message_stop"}"#)
                })
            }
            Tail::Cut => {
                let start = self.start.as_deref().unwrap_or_default();
                String::from_utf8_lossy(start).into_owned()
                    + &self.delivered.cut_at_limit(used, &cost)
            }
            Tail::Refused(event) => beside() + &String::from_utf8_lossy(&event),
            Tail::Failed(error) => beside() + &Self::error_event(error),
        }
    }

    /// An error as the last event of a stream.
    pub(in crate::gateway) fn error_event(error: GatewayError) -> String {
        let error = error.shape().to_json(Envelope::Anthropic);
        to_event("error", &error.to_string())
    }
}
