//! Finds tokens for lists, without reading all of them.

use std::collections::HashMap;

use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::{Reading, Timestamp};
use keypurse_store::{
    TokenCondition, TokenOrder, TokenSearch, TokenStanding, TokenTally, TokensFound,
};
use rusqlite::types::Null;
use rusqlite::{Connection, OptionalExtension, params};

use crate::journal::OpenCall;
use crate::{recover, rows};

/// The balance, a due reset counted in, as `Token::balance_at` does it.
const BALANCE: &str = "iif(t.reset_next_at <= ?6, t.reset_amount, t.balance)";
/// As `TokenSettings::draws_on_balance` says it.
const DRAWS: &str =
    "(t.has_budget AND (t.kind = 0 OR coalesce(json_extract(t.further, '$.simulate_budget'), 0)))";
/// What a tenth of makes a token low: its period's amount, or what its last
/// credit led to.
const GIVEN: &str = "coalesce(t.reset_amount,
    (SELECT e.balance_after FROM entry e WHERE e.token_id = t.id AND e.kind IN (1, 2, 4)
     ORDER BY e.line DESC LIMIT 1))";
/// When the last call that has a row ended.
const LAST_CALL: &str =
    "(SELECT c.finished_at FROM call c WHERE c.token_id = t.id ORDER BY c.line DESC LIMIT 1)";
/// Account, text, kind, instant, the text as JSON writes it (what has not even
/// that need not be taken apart), and the instant that has passed for certain.
const ASKED: &str = "t.account_id = ?1 AND t.deleted_at IS NULL
    AND (?2 IS NULL OR t.name LIKE ?2 ESCAPE '\\'
         OR (t.further LIKE ?5 ESCAPE '\\'
             AND EXISTS (SELECT 1 FROM json_each(t.further, '$.tags') tag
                         WHERE tag.value LIKE ?2 ESCAPE '\\')))
    AND (?3 IS NULL OR t.kind = ?3) AND ?4 IS NOT NULL
    AND ?6 IS NOT NULL";

/// A page of the tokens that fit, in one snapshot.
pub(crate) fn find(connection: &Connection, search: &TokenSearch) -> rusqlite::Result<TokensFound> {
    let snapshot = connection.unchecked_transaction()?;
    let under_way = UnderWay::read(&snapshot)?;
    let Page { ids, total } = page(&snapshot, search, &under_way)?;
    let mut tokens = Vec::with_capacity(ids.len());
    for id in ids {
        tokens.extend(under_way.standing(&snapshot, id)?);
    }
    Ok(TokensFound { tokens, total })
}

/// Counts live tokens by condition, all at once, in one snapshot.
pub(crate) fn tally(
    connection: &Connection,
    account: AccountId,
    at: Reading,
) -> rusqlite::Result<TokenTally> {
    let snapshot = connection.unchecked_transaction()?;
    let under_way = UnderWay::read(&snapshot)?;
    let count = |which| {
        format!(
            "count(*) FILTER (WHERE {})",
            condition(which, at.now, &under_way)
        )
    };
    let sql = format!(
        "SELECT count(*), {}, {}, {}, {} FROM token t WHERE {ASKED}",
        count(TokenCondition::Low),
        count(TokenCondition::Exhausted),
        count(TokenCondition::Expiring),
        count(TokenCondition::Idle),
    );
    let nothing = Null;
    let (now, proven) = (at.now.micros(), at.proven.micros());
    let asked = params![account.0, nothing, nothing, now, nothing, proven];
    snapshot.query_row(&sql, asked, |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(TokenTally {
            all: count(0)?,
            low: count(1)?,
            exhausted: count(2)?,
            expiring: count(3)?,
            idle: count(4)?,
        })
    })
}

struct Page {
    ids: Vec<TokenId>,
    total: u64,
}

fn page(
    snapshot: &Connection,
    search: &TokenSearch,
    under_way: &UnderWay,
) -> rusqlite::Result<Page> {
    let asked = params![
        search.account.0,
        search.text.as_deref().map(containing),
        search.kind.map(rows::kind_code),
        search.at.now.micros(),
        search
            .text
            .as_deref()
            .map(|text| containing(&in_json(text))),
        search.at.proven.micros(),
    ];
    let fits = match search.condition {
        None => ASKED.to_owned(),
        Some(which) => format!("{ASKED} AND {}", condition(which, search.at.now, under_way)),
    };
    let sql = format!(
        "SELECT t.id FROM token t WHERE {fits} ORDER BY {}",
        order(search)
    );
    let ids = |sql: &str| -> rusqlite::Result<Vec<TokenId>> {
        let mut statement = snapshot.prepare(sql)?;
        let ids = statement.query_map(asked, |row| row.get(0).map(TokenId))?;
        ids.collect()
    };
    if search.text.is_none() && search.condition.is_none() {
        // Counting is quick: it needs an index alone.
        let count = format!("SELECT count(*) FROM token t WHERE {fits}");
        let total: i64 = snapshot.query_row(&count, asked, |row| row.get(0))?;
        let (limit, offset) = (search.limit, search.offset);
        return Ok(Page {
            ids: ids(&format!("{sql} LIMIT {limit} OFFSET {offset}"))?,
            total: total.unsigned_abs(),
        });
    }
    // Looking is not: all that fit are found at once, and counted.
    let found = ids(&sql)?;
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let part = |count| usize::try_from(count).unwrap_or(usize::MAX);
    let (offset, limit) = (part(search.offset), part(search.limit));
    Ok(Page {
        ids: found.into_iter().skip(offset).take(limit).collect(),
        total,
    })
}

