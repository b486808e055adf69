//! What the reference remembers under clients' keys. A request with a key is
//! carried out once in 24 hours; one that was refused, or a call that did not
//! happen, leaves its key free.

use super::books::Reference;
use super::operation::{Answer, Claim, Number};

const DAY: i64 = 86_400_000_000;

/// What was asked for first under a key.
#[derive(Clone, Debug)]
pub(super) struct Record {
    asked: (Request, u8),
    at: i64,
    deed: Deed,
    /// Its 24 hours were over when the clock was set back into them: nothing
    /// is promised of it until they are over again.
    is_doubtful: bool,
}

/// What kind of thing was asked for: two kinds are never one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Call,
    TokenChange,
    AccountTopUp,
}

#[derive(Clone, Debug)]
enum Deed {
    /// And what it was answered.
    Change(String),
    Call(Number),
}

impl Reference {
    /// Makes a change unless it was made before under this key.
    pub(super) fn change_once(
        &mut self,
        request: Request,
        claim: Option<Claim>,
        make: impl FnOnce(&mut Self) -> Answer,
    ) -> Answer {
        if let Some(repeated) = self.repeated(request, claim) {
            return repeated;
        }
        let answer = make(self);
        if matches!(answer, Answer::Token(..) | Answer::Balance(_)) {
            self.remember(request, claim, Deed::Change(format!("{answer:?}")));
        }
        answer
    }

    /// Begins a call unless one was begun before under this key.
    pub(super) fn call_once(
        &mut self,
        call: Number,
        claim: Option<Claim>,
        begin: impl FnOnce(&mut Self) -> Result<Answer, Answer>,
    ) -> Answer {
        if let Some(repeated) = self.repeated(Request::Call, claim) {
            return repeated;
        }
        match begin(self) {
            Ok(answer) => {
                self.remember(Request::Call, claim, Deed::Call(call));
                answer
            }
            Err(refusal) => refusal,
        }
    }

    /// A call that did not happen may be made again under its key.
    pub(super) fn free_key_of(&mut self, call: Number) {
        let is_its = |record: &Record| matches!(record.deed, Deed::Call(known) if known == call);
        self.records.retain(|_, record| !is_its(record));
    }

    /// Whether it is promised what becomes of a request with this claim.
    pub(super) fn is_clear(&self, claim: Option<Claim>) -> bool {
        let record = claim.and_then(|claim| self.records.get(&claim.key));
        record.is_none_or(|record| !record.is_doubtful || self.is_over(record))
    }

    /// To be done after everything that may end a record's time.
    pub(super) fn doubt_what_is_over(&mut self) {
        let mut records = std::mem::take(&mut self.records);
        for record in records.values_mut() {
            record.is_doubtful |= self.is_over(record);
        }
        self.records = records;
    }

    /// Claims that would repeat something of this kind.
    pub(super) fn claims_on(&self, request: Request) -> impl Iterator<Item = Claim> {
        let records = self.records.iter();
        let asked = records.filter(move |(_, record)| record.asked.0 == request);
        asked.map(|(key, record)| Claim {
            key: *key,
            request: record.asked.1,
        })
    }

    /// When records are forgotten.
    pub(super) fn ends_of_records(&self) -> impl Iterator<Item = i64> {
        self.records.values().map(|record| record.at + DAY)
    }

    fn repeated(&self, request: Request, claim: Option<Claim>) -> Option<Answer> {
        let claim = claim?;
        let record = self.records.get(&claim.key)?;
        if self.is_over(record) {
            return None;
        }
        if record.asked != (request, claim.request) {
            return Some(Answer::OtherRequest);
        }
        Some(match record.deed {
            Deed::Change(ref answer) => Answer::Before(answer.clone()),
            Deed::Call(call) => {
                let known = &self.calls[&call];
                known.end.map_or(Answer::Running, |end| Answer::Finished {
                    call,
                    cost: end.cost,
                    status: known.status,
                })
            }
        })
    }

    fn remember(&mut self, request: Request, claim: Option<Claim>, deed: Deed) {
        let Some(Claim {
            key,
            request: which,
        }) = claim
        else {
            return;
        };
        let record = Record {
            asked: (request, which),
            at: self.now,
            deed,
            is_doubtful: false,
        };
        self.records.insert(key, record);
    }

    /// A call under way is not forgotten, however long it takes.
    fn is_over(&self, record: &Record) -> bool {
        let is_running = matches!(record.deed, Deed::Call(call) if self.calls[&call].end.is_none());
        !is_running && self.now >= record.at + DAY
    }
}
