//! Where a stream stands, and how it ends.

use std::borrow::Cow;
use std::fmt::Write as _;

use keypurse_core::usage::TokenCounts;
use serde::Deserialize;
use thiserror::Error;

use super::event::Event;
use super::unsigned::signing;
use super::usage::{UsageParts, write_usage};
use crate::members::Members;
use crate::openai::ImplausibleUsage;

/// More blocks are never open at once: they come one after the other.
const MOST_OPEN: usize = 64;

/// An event that cannot come here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the provider's events are out of order")]
pub struct OutOfOrder;

/// A block that has begun.
#[derive(Clone, Copy, Debug)]
struct Open {
    index: u64,
    is_thinking: bool,
}

/// A stream's events, in order. It keeps no text.
#[derive(Clone, Debug, Default)]
pub struct MessageStream {
    has_begun: bool,
    has_ended: bool,
    /// Blocks that have begun and not ended.
    open: Vec<Open>,
    usage: Option<UsageParts>,
    is_implausible: bool,
}

impl MessageStream {
    /// Takes in one event.
    pub fn take(&mut self, event: &Event<'_>) -> Result<(), OutOfOrder> {
        let fits = match event {
            Event::MessageStart { .. } => !self.has_begun,
            Event::BlockStart { index, .. } => {
                self.goes_on() && !self.is_open(*index) && self.open.len() < MOST_OPEN
            }
            Event::BlockDelta { index, .. } | Event::BlockStop { index } => {
                self.goes_on() && self.is_open(*index)
            }
            Event::MessageDelta { .. } | Event::MessageStop => self.has_begun,
            Event::Ping | Event::Error(_) | Event::Unknown => true,
        };
        if !fits {
            return Err(OutOfOrder);
        }
        match event {
            Event::MessageStart { usage, .. } => {
                self.has_begun = true;
                self.note_usage(*usage);
            }
            Event::BlockStart { index, block } => self.open.push(Open {
                index: *index,
                is_thinking: block.kind == "thinking",
            }),
            Event::BlockStop { index } => self.open.retain(|open| open.index != *index),
            Event::MessageDelta { stop_reason, usage } => {
                self.has_ended |= stop_reason.is_some();
                self.note_usage(*usage);
            }
            _ => {}
        }
        Ok(())
    }

    fn is_open(&self, index: u64) -> bool {
        self.open.iter().any(|open| open.index == index)
    }

    fn goes_on(&self) -> bool {
        self.has_begun && !self.has_ended
    }

    fn note_usage(&mut self, usage: Option<&serde_json::value::RawValue>) {
        let Some(usage) = usage else { return };
        match UsageParts::read(usage) {
            Ok(later) => self.usage = Some(self.usage.unwrap_or_default().followed_by(later)),
            Err(ImplausibleUsage) => self.is_implausible = true,
        }
    }

    /// Whether the message has begun.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether it was told why the message ended: nothing of it is missing.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// What was used so far. `None` when nobody said; an error when it cannot
    /// be.
    pub fn usage(&self) -> Option<Result<TokenCounts, ImplausibleUsage>> {
        if self.is_implausible {
            return Some(Err(ImplausibleUsage));
        }
        self.usage.map(|usage| usage.counts())
    }

    /// Ends a stream that must not go on: what is open is closed, and the
    /// message ends at its limit.
    pub fn cut_at_limit(&self, used: &TokenCounts, cost: &str) -> String {
        let mut events = String::new();
        for Open { index, is_thinking } in &self.open {
            if *is_thinking {
                events += &signing(*index);
            }
            let stop = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
            events += &to_event("content_block_stop", &stop);
        }
        let end = concat!(
            r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens","#,
            r#""stop_sequence":null}}"#
        );
        events += &closing(end, Some(used), cost).expect("our own object is one");
        events
    }
}

/// The last two events of a message: its `message_delta` with `cost`, both
/// inside the usage and beside it, and `message_stop`. `used` stands in where
/// the provider told no usage. `None` when `message_delta` is no object.
pub fn closing(message_delta: &str, used: Option<&TokenCounts>, cost: &str) -> Option<String> {
    let members = Members::read(message_delta)?;
    let told = members.get("usage").map(|usage| usage.get().to_owned());
    let counted = || used.map(|used| write_usage(used).to_string());
    let usage = told.or_else(counted).unwrap_or_else(|| "{}".to_owned());
    let usage = Members::read(&usage)?.with(&[("cost", cost)]);
    let data = members.with(&[("usage", &usage), ("cost", cost)]);
    let mut events = to_event("message_delta", &data);
    events += &to_event("message_stop", r#"{"type":"message_stop"}"#);
    Some(events)
}

/// A whole message with `cost` and `provider`, as chat completions have them;
/// a provider's members of these names give way. `used` stands in where the
/// provider told no usage, and `model` for the name it told. `None` when the
/// message is no object.
pub fn with_cost(
    message: &str,
    used: Option<&TokenCounts>,
    (cost, provider): (&str, &str),
    model: Option<&str>,
) -> Option<String> {
    let members = Members::read(message)?;
    let provider = quoted(provider);
    let model = model.map(quoted);
    let mut set = vec![("cost", cost), ("provider", provider.as_str())];
    set.extend(model.iter().map(|model| ("model", model.as_str())));
    let counted = used.map(|used| write_usage(used).to_string());
    if let (None, Some(counted)) = (members.get("usage"), &counted) {
        set.push(("usage", counted));
    }
    Some(members.with(&set))
}

/// The model that answered, as its provider calls it.
pub fn model_of(message: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        model: Cow<'a, str>,
    }
    let message: Message<'_> = serde_json::from_str(message).ok()?;
    Some(message.model)
}

