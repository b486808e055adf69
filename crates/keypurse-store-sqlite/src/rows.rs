//! Rows to domain and back. No SQL leaves this crate, no row leaves this file
//! unconverted.

use keypurse_core::id::{AccountId, SecretId, TokenId};
use keypurse_core::ledger::{AccountState, Entry, EntryKind, Note, Purse, SecretState, TokenState};
use keypurse_core::money::Money;
use keypurse_core::period::{Reset, ResetPeriod};
use keypurse_core::time::Timestamp;
use keypurse_core::token::{Overdraft, TokenKind, TokenName, TokenSettings};
use keypurse_store::{Account, Credential, Digest, Token, TokenCredential};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::further;

/// Columns of a token joined with its current secret, as [`token`] reads them.
const TOKEN_COLUMNS: &str = "t.id, t.account_id, t.name, t.kind, t.balance, t.has_budget,
    t.expires_at, t.overdraft, t.reset_period, t.reset_amount, t.reset_next_at, t.created_at,
    t.further";

fn bad(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, what.into())
}

fn money(row: &Row<'_>, column: usize) -> rusqlite::Result<Money> {
    row.get(column).map(Money::from_nanos)
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}

pub(crate) const fn kind_code(kind: TokenKind) -> i64 {
    match kind {
        TokenKind::Live => 0,
        TokenKind::Sandbox => 1,
    }
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<TokenKind> {
    match row.get(column)? {
        0 => Ok(TokenKind::Live),
        1 => Ok(TokenKind::Sandbox),
        _ => Err(bad(column, "unknown token kind")),
    }
}

pub(crate) const fn overdraft_code(overdraft: Overdraft) -> i64 {
    match overdraft {
        Overdraft::Clamp => 0,
        Overdraft::Refuse => 1,
        Overdraft::Allow => 2,
    }
}

fn overdraft(row: &Row<'_>, column: usize) -> rusqlite::Result<Overdraft> {
    match row.get(column)? {
        0 => Ok(Overdraft::Clamp),
        1 => Ok(Overdraft::Refuse),
        2 => Ok(Overdraft::Allow),
        _ => Err(bad(column, "unknown overdraft")),
    }
}

pub(crate) const fn period_code(period: ResetPeriod) -> i64 {
    match period {
        ResetPeriod::Daily => 1,
        ResetPeriod::Weekly => 2,
        ResetPeriod::Monthly => 3,
    }
}

pub(crate) const fn entry_kind_code(kind: EntryKind) -> i64 {
    match kind {
        EntryKind::Open => 1,
        EntryKind::Adjust => 2,
        EntryKind::Reset => 3,
        EntryKind::TopUp => 4,
        EntryKind::Checkpoint => 5,
    }
}

pub(crate) fn entry_kind(code: i64) -> Option<EntryKind> {
    let kinds = [
        EntryKind::Open,
        EntryKind::Adjust,
        EntryKind::Reset,
        EntryKind::TopUp,
        EntryKind::Checkpoint,
    ];
    kinds
        .into_iter()
        .find(|kind| entry_kind_code(*kind) == code)
}

/// Writes an entry of a token, or without one of the account.
pub(crate) fn insert_entry(
    connection: &Connection,
    line: i64,
    (account, token): (AccountId, Option<TokenId>),
    entry: &Entry,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO entry (account_id, token_id, kind, amount, balance_after, note, at, line)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            account.0,
            token.map(|token| token.0),
            entry_kind_code(entry.kind),
            entry.amount.nanos(),
            entry.balance_after.nanos(),
            entry.note.as_ref().map(Note::as_str),
            entry.at.micros(),
            line,
        ])?;
    Ok(())
}

/// Period, amount and next instant from three columns.
fn reset(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Reset>> {
    let period = match row.get(column)? {
        None => return Ok(None),
        Some(1) => ResetPeriod::Daily,
        Some(2) => ResetPeriod::Weekly,
        Some(3) => ResetPeriod::Monthly,
        Some(_) => return Err(bad(column, "unknown reset period")),
    };
    let (amount, next_at) = (money(row, column + 1)?, instant(row, column + 2)?);
    Ok(Some(Reset {
        period,
        amount,
        next_at,
    }))
}

fn settings(row: &Row<'_>) -> rusqlite::Result<TokenSettings> {
    let name: String = row.get(2)?;
    let further = further::read(row, 12)?;
    Ok(TokenSettings {
        name: TokenName::parse(&name).map_err(|_| bad(2, "not a token name"))?,
        kind: kind(row, 3)?,
        has_budget: row.get(5)?,
        expires_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
        overdraft: overdraft(row, 7)?,
        reset: reset(row, 8)?,
        simulate_budget: further.simulate_budget,
        rules: further.rules,
    })
}

/// A token and its current secret.
fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: TokenId(row.get(0)?),
        account: AccountId(row.get(1)?),
        settings: settings(row)?,
        balance: money(row, 4)?,
        created_at: instant(row, 11)?,
        digest: row.get(13)?,
        sealed: row.get(14)?,
    })
}

fn live_tokens_where(condition: &str) -> String {
    format!(
        "SELECT {TOKEN_COLUMNS}, s.digest, s.sealed FROM token t
         JOIN secret s ON s.token_id = t.id AND s.valid_until IS NULL
         WHERE t.deleted_at IS NULL AND {condition}"
    )
}

pub(crate) fn token_named(
    connection: &Connection,
    account: AccountId,
    name: &TokenName,
) -> rusqlite::Result<Option<Token>> {
    connection
        .prepare_cached(&live_tokens_where("t.account_id = ? AND t.name = ?"))?
        .query_row(params![account.0, name.as_str()], token)
        .optional()
}

