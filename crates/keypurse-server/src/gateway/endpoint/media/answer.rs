//! What an answer about images or sounds says it used, and what else it tells.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use keypurse_core::usage::{Class, TokenCounts, Units};
use keypurse_providers::media::{sound, speech};
use keypurse_providers::openai::{
    Answer, ImplausibleUsage, read_duration, read_image_usage, read_transcription_usage,
};

use super::Media;
use super::bound::prices_no_tokens;
use super::images::Images;
use super::speech::Speech;
use super::transcription::Transcription;
use crate::gateway::call::count::length;
use crate::gateway::routing::route::Route;

/// OpenAI, "Create speech": PCM is samples of 16 bits at 24 kHz.
const PCM_BYTES_A_SECOND: u64 = 48_000;

/// An answer in one piece.
#[derive(Debug)]
pub(in crate::gateway) struct Whole<'a> {
    /// What is read of JSON; what is none passes as it is.
    pub(in crate::gateway) json: Option<Answer<'a>>,
    /// What it says it used.
    pub(in crate::gateway) told: Option<Result<TokenCounts, ImplausibleUsage>>,
    /// What it is counted as when it does not say.
    pub(in crate::gateway) counted: TokenCounts,
}

impl Media {
    /// Reads an answer; `most` is the most the call can have used. `None`: it
    /// is none.
    pub(in crate::gateway) fn read_answer<'a>(
        &self,
        most: &TokenCounts,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Option<Whole<'a>> {
        match self {
            Self::Images(images) => images.read_answer(most, body),
            Self::Speech(speech) => speech.read_answer(most, headers, body),
            Self::Transcription(transcription) => transcription.read_answer(most, headers, body),
        }
    }

    /// What a provider told of its usage, completed by what is known without
    /// it. `None`: nothing.
    pub(in crate::gateway) fn usage(
        &self,
        route: &Route,
        told: Option<Result<TokenCounts, ImplausibleUsage>>,
    ) -> Option<Result<TokenCounts, ImplausibleUsage>> {
        match told {
            Some(Err(implausible)) => Some(Err(implausible)),
            Some(Ok(counts)) => self.charged(route, counts).map(Ok),
            None => self.known(route).map(Ok),
        }
    }

    /// Usage as far as this model's price is of it. `None` when it leaves out
    /// something the price is of: then it says nothing about the cost.
    fn charged(&self, route: &Route, told: TokenCounts) -> Option<TokenCounts> {
        let has = |class| route.price.has_rate(class);
        let known = self.known(route).unwrap_or_default().units;
        let least = sound::least_seconds(&route.provider.name);
        let pick = |class, told: u64, known: u64| match (has(class), told) {
            (false, _) => Some(0),
            (true, 0) => (known > 0).then_some(known),
            (true, told) => Some(told),
        };
        let units = Units {
            characters: pick(Class::Characters, told.units.characters, known.characters)?,
            input_seconds: pick(
                Class::InputSeconds,
                told.units.input_seconds,
                known.input_seconds,
            )?,
            output_seconds: pick(Class::OutputSeconds, told.units.output_seconds, 0)?,
            images: pick(Class::Images, told.units.images, 0)?,
        };
        let input_seconds = match units.input_seconds {
            0 => 0,
            seconds => seconds.max(least),
        };
        let units = Units {
            input_seconds,
            ..units
        };
        if prices_no_tokens(route) {
            return Some(TokenCounts {
                units,
                ..TokenCounts::NONE
            });
        }
        let tells_tokens = told.input > 0 || told.output > 0;
        tells_tokens.then_some(TokenCounts { units, ..told })
    }
}

impl Images {
    fn read_answer<'a>(&self, most: &TokenCounts, body: &'a [u8]) -> Option<Whole<'a>> {
        let answer = Answer::images(body)?;
        let made = answer.images_made().min(self.count);
        let told = match answer.usage.map(read_image_usage) {
            Some(Err(implausible)) => Err(implausible),
            Some(Ok(counts)) => Ok(counts),
            None => Ok(TokenCounts::NONE),
        };
        let units = Units {
            images: made,
            ..Units::NONE
        };
        let of_all = |amount: u64| amount / self.count * made;
        let output = of_all(most.output);
        Some(Whole {
            told: Some(told.map(|counts| TokenCounts { units, ..counts })),
            counted: TokenCounts {
                output,
                output_image: output,
                units: units.at_most(&most.units),
                ..*most
            },
            json: Some(answer),
        })
    }
}

impl Speech {
    fn read_answer<'a>(
        &self,
        most: &TokenCounts,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Option<Whole<'a>> {
        if !is_sound(headers) || body.is_empty() {
            return None;
        }
        let seconds = self.seconds(body).unwrap_or(u64::MAX);
        let output = speech::tokens(seconds).min(most.output);
        let output_seconds = seconds.min(most.units.output_seconds);
        let is_measured = seconds < u64::MAX;
        Some(Whole {
            json: None,
            told: is_measured.then_some(Ok(TokenCounts {
                units: Units {
                    output_seconds,
                    ..Units::NONE
                },
                ..TokenCounts::NONE
            })),
            counted: TokenCounts {
                input: self.text_bytes.min(most.input),
                output,
                output_audio: output,
                units: Units {
                    output_seconds,
                    ..most.units
                },
                ..*most
            },
        })
    }

    /// How long the sound is, if its file tells exactly.
    fn seconds(&self, sound: &[u8]) -> Option<u64> {
        if self.is_pcm {
            return Some(length(sound.len()).div_ceil(PCM_BYTES_A_SECOND));
        }
        let length = sound::length(sound);
        length.is_exact.then_some(length.most)
    }
}

/// Some providers answer 200 with an error inside, or with a web page.
pub(in crate::gateway) fn is_sound(headers: &HeaderMap) -> bool {
    let stated = headers.get(CONTENT_TYPE);
    let stated = stated.map_or(&b""[..], |value| value.as_bytes());
    stated.starts_with(b"audio/") || stated.starts_with(b"application/octet-stream")
}

/// Whether plain text is what was said, and no page and no error.
fn is_transcript(headers: &HeaderMap, body: &[u8]) -> bool {
    let stated = headers.get(CONTENT_TYPE);
    let stated = stated.map_or(&b""[..], |value| value.as_bytes());
    let is_json = stated.starts_with(b"application/json");
    let is_error = is_json && memchr::memmem::find(body, b"\"error\"").is_some();
    !is_error && !stated.starts_with(b"text/html")
}

impl Transcription {
    fn read_answer<'a>(
        &self,
        most: &TokenCounts,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Option<Whole<'a>> {
        let said = |bytes: u64| TokenCounts {
            output: bytes.min(most.output),
            ..*most
        };
        if !self.is_json {
            return is_transcript(headers, body).then(|| Whole {
                json: None,
                told: None,
                counted: said(length(body.len())),
            });
        }
        let answer = Answer::transcription(body)?;
        let told = answer.usage.map(read_transcription_usage);
        let duration = answer.duration().and_then(read_duration);
        let told = told.or(duration.map(|input_seconds| {
            let units = Units {
                input_seconds,
                ..Units::NONE
            };
            Ok(TokenCounts {
                units,
                ..TokenCounts::NONE
            })
        }));
        Some(Whole {
            told,
            counted: said(answer.text_bytes()),
            json: Some(answer),
        })
    }
}
