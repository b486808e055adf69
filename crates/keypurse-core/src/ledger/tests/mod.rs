//! The rules of the ledger, one file per verb, and the books over all of them.

mod books;
mod changes;
mod growing;
mod hold;
mod script;
mod settle;
mod state;
mod top_up;

use super::*;
use crate::id::{AccountId, CallId, SecretId, TokenId};
use crate::money::Money;
use crate::period::{Reset, ResetPeriod};
use crate::time::Timestamp;
use crate::token::{Overdraft, TokenKind, TokenName, TokenSettings};
use jiff::tz::TimeZone;

const ACCOUNT: AccountId = AccountId(1);
const TOKEN: TokenId = TokenId(1);
const SECRET: SecretId = SecretId(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn call(number: i64) -> CallId {
    CallId {
        ordered: number,
        random: 0,
    }
}

fn settings(overdraft: Overdraft) -> TokenSettings {
    let mut settings = TokenSettings::new(TokenName::parse("t").unwrap(), TokenKind::Live);
    settings.has_budget = true;
    settings.overdraft = overdraft;
    settings
}

fn ledger_with(settings: &TokenSettings, balance: i64) -> Ledger {
    let mut ledger = Ledger::new(TimeZone::UTC, Timestamp::from_micros(i64::MAX));
    let purse = Purse::default();
    ledger.load_account(AccountState {
        id: ACCOUNT,
        purse,
        unlimited: true,
    });
    let secrets = vec![SecretState {
        id: SECRET,
        valid_until: None,
    }];
    let balance = Money::from_nanos(balance);
    ledger.load_token(TokenState::new(TOKEN, ACCOUNT, balance, settings, secrets));
    ledger
}

/// A hold that is to grow from `first`.
fn growing(number: i64, full: i64, first: i64) -> HoldRequest {
    HoldRequest {
        first: Money::from_nanos(first),
        ..request(number, full, first)
    }
}

fn request(number: i64, full: i64, least: i64) -> HoldRequest {
    HoldRequest {
        call: call(number),
        account: ACCOUNT,
        token: Some(TokenUse {
            token: TOKEN,
            secret: SECRET,
        }),
        full: Money::from_nanos(full),
        least: Money::from_nanos(least),
        first: Money::from_nanos(full),
    }
}
