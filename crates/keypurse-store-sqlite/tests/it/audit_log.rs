//! The audit log as somebody finds it who can write to the file, but has no
//! key: K-12.

use std::path::Path;

use keypurse_store::conformance::{self, NOW, token};
use keypurse_store::{Actor, AuditHead, StoreError};
use keypurse_store_sqlite::{
    AuditKey, AuditLogError, AuditLogReport, OpenError, SqliteStore, audit_records,
    replace_audit_key, verify_audit_log,
};
use rusqlite::Connection;

use crate::harness::{TestStore, open, options};

const KEY: [u8; 32] = [3; 32];

fn verify(path: &Path, exported: Option<AuditHead>) -> Result<AuditLogReport, AuditLogError> {
    verify_audit_log(path, &[AuditKey::new(&KEY)], exported)
}

/// Ten records, and where they end.
async fn ten_records() -> (TestStore, AuditHead) {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    for number in 2..=10 {
        token(store.get(), owner, &format!("t{number}"), number, 5).await;
    }
    let head = store.get().audit_head().await.unwrap();
    assert_eq!(head.seq, 10);
    (store, head)
}

const OPEN_THE_LOG: &str = "DROP TRIGGER audit_log_has_no_gaps; \
     DROP TRIGGER audit_log_is_not_edited; DROP TRIGGER audit_log_is_not_cut;";

