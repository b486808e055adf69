//! What tokens are called, deleted ones too.

use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::time::Timestamp;
use keypurse_store::{TokenLabel, pause_if_due};
use rusqlite::Connection;

use crate::further;

pub(crate) fn labels(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<TokenLabel>> {
    connection
        .prepare_cached(
            "SELECT id, name, further, deleted_at FROM token WHERE account_id = ? ORDER BY id",
        )?
        .query_map([account.0], |row| {
            pause_if_due();
            Ok(TokenLabel {
                id: TokenId(row.get(0)?),
                name: row.get(1)?,
                tags: further::tags(row, 2)?,
                deleted_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros),
            })
        })?
        .collect()
}
