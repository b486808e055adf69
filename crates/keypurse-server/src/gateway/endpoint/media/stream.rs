//! Streams of images and sounds: their last event is kept back until the call
//! is settled.

use std::borrow::Cow;

use bytes::Bytes;
use keypurse_core::money::Money;
use keypurse_core::usage::{TokenCounts, Units};
use keypurse_providers::openai::{
    ImplausibleUsage, read_image_usage, read_speech_usage, read_transcription_usage,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Media;
use crate::gateway::call::settle::Told;
use crate::gateway::endpoint::stream::{Fate, StreamEnd, Tail};
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::stream_cost;
use crate::gateway::upstream::dispatch::UpstreamFault;
use crate::http::envelope::Envelope;

/// A stream as it comes in.
#[derive(Debug)]
pub(in crate::gateway) struct MediaStream {
    media: Media,
    has_begun: bool,
    /// What ends it, kept back.
    last: Vec<Bytes>,
    /// Of all that ended.
    usage: Option<Result<TokenCounts, ImplausibleUsage>>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// What an event of these streams is.
#[derive(PartialEq, Eq)]
enum Kind {
    /// The whole image, sound or text is there.
    Last,
    Failure,
    Other,
}

impl Kind {
    fn of(wire: &Wire<'_>) -> Self {
        let kind = wire.kind.as_deref().unwrap_or_default();
        let ends = [
            "image_generation.completed",
            "image_edit.completed",
            "speech.audio.done",
            "transcript.text.done",
        ];
        if kind == "error" || wire.error.is_some_and(|error| error.get() != "null") {
            Self::Failure
        } else if ends.contains(&kind) {
            Self::Last
        } else {
            Self::Other
        }
    }
}

impl MediaStream {
    pub(in crate::gateway) fn new(media: Media) -> Self {
        Self {
            media,
            has_begun: false,
            last: Vec::new(),
            usage: None,
        }
    }

    pub(in crate::gateway) fn has_begun(&self) -> bool {
        self.has_begun
    }

    pub(in crate::gateway) fn is_complete(&self) -> bool {
        let needed = match &self.media {
            Media::Images(images) => images.count,
            Media::Speech(_) | Media::Transcription(_) => 1,
        };
        u64::try_from(self.last.len()).is_ok_and(|ended| ended >= needed)
    }

    pub(in crate::gateway) fn judge(&mut self, event: &Bytes, data: &str) -> Fate {
        let wire = data
            .starts_with('{')
            .then(|| serde_json::from_str(data).ok());
        let Some(wire): Option<Wire<'_>> = wire.flatten() else {
            return Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense));
        };
        match Kind::of(&wire) {
            Kind::Failure => Fate::Ends(StreamEnd::Refused(event.clone())),
            Kind::Other => {
                self.has_begun = true;
                Fate::Passes
            }
            Kind::Last => {
                self.has_begun = true;
                self.note(wire.usage);
                self.last.push(event.clone());
                if self.is_complete() {
                    return Fate::Ends(StreamEnd::Done);
                }
                Fate::KeptBack
            }
        }
    }

    /// Each of several images may tell its own usage.
    fn note(&mut self, usage: Option<&RawValue>) {
        let told = match (&self.media, usage) {
            (Media::Images(_), usage) => {
                let counts = usage.map_or(Ok(TokenCounts::NONE), read_image_usage);
                let units = Units {
                    images: 1,
                    ..Units::NONE
                };
                Some(counts.map(|counts| TokenCounts { units, ..counts }))
            }
            (Media::Speech(_), usage) => usage.map(read_speech_usage),
            (Media::Transcription(_), usage) => usage.map(read_transcription_usage),
        };
        self.usage = match (self.usage.take(), told) {
            (Some(Ok(before)), Some(Ok(more))) => Some(sum(before, more)),
            (Some(before), None) => Some(before),
            (_, told) => told,
        };
    }

    pub(in crate::gateway) fn told(&self) -> Told<'_> {
        Told {
            usage: self.usage,
            tier: None,
        }
    }

    pub(in crate::gateway) fn tail(&self, tail: Tail, cost: Money) -> String {
        let cost = stream_cost(None, cost);
        match tail {
            Tail::Complete => {
                let last = self.last.iter().map(|event| String::from_utf8_lossy(event));
                cost + &last.collect::<String>()
            }
            Tail::Cut => cost,
            Tail::Refused(event) => cost + &String::from_utf8_lossy(&event),
            Tail::Failed(error) => cost + &Self::error_event(error),
        }
    }

    /// An error as the last event of a stream.
    pub(in crate::gateway) fn error_event(error: GatewayError) -> String {
        format!("data: {}\n\n", error.shape().to_json(Envelope::OpenAi))
    }
}

fn sum(before: TokenCounts, more: TokenCounts) -> Result<TokenCounts, ImplausibleUsage> {
    let (before, more) = (before.to_array(), more.to_array());
    let mut sums = [0; keypurse_core::usage::COUNTS];
    for (at, sum) in sums.iter_mut().enumerate() {
        *sum = before[at].checked_add(more[at]).ok_or(ImplausibleUsage)?;
    }
    TokenCounts::from_array(sums).ok_or(ImplausibleUsage)
}