/// A text as it stands between the quotes of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a text is JSON");
    quoted[1..quoted.len() - 1].to_owned()
}

/// One live token and how it stands, in one snapshot.
pub(crate) fn standing(
    connection: &Connection,
    id: TokenId,
) -> rusqlite::Result<Option<TokenStanding>> {
    let snapshot = connection.unchecked_transaction()?;
    UnderWay::read(&snapshot)?.standing(&snapshot, id)
}

/// A pattern for texts that contain this one, whatever it is made of.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn condition(which: TokenCondition, now: Timestamp, under_way: &UnderWay) -> String {
    let soon = now.plus_seconds(TokenSearch::SOON_SECONDS).micros();
    match which {
        TokenCondition::Usable => format!(
            "(t.expires_at IS NULL OR t.expires_at > ?4) AND NOT ({DRAWS} AND {BALANCE} <= 0)"
        ),
        TokenCondition::Low => {
            format!("{DRAWS} AND {BALANCE} > 0 AND {BALANCE} < {GIVEN} / 10")
        }
        TokenCondition::Exhausted => format!("{DRAWS} AND {BALANCE} <= 0"),
        TokenCondition::Expiring => {
            format!("t.expires_at > ?4 AND t.expires_at <= {soon}")
        }
        TokenCondition::Expired => "t.expires_at <= ?4".to_owned(),
        TokenCondition::Idle => {
            let since = now.plus_seconds(-TokenSearch::IDLE_SECONDS).micros();
            let used = under_way.used.keys().map(|id| id.0.to_string());
            let used = used.collect::<Vec<_>>().join(", ");
            format!(
                "t.created_at < {since} AND (t.expires_at IS NULL OR t.expires_at > ?4)
                 AND coalesce({LAST_CALL}, 0) < {since} AND t.id NOT IN ({used})"
            )
        }
    }
}

fn order(search: &TokenSearch) -> String {
    let way = if search.descending { "DESC" } else { "ASC" };
    match search.order {
        TokenOrder::Created => format!("t.id {way}"),
        TokenOrder::Name => format!("t.name COLLATE NOCASE {way}, t.id"),
        TokenOrder::Balance => format!("{BALANCE} {way}, t.id"),
        TokenOrder::Expiry => format!("t.expires_at {way} NULLS LAST, t.id"),
    }
}

/// What the journal knows beside the tables, by token.
#[derive(Default)]
struct UnderWay {
    held: HashMap<TokenId, Money>,
    used: HashMap<TokenId, Timestamp>,
}

impl UnderWay {
    fn read(snapshot: &Connection) -> rusqlite::Result<Self> {
        let left = recover::replay(snapshot)?;
        let mut under_way = Self::default();
        for OpenCall { hold, .. } in left.holds.values() {
            if let Some(token) = hold.token.filter(|_| hold.draws_on_token) {
                *under_way.held.entry(token).or_default() += hold.amount;
            }
        }
        for (_, call) in &left.finished {
            if let Some(token) = call.token {
                let used = under_way.used.entry(token).or_default();
                *used = call.finished_at.max(*used);
            }
        }
        Ok(under_way)
    }

    fn standing(
        &self,
        snapshot: &Connection,
        id: TokenId,
    ) -> rusqlite::Result<Option<TokenStanding>> {
        let Some(token) = rows::token_by_id(snapshot, id)? else {
            return Ok(None);
        };
        let given = snapshot
            .prepare_cached(&format!("SELECT {GIVEN} FROM token t WHERE t.id = ?"))?
            .query_row([id.0], |row| row.get::<_, Option<i64>>(0))?;
        // Checkpoints stand for charges; all else gave, or took back.
        let credited = snapshot
            .prepare_cached(
                "SELECT ifnull(sum(amount), 0) FROM entry WHERE token_id = ? AND kind <> 5",
            )?
            .query_row([id.0], |row| row.get(0).map(Money::from_nanos))?;
        let written = snapshot
            .prepare_cached(
                "SELECT finished_at FROM call WHERE token_id = ? ORDER BY line DESC LIMIT 1",
            )?
            .query_row([id.0], |row| row.get(0).map(Timestamp::from_micros))
            .optional()?;
        Ok(Some(TokenStanding {
            spent: credited - token.balance,
            token,
            given: Money::from_nanos(given.unwrap_or_default()),
            held: self.held.get(&id).copied().unwrap_or_default(),
            last_used: self.used.get(&id).copied().or(written),
        }))
    }
}
