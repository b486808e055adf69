//! A stream, event by event.

use serde_json::value::RawValue;

use keypurse_core::usage::TokenCounts;

use super::{call, error, finish_reason};
use crate::gemini::{Answer, Candidate, Part, read_usage};
use crate::translate::call_id::call_id;
use crate::translate::completion::{Chunks, Piece};
use crate::translate::feed::StreamFault;
use crate::translate::target::WantedOfGemini;

/// More answers are never asked for.
const MOST_CANDIDATES: usize = 128;

/// Where a stream stands. Of the model's text nothing is kept.
#[derive(Debug)]
pub(in crate::translate) struct GeminiStream {
    wanted: WantedOfGemini,
    chunks: Option<Chunks>,
    answer_id: Option<Box<RawValue>>,
    candidates: Vec<Progress>,
    counts: Option<TokenCounts>,
    /// Nothing was said since they were told.
    are_last: bool,
    is_over: bool,
}

#[derive(Debug)]
struct Progress {
    index: u64,
    calls: u64,
    is_finished: bool,
}

impl GeminiStream {
    pub(in crate::translate) fn new(wanted: WantedOfGemini) -> Self {
        Self {
            wanted,
            chunks: None,
            answer_id: None,
            candidates: Vec::new(),
            counts: None,
            are_last: false,
            is_over: false,
        }
    }

    /// Translates one event's data.
    pub(in crate::translate) fn event(
        &mut self,
        data: &str,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        if self.is_over {
            return Ok(());
        }
        let answer = Answer::read(data.as_bytes()).ok_or(StreamFault::Nonsense)?;
        if let Some(error) = answer.error {
            out.push_str(&error::event(error).ok_or(StreamFault::Nonsense)?);
            self.is_over = true;
            return Ok(());
        }
        if self.chunks.is_none() {
            let labels = [answer.response_id, answer.model_version];
            if labels.iter().flatten().any(|label| !is_text(label)) {
                return Err(StreamFault::Nonsense);
            }
            self.chunks = Some(Chunks::of(labels[0], labels[1], self.wanted.created));
            self.answer_id = answer.response_id.map(ToOwned::to_owned);
        }
        for candidate in answer.candidates.iter().flatten() {
            self.add(candidate, out)?;
        }
        if let Some(usage) = answer.usage_metadata {
            self.counts = read_usage(usage).ok();
            self.are_last = true;
        }
        if self.candidates.is_empty() && answer.is_blocked() {
            self.progress(0, out)?;
            self.finish(0, "content_filter", out);
        }
        Ok(())
    }

    /// Nothing more comes. Only what ended was whole.
    pub(in crate::translate) fn end(&mut self, out: &mut String) {
        if let (true, false, Some(chunks)) = (self.is_whole(), self.is_over, &self.chunks) {
            chunks.end(self.usage_told().as_ref(), out);
            self.is_over = true;
        }
    }

    /// What was told so far, for an answer whose end did not come.
    pub(in crate::translate) fn input_told(&self) -> Option<TokenCounts> {
        self.counts
    }

    /// The usage of the whole answer, once that is there.
    pub(in crate::translate) fn usage_told(&self) -> Option<TokenCounts> {
        self.counts.filter(|_| self.is_whole() && self.are_last)
    }

    fn is_whole(&self) -> bool {
        let mut candidates = self.candidates.iter();
        !self.candidates.is_empty() && candidates.all(|candidate| candidate.is_finished)
    }

    fn add(&mut self, candidate: &Candidate<'_>, out: &mut String) -> Result<(), StreamFault> {
        let index = candidate.index.unwrap_or(0);
        let at = self.progress(index, out)?;
        for part in candidate.parts() {
            self.add_part(at, part, out)?;
        }
        if let Some(ending) = candidate.ending() {
            let reason = finish_reason(ending, self.candidates[at].calls > 0);
            self.finish(at, reason, out);
        }
        Ok(())
    }

    /// The place of a candidate; a new one begins.
    fn progress(&mut self, index: u64, out: &mut String) -> Result<usize, StreamFault> {
        let known = self
            .candidates
            .iter()
            .position(|known| known.index == index);
        if let Some(at) = known {
            return Ok(at);
        }
        if self.candidates.len() >= MOST_CANDIDATES {
            return Err(StreamFault::Nonsense);
        }
        self.candidates.push(Progress {
            index,
            calls: 0,
            is_finished: false,
        });
        let role = Piece {
            role: Some("assistant"),
            ..Piece::default()
        };
        self.write(index, &role, out);
        Ok(self.candidates.len() - 1)
    }

    fn add_part(
        &mut self,
        at: usize,
        part: &Part<'_>,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        let index = self.candidates[at].index;
        if let Some(function) = &part.function_call {
            self.are_last = false;
            if !is_text(function.name) {
                return Err(StreamFault::Nonsense);
            }
            let number = self.candidates[at].calls;
            self.candidates[at].calls += 1;
            if number == 0 || !self.wanted.one_call {
                let id = call_id(function.id, self.answer_id.as_deref(), number);
                let arguments = function.args.map_or("{}", RawValue::get);
                let extra = call::extra_content(part.thought_signature);
                let piece = Piece::call(number, &id, function.name, arguments, extra.as_deref());
                self.write(index, &piece, out);
            }
        }
        let Some(text) = part.text.filter(|text| text.get() != "\"\"") else {
            return Ok(());
        };
        if !is_text(text) {
            return Err(StreamFault::Nonsense);
        }
        self.are_last = false;
        let piece = if part.thought == Some(true) {
            Piece {
                reasoning_content: Some(text),
                ..Piece::default()
            }
        } else {
            Piece {
                content: Some(text),
                ..Piece::default()
            }
        };
        self.write(index, &piece, out);
        Ok(())
    }

    fn write(&self, index: u64, piece: &Piece<'_>, out: &mut String) {
        if let Some(chunks) = &self.chunks {
            chunks.piece(index, piece, out);
        }
    }

    fn finish(&mut self, at: usize, reason: &str, out: &mut String) {
        let candidate = &mut self.candidates[at];
        if let (false, Some(chunks)) = (candidate.is_finished, &self.chunks) {
            candidate.is_finished = true;
            chunks.finish(candidate.index, reason, out);
        }
    }
}

fn is_text(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}
