//! A provider's stream, read event by event: what is passed on, what is kept
//! back, and what was used.
//!
//! Bytes pass through unchanged, except that usage is kept back until the call
//! is settled. Nothing here waits: it is told what has come.

use bytes::{Bytes, BytesMut};
use keypurse_providers::openai::{Chunk, Event, end_of_event};
use keypurse_providers::tokenizer::Tokenizer;
use serde_json::value::RawValue;

use super::cost::to_event;
use super::dispatch::UpstreamFault;
use super::meter::Meter;
use super::settle::Told;
use super::splice::{Edits, place_of};

/// A token of English has about four characters.
const EVENTS_PER_TOKEN: u64 = 4;
/// No chunk of a chat is larger.
const LARGEST_EVENT: usize = 1024 * 1024;

/// A stream as it comes in.
#[derive(Debug)]
pub(super) struct StreamSource {
    /// The beginning of an event whose end has not come.
    pending: BytesMut,
    /// How many events with text all choices together may have.
    most_texts: u64,
    choices: u64,
    has_begun: bool,
    text_bytes: u64,
    meter: Meter,
    texts: u64,
    finished: u64,
    /// What ends the stream when there is no money for what comes next.
    cut: String,
    /// The last chunk with usage, without its choices.
    usage_chunk: Option<String>,
    /// How much text it is about.
    usage_text_bytes: u64,
    /// The tier of service the last chunk that names one names.
    tier: Option<Box<RawValue>>,
}

/// What can be delivered now.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Bytes,
    /// Set when nothing more will come.
    pub(super) end: Option<StreamEnd>,
}

/// Why a stream is over.
#[derive(Debug)]
pub(super) enum StreamEnd {
    /// It is complete.
    Done,
    /// It has more output than was asked for.
    OverLimit,
    /// The provider's own error event.
    Refused(Bytes),
    /// It broke off, or is none.
    Fault(UpstreamFault),
}

/// What becomes of one event.
enum Fate {
    Passes,
    KeptBack,
    Replaced(Bytes),
    Ends(StreamEnd),
}

impl StreamSource {
    /// A stream that may have this many output tokens in so many choices.
    ///
    /// Most providers send a token or more per event, some a character. Beyond
    /// [`EVENTS_PER_TOKEN`] events for each token it is more output than was
    /// asked for, whoever sends it.
    ///
    /// Choices come mixed, so only a single one's text can be counted.
    pub(super) fn new(output_limit: u64, choices: u64, tokenizer: Option<Tokenizer>) -> Self {
        Self {
            pending: BytesMut::new(),
            most_texts: output_limit.saturating_mul(EVENTS_PER_TOKEN),
            choices,
            has_begun: false,
            text_bytes: 0,
            meter: Meter::with(tokenizer.filter(|_| choices == 1)),
            texts: 0,
            finished: 0,
            cut: String::new(),
            usage_chunk: None,
            usage_text_bytes: 0,
            tier: None,
        }
    }

    /// At most so many tokens is what the model said so far; cheap to know.
    pub(super) fn most_tokens(&self) -> u64 {
        self.meter.most()
    }

    /// How many tokens what the model said so far is counted as.
    pub(super) fn count_tokens(&mut self) -> u64 {
        self.meter.count()
    }

    /// An event that says that all choices reached their limit.
    pub(super) fn cut_at_limit(&self) -> String {
        self.cut.clone()
    }

    /// The last chunk with usage that came, without choices.
    pub(super) fn usage_chunk(&self) -> Option<&str> {
        self.usage_chunk.as_deref()
    }

