//! Copies beside a live writer, restored databases, and keys that change.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use keypurse_core::id::SecretId;
use keypurse_core::time::Timestamp;
use keypurse_store::conformance::{self, balance, floor, nanos, new_hold, token, used};
use keypurse_store::{
    Actor, Calls, HoldFailure, KeyKind, KeyRecord, KeyVersions, Rekeyed, Rotation, Store,
    StoreError,
};
use keypurse_store_sqlite::{
    AuditError, SqliteStore, abandon_key, acknowledge, copy_database, instance, key_usage,
    mark_restored, newest_schema, schema_of, verify,
};
use rusqlite::Connection;

use crate::harness::{TestStore, options};

const MADE_AT: Timestamp = Timestamp::from_micros(1_000_000);

async fn funded(store: &dyn Store) -> keypurse_store::Token {
    let owner = conformance::account(store, "owner", 1).await;
    token(store, owner, "t", 2, 1_000_000).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_beside_a_busy_writer_is_one_instant_and_blocks_nobody() {
    let live = TestStore::new();
    let token = funded(live.get()).await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let copies = {
        let (from, stop) = (live.path(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let folder = tempfile::tempdir().unwrap();
            let mut reports = Vec::new();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let to = folder.path().join(format!("copy-{}.db", reports.len()));
                copy_database(&from, &to).unwrap();
                reports.push(verify(&to).unwrap());
                let beside = fs::read_dir(folder.path()).unwrap().count();
                assert_eq!(beside, reports.len(), "a copy is one file");
            }
            reports
        })
    };
    let mut made = 0;
    while made < 80 {
        made += 1;
        let new = new_hold(live.get(), &token, 2, made, 600).await;
        live.get().hold(new).await.unwrap();
        live.get().settle(used(made, 10)).await.unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let reports = copies.join().unwrap();
    assert!(!reports.is_empty());
    for pair in reports.windows(2) {
        assert!(pair[0].calls <= pair[1].calls, "a later copy has no less");
    }
    live.finish().await;
}

#[tokio::test]
async fn a_damaged_copy_is_noticed() {
    let live = TestStore::new();
    funded(live.get()).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    copy_database(&live.path(), &copy).unwrap();
    verify(&copy).unwrap();
    Connection::open(&copy)
        .unwrap()
        .execute("UPDATE token SET balance = balance + 1", [])
        .unwrap();
    assert!(matches!(verify(&copy), Err(AuditError::Difference(_))));
    live.finish().await;
}

#[tokio::test]
async fn a_restored_store_holds_nothing_until_it_is_acknowledged() {
    let live = TestStore::new();
    let token = funded(live.get()).await;
    let new = new_hold(live.get(), &token, 2, 1, 600).await;
    live.get().hold(new).await.unwrap();
    let new = new_hold(live.get(), &token, 2, 2, 600).await;
    live.get().hold(new).await.unwrap();
    live.get().open(used(2, 0).call, floor(150)).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("keypurse.db");
    copy_database(&live.path(), &copy).unwrap();
    live.crash().await;
    mark_restored(&options(copy.clone()), MADE_AT).unwrap();
    let restored = instance(&copy).unwrap().restored.unwrap();
    assert_eq!(restored.backup_at, MADE_AT);

    let waiting = SqliteStore::open(&options(copy.clone())).unwrap();
    assert_eq!(waiting.open_holds().await.unwrap(), 0);
    let left = nanos(1_000_000 - 150);
    assert_eq!(
        balance(&waiting, &token).await,
        left,
        "what was under way is void, or recovered at its floor"
    );
    let new = new_hold(&waiting, &token, 2, 3, 600).await;
    let refused = waiting.hold(new).await;
    assert!(
        matches!(refused, Err(HoldFailure::Store(StoreError::Unacknowledged))),
        "{refused:?}"
    );
    conformance::token(&waiting, token.account, "another", 4, 0).await;
    waiting.close().await.unwrap();

    let (_, after) = acknowledge(&options(copy.clone())).unwrap().unwrap();
    assert_eq!((after.epoch, after.restored), (2, None));
    assert!(acknowledge(&options(copy.clone())).unwrap().is_none());
    let spending = SqliteStore::open(&options(copy.clone())).unwrap();
    let new = new_hold(&spending, &token, 2, 3, 600).await;
    spending.hold(new).await.unwrap();
    spending.settle(used(3, 10)).await.unwrap();
    assert_eq!(balance(&spending, &token).await, left - nanos(10));
    spending.close().await.unwrap();
    verify(&copy).unwrap();
}

const SECOND: KeyVersions = KeyVersions {
    pepper: 2,
    master: 2,
};

fn rekeyed(from: u8, to: u8) -> Rekeyed {
    Rekeyed {
        from: conformance::digest(from),
        to: conformance::digest(to),
        sealed: vec![to; 40],
        keys: SECOND,
    }
}

/// Sets a sealed copy where the fixtures keep none.
fn seal(path: &Path, secret: u8) {
    Connection::open(path)
        .unwrap()
        .execute(
            "UPDATE secret SET sealed = zeroblob(40) WHERE digest = ?",
            [conformance::digest(secret)],
        )
        .unwrap();
}

#[tokio::test]
async fn what_relies_on_old_keys_is_found_and_moves_once() {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    for (name, secret) in [("a", 2), ("b", 3), ("c", 4)] {
        token(store.get(), owner, name, secret, 0).await;
    }
    seal(&store.path(), 2);
    seal(&store.path(), 4);
    let after = |id| store.get().stale_secrets(SecretId(id), SECOND, 1);
    let first = after(0).await.unwrap();
    assert_eq!(
        (first.secrets[0].digest, first.through),
        (conformance::digest(2), SecretId(1))
    );
    let second = after(1).await.unwrap();
    assert_eq!(
        (second.secrets[0].digest, second.through),
        (conformance::digest(4), SecretId(3)),
        "what has no sealed copy is passed over"
    );
    assert!(after(3).await.unwrap().secrets.is_empty());

    let changes = vec![
        rekeyed(2, 12),
        rekeyed(3, 13),
        rekeyed(1, 11),
        rekeyed(99, 98),
    ];
    assert_eq!(store.get().rekey(changes.clone()).await.unwrap(), 3);
    assert_eq!(
        store.get().rekey(changes).await.unwrap(),
        0,
        "they have moved"
    );
    let usage = key_usage(&store.path()).unwrap();
    let pepper = |version| &usage[&(KeyKind::Pepper, version)];
    assert_eq!(
        (pepper(1).secrets, &pepper(1).tokens[..]),
        (1, &["c".to_owned()][..])
    );
    assert_eq!((pepper(2).secrets, pepper(2).accounts.len()), (2, 1));
    assert_eq!(
        usage[&(KeyKind::Master, 2)].secrets,
        1,
        "where no copy was kept none is made"
    );
    store.finish().await;
}

#[tokio::test]
async fn a_digest_that_is_taken_fails_nobody() {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    token(store.get(), owner, "a", 2, 0).await;
    token(store.get(), owner, "b", 3, 0).await;
    assert_eq!(store.get().rekey(vec![rekeyed(2, 3)]).await.unwrap(), 0);
    let found = store.get().credential(&conformance::digest(2)).await;
    assert!(found.unwrap().is_some());
    store.finish().await;
}

#[tokio::test]
async fn a_key_is_dropped_only_when_nothing_relies_on_it() {
    let store = TestStore::new();
    let token = funded(store.get()).await;
    let record = |kind, version| KeyRecord {
        kind,
        version,
        check: [7; 16],
        adopted_at: conformance::NOW,
    };
    let first = record(KeyKind::Pepper, 1);
    store
        .get()
        .record_keys(vec![first], Actor::SYSTEM)
        .await
        .unwrap();
    let other = KeyRecord {
        check: [8; 16],
        ..first
    };
    store
        .get()
        .record_keys(vec![other], Actor::SYSTEM)
        .await
        .unwrap();
    let kept = vec![first];
    assert_eq!(
        store.get().key_records().await.unwrap(),
        kept,
        "it stays as it is"
    );
    let dropped = || store.get().drop_key(KeyKind::Pepper, 1, Actor::SYSTEM);
    assert!(!dropped().await.unwrap());
    store.get().rekey(vec![rekeyed(2, 12)]).await.unwrap();
    assert!(!dropped().await.unwrap(), "the account's key relies on it");
    store.get().rekey(vec![rekeyed(1, 11)]).await.unwrap();
    assert!(dropped().await.unwrap());
    assert!(store.get().key_records().await.unwrap().is_empty());
    assert_eq!(balance(store.get(), &token).await, nanos(1_000_000));
    store.finish().await;
}

#[tokio::test]
async fn what_relied_on_a_given_up_pepper_stops_working_and_keeps_its_purse() {
    let store = TestStore::new();
    let token = funded(store.get()).await;
    let (path, folder) = (store.path(), store.stop().await);
    abandon_key(&options(path), KeyKind::Pepper, 1).unwrap();
    let store = TestStore::reopened(folder).unwrap();
    for secret in [1, 2] {
        let found = store.get().credential(&conformance::digest(secret)).await;
        assert!(found.unwrap().is_none());
    }
    assert_eq!(balance(store.get(), &token).await, nanos(1_000_000));
    let rotation = Rotation {
        account: token.account,
        name: token.settings.name.clone(),
        digest: conformance::digest(5),
        sealed: None,
        keys: SECOND,
        old_until: conformance::NOW,
        now: conformance::NOW,
    };
    store.get().rotate_token(rotation).await.unwrap().unwrap();
    let found = store.get().credential(&conformance::digest(5)).await;
    assert!(found.unwrap().is_some(), "a new secret makes it work again");
    store.finish().await;
}

#[tokio::test]
async fn a_migration_keeps_a_copy_of_what_it_changes() {
    let store = TestStore::new();
    funded(store.get()).await;
    let (path, folder) = (store.path(), store.stop().await);
    // As an older version left it: it kept no checksums.
    fs::remove_file(path.with_extension("sums")).unwrap();
    let edit = Connection::open(&path).unwrap();
    edit.execute_batch(include_str!("older_schema.sql"))
        .unwrap();
    drop(edit);
    let old = schema_of(&path).unwrap();
    assert!(old < newest_schema());
    let unproven = verify(&path);
    assert!(
        matches!(unproven, Err(AuditError::OtherSchema { found, .. }) if found == old),
        "{unproven:?}"
    );
    let store = TestStore::reopened(folder).expect("it is migrated");
    assert_eq!(schema_of(&path).unwrap(), newest_schema());
    let kept = path.with_extension(format!("schema-{old}.db"));
    assert_eq!(schema_of(&kept).unwrap(), old);
    let tokens: i64 = Connection::open(&kept)
        .unwrap()
        .query_row("SELECT count(*) FROM token", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tokens, 1);
    store.finish().await;
}
