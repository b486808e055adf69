//! Reports tell what calls used, whatever becomes of the store.

use std::path::Path;

use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;
use keypurse_store::conformance::{History, NOW};
use keypurse_store_sqlite::{AuditError, audit};
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
        audit(&store.path()).expect("what is left is proved");
    }
    let folder = store.stop().await;
    let calls: i64 = Connection::open(folder.path().join("keypurse.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM call", [], |row| row.get(0))
        .unwrap();
    assert_eq!(calls, 0);
}

#[tokio::test]
async fn calls_that_were_there_before_there_were_sums_are_summed_at_the_start() {
    let store = TestStore::new();
    let mut history = History::begin(store.get(), TimeZone::UTC).await;
    history.go_on(store.get(), 300).await;
    let (path, folder) = (store.path(), store.stop().await);
    // An older version kept no checksums.
    std::fs::remove_file(path.with_extension("sums")).unwrap();
    edit(&path, include_str!("older_schema.sql"));
    let store = TestStore::reopened(folder).expect("it is migrated");
    history.is_told(store.get()).await;
    store.finish().await;
}

#[tokio::test]
async fn days_are_the_servers_and_no_command_lines() {
    let zone = TimeZone::get("Asia/Kolkata").expect("a zone");
    let store = TestStore::in_zone(TimeZone::unknown());
    let mut history = History::begin(store.get(), zone.clone()).await;
    history.make_calls(store.get(), 300).await;
    let store = TestStore::reopened_in_zone(store.stop().await, zone).expect("a store");
    history.is_told(store.get()).await;
    let unknown = TimeZone::unknown();
    let store = TestStore::reopened_in_zone(store.crash().await, unknown).expect("a store");
    history.make_calls(store.get(), 20).await;
    history.is_told(store.get()).await;
    store.finish().await;
}

/// Days that were reported stay as they were; both kinds are proved.
#[tokio::test]
async fn another_zone_is_that_of_later_calls() {
    let store = TestStore::new();
    let mut history = History::begin(store.get(), TimeZone::UTC).await;
    history.make_calls(store.get(), 300).await;
    let zone = TimeZone::get("America/New_York").expect("a zone");
    let folder = store.crash().await;
    let store = TestStore::reopened_in_zone(folder, zone).expect("a store");
    history.make_calls(store.get(), 300).await;
    store.finish().await;
}

#[tokio::test]
async fn hours_are_kept_for_two_months_and_days_for_good() {
    let store = TestStore::new();
    let mut history = History::begin(store.get(), TimeZone::UTC).await;
    history.go_on(store.get(), 300).await;
    let later = NOW.plus_seconds(70 * 24 * 3600);
    let store = TestStore::reopened_at(store.stop().await, later).expect("a store");
    // A little is done with each change.
    for _ in 0..200 {
        store.get().probe().await.expect("a store");
    }
    history.is_told_by_day(store.get()).await;
    audit(&store.path()).expect("sums add up");
    let folder = store.stop().await;
    let connection = Connection::open(folder.path().join("keypurse.db")).unwrap();
    let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM usage_hour"), 0);
    assert_eq!(count("SELECT count(*) FROM usage_hour_detail"), 0);
    assert_eq!(count("SELECT count(*) FROM usage_fresh"), 0);
    assert!(count("SELECT count(*) FROM usage_day") > 100);
}

/// Days on which only token 1 called are token 2's: a shelf begins with a byte
/// for the token, and its length twice.
const GIVEN_TO_SOMEBODY_ELSE: &str = "
    CREATE TEMP TABLE alone AS SELECT day FROM usage_day
        WHERE shelf = 0 AND hex(substr(sums, 1, 2)) = printf('01%02X', 2 * (length(sums) - 2));
    UPDATE usage_day SET sums = CAST(x'02' || substr(sums, 2) AS BLOB)
        WHERE shelf = 0 AND day IN (SELECT day FROM alone);
    UPDATE usage_day_detail SET sums = CAST(x'02' || substr(sums, 2) AS BLOB)
        WHERE shelf = 0 AND day IN (SELECT day FROM alone);
";

#[tokio::test]
async fn the_first_wrong_sum_is_named() {
    let store = TestStore::new();
    let mut history = History::begin(store.get(), TimeZone::UTC).await;
    history.go_on(store.get(), 300).await;
    let (path, folder) = (store.path(), store.stop().await);
    let intact = std::fs::read(&path).unwrap();
    for (change, named) in [
        ("DELETE FROM usage_fresh WHERE token_id = 1", "its calls"),
        ("DELETE FROM usage_fresh WHERE token_id = -1", "everybody"),
        ("DELETE FROM usage_day WHERE shelf = 0", "its calls"),
        ("DELETE FROM usage_day WHERE shelf = -1", "everybody"),
        ("DELETE FROM usage_hour WHERE shelf = 0", "hours"),
        ("DELETE FROM usage_month WHERE shelf = -1", "months"),
        ("DELETE FROM usage_month WHERE shelf = 0", "months"),
        (
            "DELETE FROM usage_day_detail WHERE shelf = 0",
            "not readable",
        ),
        ("INSERT INTO usage_before VALUES (1, 1)", "all charges"),
        (GIVEN_TO_SOMEBODY_ELSE, "token 1"),
        ("UPDATE usage_day SET sums = x'01'", "not readable"),
    ] {
        edit(&path, change);
        let Err(AuditError::Difference(difference)) = audit(&path) else {
            panic!("unnoticed: {change}");
        };
        assert!(difference.contains(named), "{change}: {difference}");
        std::fs::write(&path, &intact).unwrap();
    }
    audit(&path).expect("it is as it was");
    drop(folder);
}

fn edit(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}
