//! Holds, floors, settlements.

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::{Admission, Charge};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_store::{
    CallMeta, CallOutcome, Feature, HoldFailure, NewHold, Settlement, SimulatedCall,
};
use rusqlite::params;

use super::batch::{Batch, Held, Writer};
use crate::journal::{self, HeldCall};

const SETTLED: i64 = 1;
const VOID: i64 = 2;
const RECOVERED: i64 = 3;
const SIMULATED: i64 = 4;

/// A call's row.
struct CallRow<'a> {
    call: CallId,
    account: AccountId,
    token: Option<TokenId>,
    held_call: &'a HeldCall,
    status: u16,
    state: i64,
    certainty: Certainty,
    counts: TokenCounts,
    held: Money,
    charge: Charge,
    finished_at: Timestamp,
}

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
        let admission = match self.ledger.hold(&new.request, now) {
            Ok(admission) => admission,
            Err(refused) => return Ok(Err(refused.into())),
        };
        let held_call = self.held_call(&new.meta)?;
        let hold = self
            .ledger
            .open_hold(new.request.call)
            .expect("just granted");
        journal::write_hold(&mut batch.records, new.request.call, hold, &held_call);
        let seq = self.journal.seq;
        self.held.insert(
            new.request.call,
            Held {
                call: held_call,
                seq,
            },
        );
        *self.journal.open.entry(seq).or_default() += 1;
        Ok(Ok(admission))
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

    pub(super) fn open(&mut self, call: CallId, floor: Money, batch: &mut Batch) {
        if self.ledger.open(call, floor) {
            let floor = self.ledger.open_hold(call).and_then(|hold| hold.floor);
            journal::write_floor(&mut batch.records, call, floor.unwrap_or_default());
        }
    }

    /// Resolves a hold and writes its call's row. `None`: it was resolved
    /// before. When recovering, the floor is the cost.
    pub(super) fn resolve(
        &mut self,
        settlement: Settlement,
        now: Timestamp,
        recovering: bool,
    ) -> rusqlite::Result<Option<Charge>> {
        let Some(hold) = self.ledger.open_hold(settlement.call).copied() else {
            return Ok(None);
        };
        let held = self
            .held
            .remove(&settlement.call)
            .expect("every open hold has its call");
        self.journal.release(held.seq);
        let floor = hold.floor.filter(|_| recovering);
        let (state, cost, counts, certainty) = match (settlement.outcome, floor) {
            (_, Some(floor)) => (
                RECOVERED,
                floor,
                TokenCounts::default(),
                Certainty::Estimated,
            ),
            (CallOutcome::Void, None) => (
                VOID,
                Money::ZERO,
                TokenCounts::default(),
                Certainty::Reported,
            ),
            (
                CallOutcome::Used {
                    cost,
                    counts,
                    certainty,
                },
                None,
            ) => (SETTLED, cost, counts, certainty),
        };
        let charge = self
            .ledger
            .settle(settlement.call, cost, now)
            .expect("the hold is open");
        if charge.house > Money::ZERO {
            tracing::error!(
                call = %settlement.call, house = %charge.house,
                "a call cost more than its hold and the balance: the rest is the house's"
            );
        }
        self.insert_call(&CallRow {
            call: settlement.call,
            account: hold.account,
            token: hold.token,
            held_call: &held.call,
            status: settlement.status,
            state,
            certainty,
            counts,
            held: hold.amount,
            charge,
            finished_at: settlement.finished_at,
        })?;
        Ok(Some(charge))
    }

    pub(super) fn record_simulated(&mut self, simulated: &SimulatedCall) -> rusqlite::Result<()> {
        let held_call = self.held_call(&simulated.meta)?;
        let nothing = Charge {
            cost: Money::ZERO,
            charged: Money::ZERO,
            house: Money::ZERO,
            from_token: false,
            token_balance: None,
        };
        self.insert_call(&CallRow {
            call: simulated.call,
            account: simulated.account,
            token: Some(simulated.token),
            held_call: &held_call,
            status: simulated.status,
            state: SIMULATED,
            certainty: Certainty::Reported,
            counts: simulated.counts,
            held: Money::ZERO,
            charge: nothing,
            finished_at: simulated.finished_at,
        })
    }

    fn insert_call(&self, row: &CallRow<'_>) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO call (id, random, account_id, token_id, model_id, price_id, feature,
                 streamed, status, state, estimated, input, cached_input, cache_write,
                 input_audio, output, reasoning, output_audio, cached_audio, cache_write_long,
                 input_image, output_image, requests, tier, held, cost, charged, from_token,
                 house, started_at, finished_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                 ?, ?, ?, ?, ?, ?)",
        )?;
        let counts = row.counts.to_array().map(count);
        insert.execute(params![
            row.call.ordered,
            row.call.random,
            row.account.0,
            row.token.map(|token| token.0),
            row.held_call.model_id,
            row.held_call.price_id,
            row.held_call.feature,
            row.held_call.streamed,
            row.status,
            row.state,
            row.certainty == Certainty::Estimated,
            counts[0],
            counts[1],
            counts[2],
            counts[3],
            counts[4],
            counts[5],
            counts[6],
            counts[7],
            counts[8],
            counts[9],
            counts[10],
            counts[11],
            counts[12],
            row.held.nanos(),
            row.charge.cost.nanos(),
            row.charge.charged.nanos(),
            row.charge.from_token,
            row.charge.house.nanos(),
            row.held_call.started_at.micros(),
            row.finished_at.micros(),
        ])?;
        Ok(())
    }
}

/// Validated usage fits; a count that does not is a bug upstream of here.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).expect("token counts are validated before they are stored")
}

const fn feature_code(feature: Feature) -> u8 {
    match feature {
        Feature::Chat => 1,
    }
}
