//! A chat's stream: chunks, of which those with usage are kept back until the
//! call is settled.

use std::borrow::Cow;

use bytes::Bytes;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::openai::{Beside, Chunk, read_usage, write_usage};
use serde_json::value::RawValue;

use crate::gateway::call::settle::Told;
use crate::gateway::endpoint::splice::{Edits, place_of};
use crate::gateway::endpoint::stream::{Fate, StreamEnd, Tail};
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::{DONE, Paid, stream_cost, to_event};
use crate::gateway::relay::meter::{Heard, TooMuch};
use crate::gateway::upstream::dispatch::UpstreamFault;
use crate::http::envelope::Envelope;

/// A chat's stream as it comes in.
#[derive(Debug)]
pub(in crate::gateway) struct ChatStream {
    choices: u64,
    /// Whether the client wants to see usage.
    include_usage: bool,
    finished: u64,
    /// The chunk that ends the stream when there is no money for what comes
    /// next; made from the first chunk.
    cut: Option<String>,
    /// The last chunk with usage, without its choices.
    usage_chunk: Option<String>,
    /// How much text it is about.
    usage_text_bytes: u64,
    /// Whether it came when all choices had ended.
    is_told_whole: bool,
    /// Bytes of text that came beside the deltas, where these said nothing.
    beside: u64,
    /// The tier of service the last chunk that names one names.
    tier: Option<Box<RawValue>>,
}

impl ChatStream {
    pub(in crate::gateway) fn new(choices: u64, include_usage: bool) -> Self {
        Self {
            choices,
            include_usage,
            finished: 0,
            cut: None,
            usage_chunk: None,
            usage_text_bytes: 0,
            is_told_whole: false,
            beside: 0,
            tier: None,
        }
    }

    pub(in crate::gateway) fn has_begun(&self) -> bool {
        self.cut.is_some()
    }

    pub(in crate::gateway) fn is_complete(&self) -> bool {
        self.finished >= self.choices
    }

    pub(in crate::gateway) fn judge(
        &mut self,
        event: &Bytes,
        data: Cow<'_, str>,
        heard: &mut Heard,
    ) -> Fate {
        let Some(chunk) = Chunk::read(&data) else {
            return Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense));
        };
        if chunk.error.is_some() {
            return Fate::Ends(StreamEnd::Refused(event.clone()));
        }
        if self.cut.is_none() {
            self.cut = Some(chunk.cut_at_limit(self.choices));
        }
        self.finished += chunk.finished();
        if self.hear(&chunk, &data, heard).is_err() {
            return Fate::Ends(StreamEnd::OverLimit);
        }
        self.note_tier(chunk.service_tier);
        let Some(usage) = chunk.usage else {
            return Fate::Passes;
        };
        self.usage_text_bytes = heard.text_bytes();
        self.is_told_whole = self.is_complete();
        if !chunk.has_choices() {
            self.usage_chunk = Some(data.into_owned());
            return Fate::KeptBack;
        }
        self.usage_chunk = Some(chunk.usage_only(usage.get()));
        let mut edits = Edits::default();
        edits.replace(place_of(usage, data.as_bytes()), "null");
        let shown = edits.apply(&Bytes::copy_from_slice(data.as_bytes()));
        Fate::Replaced(to_event(&String::from_utf8_lossy(&shown)).into())
    }

    /// Some servers say beside the delta what they should say in it, and some
    /// what they said in deltas once more: what is beyond these is heard.
    fn hear(&mut self, chunk: &Chunk<'_>, data: &str, heard: &mut Heard) -> Result<(), TooMuch> {
        let said = chunk.text_bytes();
        if said > 0 || !chunk.has_choices() {
            return heard.take_in(said, || chunk.texts());
        }
        let beside = Beside::read(data);
        self.beside += beside.text_bytes();
        let unheard = self.beside.saturating_sub(heard.text_bytes());
        heard.take_in(unheard, || beside.texts())
    }

    /// Most providers repeat it in every chunk.
    fn note_tier(&mut self, told: Option<&RawValue>) {
        let is_new = |told: &&RawValue| {
            let known = self.tier.as_deref();
            known.is_none_or(|known| known.get() != told.get())
        };
        if let Some(told) = told.filter(is_new) {
            self.tier = Some(told.to_owned());
        }
    }

    /// Usage counts unless text has come since: some tell it as they go, and a
    /// stream that is cut then has more than they said.
    pub(in crate::gateway) fn told(&self, heard: &Heard) -> Told<'_> {
        let is_last = self.usage_text_bytes >= heard.text_bytes();
        let chunk = self.usage_chunk.as_deref().and_then(Chunk::read);
        let usage = chunk.and_then(|chunk| chunk.usage).filter(|_| is_last);
        Told {
            usage: usage.map(read_usage),
            tier: self.tier.as_deref(),
        }
    }

    /// Whether that usage is of the whole answer: nothing was missing any more.
    pub(in crate::gateway) fn is_told_whole(&self) -> bool {
        self.is_told_whole
    }

    pub(in crate::gateway) fn tail(&self, tail: Tail, paid: Paid<'_>) -> String {
        let usage_chunk = match &self.usage_chunk {
            _ if !self.include_usage => None,
            Some(told) if matches!(tail, Tail::Complete) => Some(Cow::from(told)),
            // What was told before the end is of a part.
            _ => self.own_usage_chunk(paid.used).map(Cow::from),
        };
        let cost = stream_cost(usage_chunk.as_deref(), paid.cost);
        match tail {
            Tail::Complete => cost + DONE,
            Tail::Cut => self.cut.as_deref().map_or_else(String::new, to_event) + &cost + DONE,
            Tail::Refused(event) => cost + &String::from_utf8_lossy(&event),
            Tail::Failed(error) => cost + &Self::error_event(error),
        }
    }

    /// What was charged for, where the provider does not tell it.
    fn own_usage_chunk(&self, used: &TokenCounts) -> Option<String> {
        let chunk = Chunk::read(self.cut.as_deref()?)?;
        Some(chunk.usage_only(&write_usage(used).to_string()))
    }

    /// An error as the last event of a stream.
    pub(in crate::gateway) fn error_event(error: GatewayError) -> String {
        format!("data: {}\n\n", error.shape().to_json(Envelope::OpenAi))
    }
}
