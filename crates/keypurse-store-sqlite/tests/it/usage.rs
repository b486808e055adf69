//! Reports tell what calls used, whatever becomes of the store.

use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;
use keypurse_store::conformance::{History, NOW};
use rusqlite::Connection;

use crate::harness::TestStore;

async fn told_in(zone: &str) {
    let zone = TimeZone::get(zone).expect("a zone");
    let store = TestStore::in_zone(zone.clone());
    let mut history = History::begin(store.get(), zone.clone()).await;
    history.go_on(store.get(), 700).await;
    history.is_told(store.get()).await;
    history.is_listed(store.get()).await;

    let store = TestStore::reopened_in_zone(store.crash().await, zone).expect("a store");
    history.is_told(store.get()).await;
    history.go_on(store.get(), 100).await;
    history.is_listed(store.get()).await;
    store.finish().await;
}

#[tokio::test]
async fn figures_are_those_of_the_calls() {
    told_in("UTC").await;
}

#[tokio::test]
async fn so_they_are_where_hours_begin_at_half_past() {
    told_in("Asia/Kolkata").await;
}

#[tokio::test]
async fn so_they_are_where_clocks_are_set_twice_a_year() {
    told_in("America/New_York").await;
}

#[tokio::test]
async fn figures_outlive_tokens_and_calls() {
    let store = TestStore::new();
    let mut history = History::begin(store.get(), TimeZone::UTC).await;
    history.go_on(store.get(), 400).await;
    for token in &history.tokens()[1..3] {
        let name = &token.settings.name;
        let deleted = store.get().delete_token(token.account, name, NOW).await;
        deleted.expect("a working store").expect("a live token");
    }
    history.is_told(store.get()).await;
    history.is_listed(store.get()).await;
    for before in [
        NOW.plus_seconds(-100 * 24 * 3600),
        Timestamp::from_micros(i64::MAX),
    ] {
        while store.get().forget_calls(before).await.expect("a store") > 0 {}
        history.is_told(store.get()).await;
        keypurse_store_sqlite::audit(&store.path()).expect("what is left is proved");
    }
    let folder = store.stop().await;
    let calls: i64 = Connection::open(folder.path().join("keypurse.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM call", [], |row| row.get(0))
        .unwrap();
    assert_eq!(calls, 0);
}
