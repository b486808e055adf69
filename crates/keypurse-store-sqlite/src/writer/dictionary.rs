//! Numbers for prices and models, so that a call's row stays small.

use std::collections::HashMap;
use std::sync::Arc;

use keypurse_core::price::Price;
use rusqlite::{Connection, params};

/// More distinct prices than this are looked up again.
const MAX_PRICES: usize = 10_000;

/// Row ids of prices and models met so far. Forgotten when a batch is undone.
#[derive(Default)]
pub(super) struct Dictionary {
    /// By address: the gateway hands in the same price for every call of a
    /// model, and keeping the `Arc` keeps the address its own.
    prices: HashMap<usize, (Arc<Price>, i64)>,
    models: HashMap<(Arc<str>, Arc<str>), i64>,
}

impl Dictionary {
    pub(super) fn price(
        &mut self,
        connection: &Connection,
        price: &Arc<Price>,
    ) -> rusqlite::Result<i64> {
        let address = Arc::as_ptr(price).addr();
        if let Some((_, id)) = self.prices.get(&address) {
            return Ok(*id);
        }
        if self.prices.len() >= MAX_PRICES {
            self.prices.clear();
        }
        let id = insert_or_find(
            connection,
            "INSERT INTO price (rates) VALUES (?) ON CONFLICT DO NOTHING",
            "SELECT id FROM price WHERE rates = ?",
            params![price.to_text()],
        )?;
        self.prices.insert(address, (Arc::clone(price), id));
        Ok(id)
    }

    pub(super) fn model(
        &mut self,
        connection: &Connection,
        provider: &Arc<str>,
        model: &Arc<str>,
    ) -> rusqlite::Result<i64> {
        let key = (Arc::clone(provider), Arc::clone(model));
        if let Some(id) = self.models.get(&key) {
            return Ok(*id);
        }
        let id = insert_or_find(
            connection,
            "INSERT INTO model (provider, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
            "SELECT id FROM model WHERE provider = ? AND name = ?",
            params![key.0, key.1],
        )?;
        self.models.insert(key, id);
        Ok(id)
    }
}

fn insert_or_find(
    connection: &Connection,
    insert: &str,
    find: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<i64> {
    connection.prepare_cached(insert)?.execute(values)?;
    connection
        .prepare_cached(find)?
        .query_row(values, |row| row.get(0))
}
