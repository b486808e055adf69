//! A provider's stream, read event by event: what is passed on, what is kept
//! back, and what was used.
//!
//! Bytes pass through unchanged, except that usage is kept back until the call
//! is settled. Nothing here waits: it is told what has come.

use bytes::{Bytes, BytesMut};
use keypurse_core::usage::TokenCounts;
use keypurse_providers::openai::{Event, end_of_event};
use keypurse_providers::translate::{StreamFault, TranslatedStream};

use super::cost::Paid;
use super::meter::Heard;
use crate::gateway::call::settle::Told;
use crate::gateway::endpoint::stream::{Fate, StreamEnd, StreamWire, Tail};
use crate::gateway::error::GatewayError;
use crate::gateway::upstream::dispatch::UpstreamFault;

/// A stream as it comes in.
#[derive(Debug)]
pub(in crate::gateway) struct StreamSource {
    /// The beginning of an event whose end has not come.
    pending: BytesMut,
    heard: Heard,
    wire: StreamWire,
    /// To the client's dialect, where the provider speaks another.
    translated: Option<TranslatedStream>,
}

/// What can be delivered now.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Batch {
    pub(in crate::gateway) bytes: Bytes,
    /// Set when nothing more will come.
    pub(in crate::gateway) end: Option<StreamEnd>,
}

impl StreamSource {
    pub(in crate::gateway) fn new(
        wire: StreamWire,
        heard: Heard,
        translated: Option<TranslatedStream>,
    ) -> Self {
        Self {
            pending: BytesMut::new(),
            heard,
            wire,
            translated,
        }
    }

    /// At most so many tokens is what the model said so far; cheap to know.
    pub(in crate::gateway) fn most_tokens(&self) -> u64 {
        self.heard.most_tokens()
    }

    /// How many tokens what the model said so far is counted as.
    pub(in crate::gateway) fn count_tokens(&mut self) -> u64 {
        self.heard.count_tokens()
    }