/// The data of a `message_start` whose model has another name. `None`: there
/// is none for it.
pub fn renamed_start(data: &str, name: impl FnOnce(&str) -> Option<String>) -> Option<String> {
    let members = Members::read(data)?;
    let message = members.get("message")?.get();
    let model = quoted(&name(&model_of(message)?)?);
    let message = Members::read(message)?.with(&[("model", &model)]);
    Some(members.with(&[("message", &message)]))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// An event with one line of data. Between JSON's tokens only white space
/// breaks.
pub fn to_event(kind: &str, data: &str) -> String {
    let mut event = String::with_capacity(kind.len() + data.len() + 16);
    let data = data.replace(['\n', '\r'], " ");
    let _ = write!(event, "event: {kind}\ndata: {data}\n\n");
    event
}

#[cfg(test)]
mod tests {
    use keypurse_core::usage::TokenCounts;

    use super::{MessageStream, OutOfOrder, closing, with_cost};
    use crate::anthropic::Event;

    const START: &str = r#"{"type":"message_start","message":{"id":"m","usage":{"input_tokens":9,"output_tokens":1}}}"#;
    const BLOCK: &str =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text"}}"#;
    const DELTA: &str =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#;
    const STOP: &str = r#"{"type":"content_block_stop","index":0}"#;
    const END: &str = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":12}}"#;
    const LAST: &str = r#"{"type":"message_stop"}"#;
    const PING: &str = r#"{"type":"ping"}"#;

    fn after(events: &[&str]) -> Result<MessageStream, OutOfOrder> {
        let mut stream = MessageStream::default();
        for data in events {
            stream.take(&Event::read(data).unwrap())?;
        }
        Ok(stream)
    }

    #[test]
    fn a_stream_in_order_tells_its_end_and_all_it_used() {
        let stream = after(&[PING, START, PING, BLOCK, DELTA, STOP, END, LAST]).unwrap();
        let counts = stream.usage().unwrap().unwrap();
        assert_eq!((counts.input, counts.output), (9, 12));
        assert!(stream.has_ended());
        assert!(!after(&[START, BLOCK, DELTA]).unwrap().has_ended());
        assert!(after(&[]).unwrap().usage().is_none());
    }

    #[test]
    fn events_out_of_order_are_not_taken() {
        for events in [
            &[BLOCK][..],
            &[DELTA],
            &[START, START],
            &[START, DELTA],
            &[START, STOP],
            &[START, BLOCK, BLOCK],
            &[START, BLOCK, STOP, DELTA],
            &[START, END, BLOCK],
            &[END],
            &[LAST],
        ] {
            assert!(after(events).is_err(), "{events:?}");
        }
    }

    #[test]
    fn thinking_that_is_cut_is_marked_so_that_the_conversation_can_go_on() {
        let thinking = BLOCK.replace("text", "thinking");
        let stream = after(&[START, &thinking]).unwrap();
        let cut = stream.cut_at_limit(&TokenCounts::default(), "0");
        let kinds = cut.lines().filter_map(|line| line.strip_prefix("event: "));
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(kinds[..2], ["content_block_delta", "content_block_stop"]);
        let signed = r#"{"type":"signature_delta","signature":"keypurse"}"#;
        assert!(cut.contains(signed), "{cut}");
    }

    #[test]
    fn a_cut_stream_closes_what_is_open_and_says_it_reached_its_limit() {
        let stream = after(&[START, BLOCK, DELTA]).unwrap();
        let used = TokenCounts {
            input: 9,
            output: 2,
            ..TokenCounts::default()
        };
        let expected = concat!(
            "event: content_block_stop\n",
            "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
            "event: message_delta\n",
            "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\",",
            "\"stop_sequence\":null},\"usage\":{\"input_tokens\":9,",
            "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,",
            "\"cache_creation\":{\"ephemeral_5m_input_tokens\":0,",
            "\"ephemeral_1h_input_tokens\":0},\"output_tokens\":2,\"cost\":0.0000015},",
            "\"cost\":0.0000015}\n\n",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        );
        assert_eq!(stream.cut_at_limit(&used, "0.0000015"), expected);
    }

    #[test]
    fn the_end_shows_the_cost_once() {
        let end = r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":12,"cost":7}}"#;
        let expected = concat!(
            "event: message_delta\n",
            "data: {\"type\":\"message_delta\",\"delta\":{},",
            "\"usage\":{\"output_tokens\":12,\"cost\":0.5},\"cost\":0.5}\n\n",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        );
        assert_eq!(closing(end, None, "0.5").as_deref(), Some(expected));
        assert!(closing("[]", None, "0").is_none());
    }

    #[test]
    fn a_whole_message_shows_its_cost_and_always_has_usage() {
        let used = TokenCounts {
            input: 1,
            output: 2,
            ..TokenCounts::default()
        };
        for (message, expected) in [
            (
                r#"{"id":"m", "usage":{"input_tokens": 3,"output_tokens":4},"cost":9}"#,
                r#"{"id":"m","usage":{"input_tokens": 3,"output_tokens":4},"cost":0.5,"provider":"a"}"#,
            ),
            (
                r#"{"id":"m","usage":null}"#,
                concat!(
                    r#"{"id":"m","cost":0.5,"provider":"a","usage":{"input_tokens":1,"#,
                    r#""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"#,
                    r#""cache_creation":{"ephemeral_5m_input_tokens":0,"#,
                    r#""ephemeral_1h_input_tokens":0},"output_tokens":2}}"#
                ),
            ),
        ] {
            let shown = with_cost(message, Some(&used), ("0.5", "a"), None);
            assert_eq!(shown.as_deref(), Some(expected), "{message}");
        }
    }
}