    /// What the provider told about the call's cost. Usage counts unless text
    /// has come since: some tell it as they go, and a stream that is cut then
    /// has more than they said.
    pub(super) fn told(&self) -> Told<'_> {
        let is_last = self.usage_text_bytes >= self.text_bytes;
        let chunk = self.usage_chunk().and_then(Chunk::read);
        Told {
            usage: chunk.and_then(|chunk| chunk.usage).filter(|_| is_last),
            tier: self.tier.as_deref(),
        }
    }

    /// Takes in what came; `None` is the end of the body.
    pub(super) fn read(&mut self, came: Option<Result<Bytes, UpstreamFault>>) -> Batch {
        match came {
            Some(Ok(bytes)) => self.take_in(bytes),
            Some(Err(fault)) => Batch {
                bytes: Bytes::new(),
                end: Some(StreamEnd::Fault(fault)),
            },
            None => self.close(),
        }
    }

    fn take_in(&mut self, bytes: Bytes) -> Batch {
        let mut searched = self.pending.len();
        let buffer = if searched == 0 {
            bytes
        } else {
            self.pending.extend_from_slice(&bytes);
            self.pending.split().freeze()
        };
        let (mut passed, mut at) = (Passed::default(), 0);
        while let Some(length) = end_of_event(&buffer[at..], searched) {
            let event = buffer.slice(at..at + length);
            (at, searched) = (at + length, 0);
            match self.judge(&event) {
                Fate::Passes => passed.push(&buffer, at - length..at),
                Fate::KeptBack => {}
                Fate::Replaced(event) => passed.push_own(event),
                Fate::Ends(end) => {
                    return Batch {
                        bytes: passed.join(),
                        end: Some(end),
                    };
                }
            }
        }
        self.pending.extend_from_slice(&buffer[at..]);
        let too_large = self.pending.len() > LARGEST_EVENT;
        let end = too_large.then_some(StreamEnd::Fault(UpstreamFault::TooLarge));
        Batch {
            bytes: passed.join(),
            end,
        }
    }

    /// Some providers leave out the last blank line, or the mark at the end.
    fn close(&mut self) -> Batch {
        let mut batch = Batch::default();
        if !self.pending.iter().all(u8::is_ascii_whitespace) {
            batch = self.take_in(Bytes::from_static(b"\n\n"));
        }
        let end = if self.finished >= self.choices {
            StreamEnd::Done
        } else {
            StreamEnd::Fault(UpstreamFault::Broken)
        };
        batch.end.get_or_insert(end);
        batch
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

    fn judge(&mut self, event: &Bytes) -> Fate {
        let data = match Event::read(event) {
            // A keep-alive before the first chunk would begin an answer that
            // may yet fail for free.
            Event::Idle if !self.has_begun => return Fate::KeptBack,
            Event::Idle => return Fate::Passes,
            Event::Done => return Fate::Ends(StreamEnd::Done),
            Event::Garbage => return Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense)),
            Event::Data(data) => data,
        };
        let Some(chunk) = Chunk::read(&data) else {
            return Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense));
        };
        if chunk.error.is_some() {
            return Fate::Ends(StreamEnd::Refused(event.clone()));
        }
        if !self.has_begun {
            self.has_begun = true;
            self.cut = to_event(&chunk.cut_at_limit(self.choices));
        }
        let text_bytes = chunk.text_bytes();
        self.texts += u64::from(text_bytes > 0);
        self.text_bytes += text_bytes;
        self.meter.take_in(text_bytes, || chunk.texts());
        self.finished += chunk.finished();
        if self.texts > self.most_texts {
            return Fate::Ends(StreamEnd::OverLimit);
        }
        self.note_tier(chunk.service_tier);
        let Some(usage) = chunk.usage else {
            return Fate::Passes;
        };
        self.usage_text_bytes = self.text_bytes;
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
}

/// Parts of a buffer that pass, in the common case one without a copy.
#[derive(Default)]
struct Passed {
    parts: Vec<Bytes>,
    /// The last part, while it still grows.
    open: Option<(Bytes, std::ops::Range<usize>)>,
}

impl Passed {
    fn push(&mut self, buffer: &Bytes, range: std::ops::Range<usize>) {
        match &mut self.open {
            Some((_, open)) if open.end == range.start => open.end = range.end,
            Some(_) | None => {
                self.close();
                self.open = Some((buffer.clone(), range));
            }
        }
    }

    fn push_own(&mut self, event: Bytes) {
        self.close();
        self.parts.push(event);
    }

    fn close(&mut self) {
        if let Some((buffer, range)) = self.open.take() {
            self.parts.push(buffer.slice(range));
        }
    }

    fn join(mut self) -> Bytes {
        self.close();
        match self.parts.len() {
            0 => Bytes::new(),
            1 => self.parts.remove(0),
            _ => self.parts.concat().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{StreamEnd, StreamSource};

    const STREAM: &str = concat!(
        ": ping\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"Gr\u{fc}\"}}],\"usage\":null}\n\n",
        ": ping\n\n",
        "event: message\ndata: {\"choices\":[{\"delta\":{\"content\":\"\u{df}e\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n",
        "data: [DONE]\n\n",
        "trailing junk",
    );

    /// What passes of pieces, and whether the stream is complete.
    fn read(pieces: &[&[u8]]) -> (String, bool, StreamSource) {
        let mut source = StreamSource::new(100, 1, None);
        let mut passed = Vec::new();
        let pieces = pieces
            .iter()
            .map(|piece| Some(Ok(Bytes::copy_from_slice(piece))));
        for came in pieces.chain([None]) {
            let batch = source.read(came);
            passed.extend_from_slice(&batch.bytes);
            if let Some(end) = batch.end {
                let is_done = matches!(end, StreamEnd::Done);
                return (String::from_utf8(passed).unwrap(), is_done, source);
            }
        }
        unreachable!("the end of a body ends the stream")
    }

    #[test]
    fn a_stream_reads_the_same_wherever_it_is_cut_into_pieces() {
        let bytes = STREAM.as_bytes();
        let (expected, ..) = read(&[bytes]);
        let kept = STREAM.find("data: {\"choices\":[],").unwrap();
        assert_eq!(expected, STREAM[": ping\n\n".len()..kept]);
        for cut in 0..bytes.len() {
            let (passed, is_done, source) = read(&[&bytes[..cut], &bytes[cut..]]);
            assert_eq!(passed, expected, "cut at {cut}");
            assert!(is_done && source.most_tokens() == 7, "cut at {cut}");
            assert_eq!(
                source.told().usage.map(serde_json::value::RawValue::get),
                Some("{\"prompt_tokens\":1}")
            );
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single).0, expected);
    }

    #[test]
    fn a_stream_that_ends_early_is_complete_only_after_its_choices() {
        let cut_at = |mark: &str| STREAM.find(mark).unwrap();
        for (end, expected) in [
            (cut_at("event:"), false),
            (cut_at("data: {\"choices\":[{\"delta\":{},"), false),
            (cut_at("data: {\"choices\":[],"), true),
            (cut_at("data: [DONE]"), true),
        ] {
            assert_eq!(read(&[&STREAM.as_bytes()[..end]]).1, expected, "{end}");
        }
    }
}