#[tokio::test]
async fn k12_whatever_is_done_to_the_log_the_first_bad_record_is_named() {
    let (store, head) = ten_records().await;
    let report = verify(&store.path(), Some(head)).unwrap();
    assert_eq!((report.records, report.head), (10, head));
    let swapped = "UPDATE audit_log SET seq = 99 WHERE seq = 4; \
                   UPDATE audit_log SET seq = 4 WHERE seq = 6; \
                   UPDATE audit_log SET seq = 6 WHERE seq = 99";
    let inserted = "UPDATE audit_log SET seq = seq + 100 WHERE seq > 7; \
                    INSERT INTO audit_log SELECT 8, at, account_id, actor, address, action, \
                        subject, details, hash FROM audit_log WHERE seq = 7; \
                    UPDATE audit_log SET seq = seq - 99 WHERE seq > 100";
    for (harm, first_bad) in [
        ("UPDATE audit_log SET subject = 'other' WHERE seq = 3", 3),
        ("UPDATE audit_log SET details = '{}' WHERE seq = 10", 10),
        ("UPDATE audit_log SET actor = 'viewer' WHERE seq = 1", 1),
        ("UPDATE audit_log SET address = '::1' WHERE seq = 2", 2),
        ("UPDATE audit_log SET at = at + 1 WHERE seq = 5", 5),
        ("UPDATE audit_log SET account_id = NULL WHERE seq = 5", 5),
        ("UPDATE audit_log SET hash = zeroblob(32) WHERE seq = 9", 9),
        ("DELETE FROM audit_log WHERE seq = 6", 6),
        ("DELETE FROM audit_log WHERE seq = 1", 1),
        ("DELETE FROM audit_log WHERE seq > 8", 9),
        ("DELETE FROM audit_log", 1),
        (
            "DELETE FROM audit_log WHERE seq = 6; UPDATE audit_log SET seq = seq - 1 WHERE seq > 6",
            6,
        ),
        (swapped, 4),
        (inserted, 8),
        ("UPDATE audit_key SET fingerprint = zeroblob(16)", 1),
        ("DELETE FROM audit_key", 1),
        (
            "INSERT INTO audit_key (since, fingerprint) VALUES (7, zeroblob(16))",
            7,
        ),
    ] {
        let copy = store.snapshot();
        let path = copy.path().join("keypurse.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(OPEN_THE_LOG).unwrap();
        connection.execute_batch(harm).unwrap();
        drop(connection);
        match verify(&path, Some(head)) {
            Err(AuditLogError::Broken { seq, .. }) => assert_eq!(seq, first_bad, "{harm}"),
            other => panic!("{harm}: {other:?}"),
        }
    }
    store.finish().await;
}

#[tokio::test]
async fn k12_only_an_exported_head_shows_a_log_that_was_cut_or_rolled_back() {
    let (store, head) = ten_records().await;
    let copy = store.snapshot();
    let path = copy.path().join("keypurse.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(OPEN_THE_LOG).unwrap();
    connection
        .execute_batch("DELETE FROM audit_log WHERE seq > 4")
        .unwrap();
    drop(connection);
    assert_eq!(verify(&path, None).unwrap().records, 4);
    let cut = verify(&path, Some(head)).unwrap_err();
    assert_eq!(
        cut.to_string(),
        "record 5 of the audit log is missing: there were 10 when the head was exported"
    );
    let other = AuditHead {
        hash: [1; 32],
        ..head
    };
    let rewritten = verify(&store.path(), Some(other)).unwrap_err();
    assert!(matches!(rewritten, AuditLogError::Broken { seq: 10, .. }));
    let parsed = AuditHead::parse(&head.to_string());
    assert_eq!(parsed, Some(head));
    store.finish().await;
}

#[tokio::test]
async fn the_file_itself_refuses_what_is_no_new_record_at_the_end() {
    let (store, _) = ten_records().await;
    let copy = store.snapshot();
    let connection = Connection::open(copy.path().join("keypurse.db")).unwrap();
    let same = "SELECT at, account_id, actor, address, action, subject, details, hash \
                FROM audit_log WHERE seq = 1";
    for harm in [
        "UPDATE audit_log SET subject = 'x' WHERE seq = 1".to_owned(),
        "DELETE FROM audit_log WHERE seq = 10".to_owned(),
        format!("INSERT OR REPLACE INTO audit_log SELECT 3, * FROM ({same})"),
        format!("INSERT INTO audit_log SELECT 12, * FROM ({same})"),
    ] {
        assert!(connection.execute_batch(&harm).is_err(), "{harm}");
    }
    store.finish().await;
}

/// The writer decides it, and the disk has no room for it: neither the change
/// nor its record is there.
#[tokio::test]
async fn a_change_that_cannot_be_written_leaves_no_record() {
    let (store, head) = ten_records().await;
    let copy = store.stop().await;
    let path = copy.path().join("keypurse.db");
    let connection = Connection::open(&path).unwrap();
    // As a failing write: after the change, before the commit.
    connection
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON audit_log WHEN NEW.subject = 'doomed'
             BEGIN SELECT raise(ABORT, 'no room'); END",
        )
        .unwrap();
    drop(connection);
    std::fs::remove_file(path.with_extension("sums")).unwrap();
    let store = TestStore::reopened(copy).unwrap();
    let owner = store.get().accounts().await.unwrap()[0].id;
    let doomed = conformance::new_token(owner, "doomed", 77, 1);
    let refused = store.get().create_token(doomed).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(store.get().tokens(owner).await.unwrap().len(), 9);
    assert_eq!(store.get().audit_head().await.unwrap(), head);
    token(store.get(), owner, "next", 78, 1).await;
    assert_eq!(verify(&store.path(), Some(head)).unwrap().records, 11);
    store.finish().await;
}

#[tokio::test]
async fn the_log_goes_on_under_another_key_only_when_told_so() {
    let (store, head) = ten_records().await;
    let folder = store.stop().await;
    let path = folder.path().join("keypurse.db");
    let mut other = options(path.clone());
    let (old, new) = (AuditKey::new(&KEY), AuditKey::new(&[4; 32]));
    other.audit_key = new.clone();
    let refused = SqliteStore::open(&other);
    assert!(
        matches!(refused, Err(OpenError::OtherAuditKey)),
        "{refused:?}"
    );
    assert!(replace_audit_key(&other, Actor::COMMAND_LINE, NOW).unwrap());
    assert!(!replace_audit_key(&other, Actor::COMMAND_LINE, NOW).unwrap());
    assert!(matches!(open(path.clone()), Err(OpenError::OtherAuditKey)));
    let store = SqliteStore::open(&other).unwrap();
    let owner = keypurse_store::Accounts::accounts(&store).await.unwrap()[0].id;
    token(&store, owner, "next", 78, 1).await;
    keypurse_store::Calls::close(&store).await.unwrap();
    let with = |keys: &[AuditKey]| verify_audit_log(&path, keys, Some(head));
    assert_eq!(with(&[new.clone(), old.clone()]).unwrap().records, 12);
    for (keys, first_bad) in [(&[new][..], 1), (&[old], 11), (&[], 1)] {
        let refused = with(keys);
        assert!(
            matches!(refused, Err(AuditLogError::Broken { seq, .. }) if seq == first_bad),
            "{refused:?}"
        );
    }
    let records = audit_records(&path, 2).unwrap();
    assert_eq!(records[0].action, "audit_key.replace");
    assert!(records[0].details.contains(&head.to_string()));
}

#[tokio::test]
async fn events_are_refused_while_the_store_is_closed() {
    let store = TestStore::new();
    store.get().close().await.unwrap();
    let event = keypurse_store::AuditEvent {
        account: None,
        actor: Actor::SYSTEM,
        action: keypurse_store::Action::ClockStep,
        subject: "clock".to_owned(),
        details: keypurse_store::Details::none(),
        at: NOW,
    };
    let refused = store.get().record_event(event).await;
    assert!(matches!(
        refused,
        Err(StoreError::Closed | StoreError::Unavailable(_))
    ));
}