pub(crate) fn token_by_id(connection: &Connection, id: TokenId) -> rusqlite::Result<Option<Token>> {
    connection
        .prepare_cached(&live_tokens_where("t.id = ?"))?
        .query_row([id.0], token)
        .optional()
}

pub(crate) fn tokens_of(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<Token>> {
    connection
        .prepare_cached(&live_tokens_where("t.account_id = ? ORDER BY t.id"))?
        .query_map([account.0], token)?
        .collect()
}

/// A token as the ledger needs it, deleted or not.
pub(crate) fn token_state(connection: &Connection, id: TokenId) -> rusqlite::Result<TokenState> {
    let sql = format!("SELECT {TOKEN_COLUMNS}, t.deleted_at FROM token t WHERE t.id = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let (account, settings, balance, deleted) = statement.query_row([id.0], |row| {
        let deleted = row.get::<_, Option<i64>>(13)?.is_some();
        Ok((
            AccountId(row.get(1)?),
            settings(row)?,
            money(row, 4)?,
            deleted,
        ))
    })?;
    let secrets = connection
        .prepare_cached("SELECT id, valid_until FROM secret WHERE token_id = ? ORDER BY id")?
        .query_map([id.0], |row| {
            let valid_until = row.get::<_, Option<i64>>(1)?.map(Timestamp::from_micros);
            Ok(SecretState {
                id: SecretId(row.get(0)?),
                valid_until,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut state = TokenState::new(id, account, balance, &settings, secrets);
    state.deleted = deleted;
    Ok(state)
}

const ACCOUNT_COLUMNS: &str = "id, name, balance, unlimited";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: row.get(1)?,
        balance: money(row, 2)?,
        unlimited: row.get(3)?,
    })
}

pub(crate) fn account_by_id(
    connection: &Connection,
    id: AccountId,
) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS} FROM account WHERE id = ?"
        ))?
        .query_row([id.0], account)
        .optional()
}

pub(crate) fn account_named(
    connection: &Connection,
    name: &str,
) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS} FROM account WHERE name = ?"
        ))?
        .query_row([name], account)
        .optional()
}

pub(crate) fn accounts(connection: &Connection) -> rusqlite::Result<Vec<Account>> {
    connection
        .prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS} FROM account ORDER BY id"
        ))?
        .query_map([], account)?
        .collect()
}

/// An account as the ledger needs it.
pub(crate) fn account_state(account: &Account) -> AccountState {
    AccountState {
        id: account.id,
        purse: Purse::with(account.balance),
        unlimited: account.unlimited,
    }
}

/// Whom a digest belongs to: a live token's secret, or one of an account's keys.
pub(crate) fn credential(
    connection: &Connection,
    digest: &Digest,
) -> rusqlite::Result<Option<Credential>> {
    let sql = format!(
        "SELECT {TOKEN_COLUMNS}, s.id, s.valid_until FROM secret s
         JOIN token t ON t.id = s.token_id WHERE s.digest = ? AND t.deleted_at IS NULL"
    );
    let token = connection
        .prepare_cached(&sql)?
        .query_row([digest], |row| {
            Ok(Credential::Token(TokenCredential {
                token: TokenId(row.get(0)?),
                account: AccountId(row.get(1)?),
                settings: settings(row)?,
                secret: SecretId(row.get(13)?),
                valid_until: row.get::<_, Option<i64>>(14)?.map(Timestamp::from_micros),
            }))
        })
        .optional()?;
    if token.is_some() {
        return Ok(token);
    }
    let account = connection
        .prepare_cached("SELECT id FROM account WHERE key_digest = ?")?
        .query_row([digest], |row| row.get(0).map(AccountId))
        .optional()?;
    if let Some(account) = account {
        return Ok(Some(Credential::Account(account)));
    }
    connection
        .prepare_cached("SELECT account_id FROM viewer_key WHERE digest = ?")?
        .query_row([digest], |row| {
            Ok(Credential::Viewer(AccountId(row.get(0)?)))
        })
        .optional()
}

/// Which of an account's keys a digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOf {
    Account,
    Viewer,
}

/// Which of this account's keys a digest is of, if any.
pub(crate) fn key_of(
    connection: &Connection,
    account: AccountId,
    digest: &Digest,
) -> rusqlite::Result<Option<KeyOf>> {
    Ok(match credential(connection, digest)? {
        Some(Credential::Account(of)) if of == account => Some(KeyOf::Account),
        Some(Credential::Viewer(of)) if of == account => Some(KeyOf::Viewer),
        Some(_) | None => None,
    })
}

/// Digests a token is recognised by.
pub(crate) fn digests_of(connection: &Connection, id: TokenId) -> rusqlite::Result<Vec<Digest>> {
    connection
        .prepare_cached("SELECT digest FROM secret WHERE token_id = ?")?
        .query_map([id.0], |row| row.get(0))?
        .collect()
}

/// Whether this digest once was a credential.
pub(crate) fn is_retired(connection: &Connection, digest: &Digest) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM retired WHERE digest = ?")?
        .exists([digest])
}

/// Remembers digests that stop being credentials. Call before they are gone.
pub(crate) fn retire(connection: &Connection, digests: &[Digest]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO retired (digest, pepper)
         SELECT ?1, coalesce((SELECT pepper FROM secret WHERE digest = ?1),
                             (SELECT pepper FROM account WHERE key_digest = ?1),
                             (SELECT pepper FROM viewer_key WHERE digest = ?1), 1)",
    )?;
    for digest in digests {
        insert.execute([digest])?;
    }
    Ok(())
}
