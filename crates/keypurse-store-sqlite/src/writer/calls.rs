//! Holds, floors, settlements.

use keypurse_core::id::CallId;
use keypurse_core::ledger::{Admission, Charge, Hold};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_store::{
    AuditEvent, CallMeta, CallOutcome, CallState, Floor, HoldFailure, NewHold, RecordFailure,
    Settlement, SimulatedCall,
};

use super::batch::Batch;
use super::state::{Held, Writer};
use crate::call_row::{CallRow, feature_code};
use crate::journal::{self, HeldCall};
use crate::rows;

impl Writer {
    pub(super) fn hold(
        &mut self,
        new: &NewHold,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<Result<Admission, HoldFailure>> {
        self.ensure_account(new.request.account)?;
        if let Some(used) = new.request.token {
            self.ensure_token(used.token)?;
        }
        if let Some(claim) = &new.claim
            && let Some(repeated) = self.called_before(claim)?
        {
            return Ok(Err(repeated.into()));
        }
        let admission = match self.ledger.hold(&new.request, now) {
            Ok(admission) => admission,
            Err(refused) => return Ok(Err(refused.into())),
        };
        if let Some(claim) = &new.claim {
            self.remember_call(claim, new.request.call, now)?;
        }
        self.keep_hold(new, batch)?;
        Ok(Ok(admission))
    }

    /// The hold of a call that another model is to answer now. Its new record
    /// takes the place of the old one.
    pub(super) fn hold_anew(
        &mut self,
        new: &NewHold,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<Result<Option<Admission>, HoldFailure>> {
        match self.ledger.hold_anew(&new.request, now) {
            None => Ok(Ok(None)),
            Some(Err(refused)) => Ok(Err(refused.into())),
            Some(Ok(admission)) => {
                self.keep_hold(new, batch)?;
                Ok(Ok(Some(admission)))
            }
        }
    }

    /// Journals a hold that was just granted, and what its call is.
    fn keep_hold(&mut self, new: &NewHold, batch: &mut Batch) -> rusqlite::Result<()> {
        let (id, call) = (new.request.call, self.held_call(&new.meta)?);
        let hold = self.ledger.open_hold(id).expect("just granted");
        journal::write_hold(&mut batch.records, id, hold, &call);
        let seq = self.journal.seq;
        *self.journal.open.entry(seq).or_default() += 1;
        let covered = TokenCounts::default();
        if let Some(before) = self.held.insert(id, Held { call, covered, seq }) {
            self.journal.release(before.seq);
        }
        Ok(())
    }

    fn held_call(&mut self, meta: &CallMeta) -> rusqlite::Result<HeldCall> {
        let connection = &self.connection;
        Ok(HeldCall {
            model_id: self
                .dictionary
                .model(connection, &meta.provider, &meta.model)?,
            price_id: self.dictionary.price(connection, &meta.price)?,
            feature: feature_code(meta.feature),
            streamed: meta.streamed,
            started_at: meta.started_at,
        })
    }

    pub(super) fn open(&mut self, call: CallId, floor: Floor, batch: &mut Batch) -> Option<Money> {
        let before = self.ledger.open_hold(call)?.floor;
        let reached = self.ledger.open(call, floor.cost)?;
        let held = self.held.get_mut(&call).expect("every hold has its call");
        if before.is_none_or(|before| before < reached) {
            held.covered = floor.counts;
        }
        let hold = self.ledger.open_hold(call).expect("just opened");
        journal::write_floor(&mut batch.records, call, hold, &held.covered);
        Some(reached)
    }

    /// Resolves a hold and journals its call. `None`: it was resolved before.
    pub(super) fn resolve(
        &mut self,
        settlement: &Settlement,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<Option<Charge>> {
        let end = match settlement.outcome {
            CallOutcome::Void => End::FREE,
            CallOutcome::Abandoned => self.end_of_abandoned(settlement.call),
            CallOutcome::Used {
                cost,
                counts,
                certainty,
            } => End {
                state: CallState::Settled,
                cost,
                counts,
                certainty,
            },
        };
        self.end(settlement, end, batch, now)
    }

    /// A call nobody carries any more: at its floor if something was
    /// delivered, else at nothing.
    fn end_of_abandoned(&self, call: CallId) -> End {
        let floor = self.ledger.open_hold(call).and_then(|hold| hold.floor);
        let covered = self.held.get(&call).map(|held| held.covered);
        floor.map_or(End::FREE, |floor| End {
            state: CallState::Recovered,
            cost: floor,
            counts: covered.unwrap_or_default(),
            certainty: Certainty::Estimated,
        })
    }

    fn end(
        &mut self,
        settlement: &Settlement,
        end: End,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<Option<Charge>> {
        let call = settlement.call;
        let Some(hold) = self.ledger.open_hold(call).copied() else {
            return Ok(None);
        };
        let held = self.held.remove(&call).expect("every hold has its call");
        self.journal.release(held.seq);
        let charge = match end.certainty {
            Certainty::Reported => self.ledger.settle(call, end.cost, now),
            Certainty::Estimated => self.ledger.settle_counted(call, end.cost, now),
        };
        let charge = charge.expect("the hold is open");
        if charge.house > Money::ZERO {
            self.note_overrun(call, &hold, &charge, now)?;
        }
        let told = (end.state != CallState::Void).then_some((charge.cost, settlement.status));
        self.end_claim(call, told)?;
        self.number_entries(batch);
        let (line, token) = (self.next_line(), hold.token);
        self.keep_finished(
            &CallRow {
                call,
                line,
                account: hold.account,
                token,
                held_call: held.call,
                status: settlement.status,
                state: end.state,
                certainty: end.certainty,
                counts: end.counts,
                held: hold.amount,
                cost: charge.cost,
                charged: charge.charged,
                from_token: charge.from_token,
                rehearsed: charge.rehearsed,
                balance_after: token.map_or(Money::ZERO, |token| self.balance_of(token)),
                account_after: self.account_balance_of(hold.account),
                finished_at: settlement.finished_at,
            },
            batch,
        );
        Ok(Some(charge))
    }

    /// Somebody has to know. A provider that always takes more than it was
    /// asked for fills neither the log nor the disk.
    fn note_overrun(
        &mut self,
        call: CallId,
        hold: &Hold,
        charge: &Charge,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        tracing::error!(
            %call, house = %charge.house,
            "a call cost more than its hold and the balance: the rest is the house's"
        );
        let Some(left_out) = self.overruns.count(now) else {
            return Ok(());
        };
        let token = match hold.token {
            Some(token) => rows::token_by_id(&self.connection, token)?,
            None => None,
        };
        let mut event = AuditEvent::of_overrun(hold.account, (call, charge), token.as_ref(), now);
        event.details = event.details.after_leaving_out(left_out);
        self.record(&event)
    }

    pub(super) fn record_simulated(
        &mut self,
        simulated: &SimulatedCall,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<Result<(), RecordFailure>> {
        if let Some(claim) = &simulated.claim {
            if let Some(repeated) = self.called_before(claim)? {
                return Ok(Err(repeated.into()));
            }
            self.remember_simulated(claim, (simulated.call, simulated.status), now)?;
        }
        self.ensure_account(simulated.account)?;
        self.ensure_token(simulated.token)?;
        let held_call = self.held_call(&simulated.meta)?;
        self.number_entries(batch);
        let line = self.next_line();
        self.keep_finished(
            &CallRow {
                call: simulated.call,
                line,
                account: simulated.account,
                token: Some(simulated.token),
                held_call,
                status: simulated.status,
                state: CallState::Simulated,
                certainty: Certainty::Reported,
                counts: simulated.counts,
                held: Money::ZERO,
                cost: Money::ZERO,
                charged: Money::ZERO,
                from_token: false,
                rehearsed: false,
                balance_after: self.balance_of(simulated.token),
                account_after: self.account_balance_of(simulated.account),
                finished_at: simulated.finished_at,
            },
            batch,
        );
        Ok(Ok(()))
    }

    fn keep_finished(&mut self, row: &CallRow, batch: &mut Batch) {
        journal::write_finished(&mut batch.records, row);
        self.journal.tail.push_back((self.journal.seq, *row));
    }
}

/// How a call ended, as its row says it.
#[derive(Clone, Copy)]
struct End {
    state: CallState,
    cost: Money,
    counts: TokenCounts,
    certainty: Certainty,
}

impl End {
    const FREE: Self = Self {
        state: CallState::Void,
        cost: Money::ZERO,
        counts: TokenCounts::NONE,
        certainty: Certainty::Reported,
    };
}