    /// What the provider told about the call's cost.
    pub(in crate::gateway) fn told(&self) -> Told<'_> {
        let told = self.wire.told(&self.heard);
        let translated = self.translated.as_ref();
        // A translation shows it at its end, which may not have come.
        let early = || translated.and_then(TranslatedStream::usage_told).map(Ok);
        Told {
            usage: told.usage.or_else(early),
            ..told
        }
    }

    /// Whether that is what the whole answer used: a stream that breaks off
    /// behind it costs what one that ends there does.
    pub(in crate::gateway) fn is_told_whole(&self) -> bool {
        let is_whole = match &self.translated {
            Some(translated) => translated.usage_told().is_some(),
            None => self.wire.is_told_whole(),
        };
        // Some tell zeros until the last: not what was said before a break.
        let told = self.told().usage.and_then(Result::ok);
        let is_none = told.is_some_and(|counts| counts.output == 0);
        is_whole && !(is_none && self.heard.text_bytes() > 0)
    }

    /// Whether it was cut because it had more output than was asked for.
    pub(in crate::gateway) fn is_over_limit(&self) -> bool {
        self.heard.is_too_much()
    }

    /// What the client gets after the charge is on disk.
    pub(in crate::gateway) fn tail(&self, tail: Tail, paid: Paid<'_>) -> String {
        self.wire.tail(tail, paid)
    }

    /// What was read so far is with the client.
    pub(in crate::gateway) fn delivered(&mut self) {
        self.wire.delivered();
    }

    /// What the provider told about the input of a call, and its output so far,
    /// when it has not told its usage.
    pub(in crate::gateway) fn input_told(&self) -> Option<TokenCounts> {
        let first = self.translated.as_ref();
        first.map_or_else(|| self.wire.input_told(), TranslatedStream::input_told)
    }

    /// An error as the last event.
    pub(in crate::gateway) fn error_event(&self, error: GatewayError) -> String {
        self.wire.error_event(error)
    }

    /// Takes in what came; `None` is the end of the body.
    pub(in crate::gateway) fn read(&mut self, came: Option<Result<Bytes, UpstreamFault>>) -> Batch {
        match (came, self.translated.is_some()) {
            (Some(Ok(bytes)), false) => self.take_in(bytes),
            (Some(Ok(bytes)), true) => self.translate(Some(&bytes)),
            (Some(Err(fault)), _) => Batch {
                bytes: Bytes::new(),
                end: Some(StreamEnd::Fault(fault)),
            },
            (None, false) => self.close(),
            (None, true) => {
                let last = self.translate(None);
                if last.end.is_some() {
                    return last;
                }
                let end = self.close();
                Batch {
                    bytes: [last.bytes, end.bytes].concat().into(),
                    ..end
                }
            }
        }
    }

    /// Takes in what came as the client reads it; `None` is the end.
    fn translate(&mut self, came: Option<&Bytes>) -> Batch {
        let mut out = String::new();
        let translated = match (&mut self.translated, came) {
            (Some(stream), Some(bytes)) => stream.push(bytes, &mut out),
            (Some(stream), None) => stream.finish(&mut out),
            (None, _) => Ok(()),
        };
        let mut batch = self.take_in(out.into());
        if let Err(fault) = translated {
            let fault = match fault {
                StreamFault::Nonsense => UpstreamFault::Nonsense,
                StreamFault::TooLarge => UpstreamFault::TooLarge,
            };
            batch.end.get_or_insert(StreamEnd::Fault(fault));
        }
        batch
    }

    fn take_in(&mut self, bytes: Bytes) -> Batch {
        let mut searched = self.pending.len();
        let buffer = if searched == 0 {
            bytes
        } else {
            self.pending.extend_from_slice(&bytes);
            if end_of_event(&self.pending, searched).is_none() {
                return self.wait_for_more(Bytes::new());
            }
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
        self.wait_for_more(passed.join())
    }

    /// The rest is no whole event, and must not grow beyond one.
    fn wait_for_more(&self, bytes: Bytes) -> Batch {
        let too_large = self.pending.len() > self.wire.largest_event();
        let end = too_large.then_some(StreamEnd::Fault(UpstreamFault::TooLarge));
        Batch { bytes, end }
    }

    /// Some providers leave out the last blank line, or the mark at the end.
    fn close(&mut self) -> Batch {
        let mut batch = Batch::default();
        if !self.pending.iter().all(u8::is_ascii_whitespace) {
            batch = self.take_in(Bytes::from_static(b"\n\n"));
        }
        let end = if self.wire.is_complete() {
            StreamEnd::Done
        } else {
            StreamEnd::Fault(UpstreamFault::Broken)
        };
        batch.end.get_or_insert(end);
        batch
    }

    fn judge(&mut self, event: &Bytes) -> Fate {
        match Event::read(event) {
            // A keep-alive before the first chunk would begin an answer that
            // may yet fail for free.
            Event::Idle if !self.wire.has_begun() => Fate::KeptBack,
            Event::Idle => Fate::Passes,
            Event::Done if self.wire.ends_with_done() => Fate::Ends(StreamEnd::Done),
            Event::Done => Fate::KeptBack,
            Event::Garbage => Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense)),
            Event::Data(data) => self.wire.judge(event, data, &mut self.heard),
        }
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

    use super::StreamSource;
    use crate::gateway::endpoint::chat::stream::ChatStream;
    use crate::gateway::endpoint::messages::model_name::ModelName;
    use crate::gateway::endpoint::messages::stream::MessagesStream;
    use crate::gateway::endpoint::stream::{StreamEnd, StreamWire};
    use crate::gateway::relay::meter::Heard;
    use keypurse_core::usage::TokenCounts;
    use keypurse_providers::translate::{Dialect, TranslatedStream, Wanted};

    const STREAM: &str = concat!(
        ": ping\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"Gr\u{fc}\"}}],\"usage\":null}\n\n",
        ": ping\n\n",
        "event: message\ndata: {\"choices\":[{\"delta\":{\"content\":\"\u{df}e\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":0}}\n\n",
        "data: [DONE]\n\n",
        "trailing junk",
    );

    /// What passes of pieces, and whether the stream is complete.
    fn read(pieces: &[&[u8]]) -> (String, bool, StreamSource) {
        let wire = StreamWire::Chat(ChatStream::new(1, false));
        let mut source = StreamSource::new(wire, Heard::new(100, 1, None), None);
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
            let told = TokenCounts {
                input: 1,
                ..TokenCounts::default()
            };
            assert_eq!(source.told().usage, Some(Ok(told)));
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

    const MESSAGE: &str = concat!(
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",",
        "\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\r\n\r\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,",
        "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,",
        "\"delta\":{\"type\":\"text_delta\",\"text\":\"Gr\u{fc}\u{df}e\"}}\n\n",
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},",
        "\"usage\":{\"output_tokens\":5}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    );

    /// What passes of a message's pieces, natively or as chunks.
    fn read_message(pieces: &[&[u8]], is_native: bool) -> (String, TokenCounts) {
        let (wire, translated) = if is_native {
            let model = ModelName {
                asked: "m".to_owned(),
                is_sure: false,
            };
            let stream = MessagesStream::new(true, model);
            (StreamWire::Messages(Box::new(stream)), None)
        } else {
            let wanted = Wanted {
                created: 7,
                asked: b"{}",
            };
            let stream = TranslatedStream::new(Dialect::Anthropic, Dialect::OpenAi, wanted);
            (StreamWire::Chat(ChatStream::new(1, false)), stream)
        };
        let mut source = StreamSource::new(wire, Heard::new(100, 1, None), translated);
        let mut passed = Vec::new();
        for piece in pieces {
            let batch = source.read(Some(Ok(Bytes::copy_from_slice(piece))));
            passed.extend_from_slice(&batch.bytes);
            if let Some(StreamEnd::Done) = batch.end {
                break;
            }
            assert!(batch.end.is_none(), "{:?}", batch.end);
        }
        let told = source.told().usage.unwrap().unwrap();
        (String::from_utf8(passed).unwrap(), told)
    }

    #[test]
    fn a_message_reads_the_same_wherever_it_is_cut_into_pieces() {
        let bytes = MESSAGE.as_bytes();
        for is_native in [true, false] {
            let (expected, told) = read_message(&[bytes], is_native);
            assert_eq!((told.input, told.output), (9, 5));
            assert!(expected.contains("Gr\u{fc}\u{df}e"), "{expected}");
            assert!(!expected.contains("message_delta") && !expected.contains("\"usage\":{\"p"));
            for cut in 0..bytes.len() {
                let read = read_message(&[&bytes[..cut], &bytes[cut..]], is_native);
                assert_eq!(read, (expected.clone(), told), "cut at {cut}");
            }
        }
        let start = MESSAGE.find("event: message_start").unwrap();
        let end = MESSAGE.find("data: {\"type\":\"message_delta").unwrap();
        assert_eq!(read_message(&[bytes], true).0, MESSAGE[start..end]);
    }
}
