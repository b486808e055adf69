//! A response's stream: typed events, of which the last one, with the whole
//! response, is kept back until the call is settled.

use std::borrow::Cow;

use bytes::Bytes;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::openai::{
    Answer, ResponseEvent, ResponseOutput, ResponseStep, read_response_usage,
};
use serde::Deserialize;
use serde_json::json;

use super::ids::Names;
use super::shown::{End, ended, shown};
use crate::gateway::call::settle::Told;
use crate::gateway::endpoint::splice::{Edits, place_of};
use crate::gateway::endpoint::stream::{Fate, StreamEnd, Tail};
use crate::gateway::error::GatewayError;
use crate::gateway::error_body::Shape;
use crate::gateway::relay::cost::{Paid, stream_cost};
use crate::gateway::relay::meter::{Heard, TooMuch};
use crate::gateway::upstream::dispatch::UpstreamFault;

/// A response's stream as it comes in.
#[derive(Debug)]
pub(in crate::gateway) struct ResponseStream {
    names: Option<Names>,
    /// The response as it was when it began, as its provider sent it.
    begun: Option<Bytes>,
    /// The data of the last event, not yet shown.
    last: Option<Bytes>,
    /// Bytes of text in items that are complete.
    complete_bytes: u64,
    has_begun: bool,
    next_number: u64,
    /// How far the client is.
    delivered: Delivered,
}

#[derive(Debug, Default)]
struct Delivered {
    has_begun: bool,
    next_number: u64,
    output: ResponseOutput,
}

impl ResponseStream {
    pub(in crate::gateway) fn new(names: Option<Names>) -> Self {
        Self {
            names,
            begun: None,
            last: None,
            complete_bytes: 0,
            has_begun: false,
            next_number: 0,
            delivered: Delivered::default(),
        }
    }

    pub(in crate::gateway) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Without its last event nobody knows how it ended.
    pub(in crate::gateway) fn is_complete(&self) -> bool {
        self.last.is_some()
    }

    pub(in crate::gateway) fn delivered(&mut self) {
        self.delivered.has_begun = self.begun.is_some();
        self.delivered.next_number = self.next_number;
        self.delivered.output.delivered();
    }

    pub(in crate::gateway) fn judge(
        &mut self,
        event: &Bytes,
        data: Cow<'_, str>,
        heard: &mut Heard,
    ) -> Fate {
        let Some(read) = ResponseEvent::read(&data) else {
            return Fate::Ends(StreamEnd::Fault(UpstreamFault::Nonsense));
        };
        let number = read.sequence_number;
        let step = read.step();
        if step == ResponseStep::Fails {
            return Fate::Ends(StreamEnd::Refused(event.clone()));
        }
        self.has_begun = true;
        if self.hear(&read, heard).is_err() {
            return Fate::Ends(StreamEnd::OverLimit);
        }
        if step == ResponseStep::Ends {
            if hear_rest(&read, heard).is_err() {
                return Fate::Ends(StreamEnd::OverLimit);
            }
            self.last = Some(Bytes::from(data.into_owned()));
            return Fate::Ends(StreamEnd::Done);
        }
        self.next_number = number.map_or(self.next_number, |it| it.saturating_add(1));
        self.delivered.output.take_in(&read);
        let Some(response) = read.response else {
            return Fate::Passes;
        };
        let begun = || Bytes::copy_from_slice(response.get().as_bytes());
        self.begun.get_or_insert_with(begun);
        Fate::Replaced(self.shown(&data, None))
    }

    /// A provider that sends a text only when it is complete is heard then.
    fn hear(&mut self, event: &ResponseEvent<'_>, heard: &mut Heard) -> Result<(), TooMuch> {
        heard.take_in(event.text_bytes(), || event.texts())?;
        let Some(item) = event.complete_item() else {
            return Ok(());
        };
        self.complete_bytes += item.text_bytes();
        let unheard = self.complete_bytes.saturating_sub(heard.text_bytes());
        heard.take_in(unheard, || item.texts())
    }

