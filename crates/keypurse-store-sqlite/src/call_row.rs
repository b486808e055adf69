//! A finished call: in the journal first, in its row later, the same both
//! times.

use std::sync::LazyLock;

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{COUNTS, Certainty, TokenCounts};
use keypurse_store::{CallState, Feature};
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, Row, ToSql};

use crate::journal::HeldCall;

const HEAD: usize = 21;
/// Numbers a call consists of: those of [`COLUMNS`].
pub(crate) const NUMBERS: usize = HEAD + COUNTS;
/// How many of them a record of the journal had before it told how many.
pub(crate) const FIRST_NUMBERS: usize = HEAD + 13;

/// The columns of `call` as they are written and read. What neither hold nor
/// balance could cover (`house`) follows from cost and charge.
pub(crate) const COLUMNS: &str = "id, random, line, account_id, token_id, model_id, price_id,
    feature, streamed, status, state, estimated, held, cost, charged, from_token, house,
    balance_after, account_after, started_at, finished_at,
    input, cached_input, cache_write, input_audio, output, reasoning, output_audio, cached_audio,
    cache_write_long, input_image, output_image, requests, tier,
    characters, input_seconds, output_seconds, images";

/// Writes a row: its columns are [`COLUMNS`].
pub(crate) static INSERT: LazyLock<String> = LazyLock::new(|| {
    let marks = ["?"; NUMBERS].join(", ");
    format!("INSERT INTO call ({COLUMNS}) VALUES ({marks})")
});

/// Where `token_id` is among them.
const TOKEN: usize = 4;

/// A finished call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallRow {
    pub(crate) call: CallId,
    /// Its place in the order of all changes of balances.
    pub(crate) line: i64,
    pub(crate) account: AccountId,
    pub(crate) token: Option<TokenId>,
    pub(crate) held_call: HeldCall,
    pub(crate) status: u16,
    pub(crate) state: CallState,
    pub(crate) certainty: Certainty,
    pub(crate) counts: TokenCounts,
    pub(crate) held: Money,
    pub(crate) cost: Money,
    pub(crate) charged: Money,
    /// Whether the token's balance was charged.
    pub(crate) from_token: bool,
    /// Whether the account's was not: a sandbox token rehearsed.
    pub(crate) rehearsed: bool,
    /// What the token had left; nothing for the account's own key.
    pub(crate) balance_after: Money,
    pub(crate) account_after: Money,
    pub(crate) finished_at: Timestamp,
}

impl CallRow {
    /// What neither hold nor balance could cover.
    pub(crate) fn house(&self) -> Money {
        self.cost - self.charged
    }

    /// What the account was charged.
    pub(crate) fn charged_to_account(&self) -> Money {
        if self.rehearsed {
            Money::ZERO
        } else {
            self.charged
        }
    }

    /// What the token's own balance was charged.
    pub(crate) fn charged_to_token(&self) -> Money {
        if self.from_token {
            self.charged
        } else {
            Money::ZERO
        }
    }

    /// As numbers, in the order of [`COLUMNS`]. No token is 0: ids begin at 1.
    pub(crate) fn to_numbers(self) -> [i64; NUMBERS] {
        let head: [i64; HEAD] = [
            self.call.ordered,
            self.call.random,
            self.line,
            self.account.0,
            self.token.map_or(0, |token| token.0),
            self.held_call.model_id,
            self.held_call.price_id,
            self.held_call.feature.into(),
            self.held_call.streamed.into(),
            self.status.into(),
            state_code(self.state),
            (self.certainty == Certainty::Estimated).into(),
            self.held.nanos(),
            self.cost.nanos(),
            self.charged.nanos(),
            i64::from(self.from_token) | i64::from(self.rehearsed) << 1,
            self.house().nanos(),
            self.balance_after.nanos(),
            self.account_after.nanos(),
            self.held_call.started_at.micros(),
            self.finished_at.micros(),
        ];
        let mut numbers = [0; NUMBERS];
        numbers[..HEAD].copy_from_slice(&head);
        numbers[HEAD..].copy_from_slice(&self.counts.to_array().map(count));
        numbers
    }