    /// Usage is that of the last event. A response that failed before it said
    /// anything, and says nothing of its usage, used nothing.
    pub(in crate::gateway) fn told(&self, heard: &Heard) -> Told<'_> {
        let Some(event) = self.last.as_ref().and_then(last_event) else {
            return Told::default();
        };
        let response = event.response.map(|it| it.get().as_bytes());
        let answer = response.and_then(Answer::response);
        let has_failed = event.kind == "response.failed" && heard.text_bytes() == 0;
        let usage = answer.as_ref().and_then(|it| it.usage);
        let usage = usage.map(read_response_usage);
        Told {
            usage: usage.or(has_failed.then_some(Ok(TokenCounts::NONE))),
            tier: answer.and_then(|it| it.service_tier),
        }
    }

    pub(in crate::gateway) fn tail(&self, tail: Tail, paid: Paid<'_>) -> String {
        let comment = || stream_cost(None, paid.cost);
        match tail {
            Tail::Complete => match &self.last {
                Some(last) => self.shown_text(&String::from_utf8_lossy(last), Some(paid)),
                None => comment(),
            },
            Tail::Cut => self.cut(paid).unwrap_or_else(comment),
            Tail::Refused(event) => {
                let event = String::from_utf8_lossy(&event);
                let failed = self.failed(&refusal(&event), paid);
                comment() + &event + &failed
            }
            Tail::Failed(error) => {
                let shape = error.shape();
                let failed = self.failed(&shape.message, paid);
                comment() + &self.error_of(&shape) + &failed
            }
        }
    }

    /// The response as it began, ended by a failure: what follows the error, for
    /// clients that wait for a response. Nothing where they have none.
    fn failed(&self, message: &str, paid: Paid<'_>) -> String {
        let begun = self.begun.as_ref().filter(|_| self.delivered.has_begun);
        let number = self.delivered.next_number + 1;
        let output = self.delivered.output.close(number).output;
        let end = End::Failed(message);
        let response = begun.and_then(|begun| ended(begun, end, &output, paid.used));
        response.map_or_else(String::new, |response| {
            let event = event("response.failed", number, &response);
            self.shown_text(&event, Some(paid))
        })
    }

    /// Closes what the client has, and the response as it began, ended by its
    /// limit.
    fn cut(&self, paid: Paid<'_>) -> Option<String> {
        let begun = self.begun.as_ref()?;
        let Delivered {
            has_begun,
            next_number,
            output,
        } = &self.delivered;
        let mut events = String::new();
        if !has_begun {
            let begun = String::from_utf8_lossy(begun);
            events += &self.shown_text(&event("response.created", *next_number, &begun), None);
        }
        let closing = output.close(*next_number + u64::from(!has_begun));
        let ended = ended(begun, End::Cut, &closing.output, paid.used)?;
        let last = event("response.incomplete", closing.next_number, &ended);
        Some(events + &closing.events + &self.shown_text(&last, Some(paid)))
    }

    /// An error as the last event of a stream.
    pub(in crate::gateway) fn error_event(&self, error: GatewayError) -> String {
        self.error_of(&error.shape())
    }

    fn error_of(&self, error: &Shape) -> String {
        // The reference has the members beside the type, SDKs look for them inside.
        let inside = error.openai();
        let mut event = inside.clone();
        event["error"] = inside;
        event["type"] = json!("error");
        event["sequence_number"] = self.delivered.next_number.into();
        format!("event: error\ndata: {event}\n\n")
    }

    fn shown(&self, data: &str, paid: Option<Paid<'_>>) -> Bytes {
        self.shown_text(data, paid).into()
    }

    /// An event with a response as its client sees it.
    fn shown_text(&self, data: &str, paid: Option<Paid<'_>>) -> String {
        let Some(event) = ResponseEvent::read(data) else {
            return String::new();
        };
        let mut edits = Edits::default();
        if let Some(response) = event.response {
            let text = Bytes::copy_from_slice(response.get().as_bytes());
            let text = shown(&text, self.names.as_ref(), paid);
            let place = place_of(response, data.as_bytes());
            edits.replace(place, String::from_utf8_lossy(&text));
        }
        let data = edits.apply(&Bytes::copy_from_slice(data.as_bytes()));
        let data = String::from_utf8_lossy(&data).replace(['\n', '\r'], " ");
        format!("event: {}\ndata: {data}\n\n", event.kind)
    }
}

/// An event about a whole response.
fn event(kind: &str, number: u64, response: &str) -> String {
    format!(r#"{{"type":"{kind}","sequence_number":{number},"response":{response}}}"#)
}

/// What an error event says.
fn refusal(event: &str) -> String {
    #[derive(Deserialize)]
    struct Told {
        message: String,
    }
    let data = event.lines().find_map(|line| line.strip_prefix("data:"));
    let told: Option<Told> = data.and_then(|data| serde_json::from_str(data).ok());
    told.map_or_else(|| "the provider failed".to_owned(), |told| told.message)
}

/// What was in no event before the last one is counted, where it is not told
/// what was used.
fn hear_rest(event: &ResponseEvent<'_>, heard: &mut Heard) -> Result<(), TooMuch> {
    let response = event.response.map(|it| it.get().as_bytes());
    let answer = response.and_then(Answer::response);
    let Some(answer) = answer.filter(|answer| answer.usage.is_none()) else {
        return Ok(());
    };
    let unheard = answer.text_bytes().saturating_sub(heard.text_bytes());
    heard.take_in(unheard, || answer.texts())
}

fn last_event(data: &Bytes) -> Option<ResponseEvent<'_>> {
    ResponseEvent::read(std::str::from_utf8(data).ok()?)
}