    /// From numbers in the order of [`COLUMNS`]; `None` when they contradict
    /// each other.
    pub(crate) fn from_numbers(numbers: &[i64; NUMBERS]) -> Option<Self> {
        let (head, classes) = numbers.split_first_chunk::<HEAD>()?;
        let [
            ordered,
            random,
            line,
            account,
            token,
            model_id,
            price_id,
            feature,
            streamed,
            status,
            state,
            estimated,
            held,
            cost,
            charged,
            from_token,
            house,
            balance_after,
            account_after,
            started_at,
            finished_at,
        ] = *head;
        let mut counts = [0; COUNTS];
        for (class, stored) in counts.iter_mut().zip(classes) {
            *class = u64::try_from(*stored).ok()?;
        }
        let row = Self {
            call: CallId { ordered, random },
            line,
            account: AccountId(account),
            token: (token != 0).then_some(TokenId(token)),
            held_call: HeldCall {
                model_id,
                price_id,
                feature: u8::try_from(feature).ok()?,
                streamed: streamed != 0,
                started_at: Timestamp::from_micros(started_at),
            },
            status: u16::try_from(status).ok()?,
            state: call_state(state)?,
            certainty: certainty(estimated),
            counts: TokenCounts::from_array(counts)?,
            held: Money::from_nanos(held),
            cost: Money::from_nanos(cost),
            charged: Money::from_nanos(charged),
            from_token: from_token & 1 != 0,
            rehearsed: from_token & 2 != 0,
            balance_after: Money::from_nanos(balance_after),
            account_after: Money::from_nanos(account_after),
            finished_at: Timestamp::from_micros(finished_at),
        };
        (charged.checked_add(house) == Some(cost)).then_some(row)
    }

    /// Prepared once for as many rows as are written together.
    pub(crate) fn insertion(connection: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
        connection.prepare_cached(&INSERT)
    }

    /// Writes the row by what [`CallRow::insertion`] prepared.
    pub(crate) fn insert(&self, insertion: &mut CachedStatement<'_>) -> rusqlite::Result<()> {
        let (numbers, token) = (self.to_numbers(), self.token.map(|token| token.0));
        let mut values = numbers.each_ref().map(|number| number as &dyn ToSql);
        values[TOKEN] = &token;
        insertion.execute(values.as_slice())?;
        Ok(())
    }

    /// Reads what [`CallRow::insert`] wrote; `row` begins with [`COLUMNS`].
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut numbers = [0; NUMBERS];
        for (column, number) in numbers.iter_mut().enumerate() {
            let stored: Option<i64> = row.get(column)?;
            *number = stored.unwrap_or(0);
        }
        Self::from_numbers(&numbers).ok_or_else(|| {
            let why = format!("the row of call {:016x} contradicts itself", numbers[0]);
            rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, why.into())
        })
    }
}

const fn state_code(state: CallState) -> i64 {
    match state {
        CallState::Settled => 1,
        CallState::Void => 2,
        CallState::Recovered => 3,
        CallState::Simulated => 4,
    }
}

fn call_state(code: i64) -> Option<CallState> {
    use CallState::{Recovered, Settled, Simulated, Void};
    let states = [Settled, Void, Recovered, Simulated];
    states.into_iter().find(|state| state_code(*state) == code)
}

pub(crate) const fn feature_code(feature: Feature) -> u8 {
    match feature {
        Feature::Chat => 1,
        Feature::Embeddings => 2,
        Feature::Moderation => 3,
        Feature::ImageGeneration => 4,
        Feature::TextToSpeech => 5,
        Feature::SpeechToText => 6,
    }
}

pub(crate) fn feature(code: u8) -> Option<Feature> {
    let known = Feature::ALL.into_iter();
    known
        .into_iter()
        .find(|feature| feature_code(*feature) == code)
}

/// Validated usage fits; a count that does not is a bug upstream of here.
pub(crate) fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).expect("token counts are validated before they are stored")
}

const fn certainty(estimated: i64) -> Certainty {
    if estimated == 0 {
        Certainty::Reported
    } else {
        Certainty::Estimated
    }
}
