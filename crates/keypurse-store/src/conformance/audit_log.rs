//! What the audit log promises.

use std::net::{IpAddr, Ipv4Addr};

use keypurse_core::id::{AccountId, CallId};
use keypurse_core::ledger::TopUp;
use keypurse_core::token::SettingsChange;

use super::fixtures::{NOW, account, digest, nanos, new_hold, token, used};
use crate::{
    AccountTopUp, Actor, AuditPage, Claim, Deletion, Guard, KeyVersions, Made, NewSession, Once,
    Rotation, Store, Token, TokenChange, TokenTopUp, TokenUpdate, Who,
};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const ACTOR: Actor = Actor::at(Who::Session(7), ADDRESS);

/// Every change is recorded with who made it; one that is refused, repeated or
/// changes nothing is not.
pub async fn every_change_is_recorded_once_and_no_other(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let team = token(store, owner, "team", 2, 100).await;
    make(store, update(&team, Some(50))).await;
    make(store, update(&team, None)).await;
    make(store, credit(&team, 25)).await;
    make(store, credit(&team, 25)).await;
    let refused = store.change_token(credit(&team, i64::MAX), guard(9)).await;
    assert!(refused.is_err(), "{refused:?}");
    make(store, rotation(&team)).await;
    let top_up = AccountTopUp {
        account: owner,
        top_up: top_up(5),
        actor: ACTOR,
    };
    store.top_up_account(top_up, None).await.expect("credits");
    let key = (digest(8), 1);
    for _ in 0..2 {
        let replaced = store.set_account_key("owner", key, ACTOR).await;
        replaced.expect("a free key").expect("an account");
    }
    make(store, deletion(&team)).await;
    let records = records(store, owner).await;
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.action.as_str(), record.details.as_str()))
        .collect();
    let id = team.id.0;
    let expected = [
        ("account.create", r#"{"unlimited":true}"#.to_owned()),
        ("token.create", String::new()),
        (
            "token.update",
            format!(r#"{{"id":{id},"balance":{{"from":"0.0000001","to":"0.00000005"}}}}"#),
        ),
        (
            "token.top_up",
            format!(
                r#"{{"id":{id},"amount":"0.000000025","balance":{{"from":"0.00000005","to":"0.000000075"}},"note":"thanks"}}"#
            ),
        ),
        (
            "token.rotate",
            format!(r#"{{"id":{id},"grace_period":60}}"#),
        ),
        ("account.top_up", String::new()),
        ("account.reset_key", "{}".to_owned()),
        (
            "token.delete",
            format!(r#"{{"id":{id},"balance":"0.000000075"}}"#),
        ),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((action, details), (expected_action, expected)) in told.iter().zip(&expected) {
        assert_eq!(action, expected_action, "{told:?}");
        assert!(expected.is_empty() || details == expected, "{details}");
    }
    for record in &records[2..] {
        assert_eq!(record.actor, "session:7", "{record:?}");
        assert_eq!(record.address.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.at, NOW);
    }
}

/// A session and the record of its beginning or end are one transaction; one
/// that does not begin, or has ended, is not recorded.
pub async fn a_session_is_recorded_as_it_begins_and_ends(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let begin = |id: u8, key: u8| {
        store.begin_session(NewSession {
            digest: digest(id),
            account: owner,
            key: vec![digest(key)],
            address: ADDRESS,
            browser: String::new(),
            now: NOW,
        })
    };
    let first = begin(10, 1).await.expect("a working store").expect("begun");
    let second = begin(11, 1).await.expect("a working store").expect("begun");
    assert_eq!(begin(12, 9).await.expect("a working store"), None);
    let by_first = Actor::at(Who::Session(first.id.0), ADDRESS);
    for id in [second.id, second.id, first.id] {
        let ended = store.end_session(owner, id, by_first).await;
        ended.expect("a working store");
    }
    let told: Vec<_> = records(store, owner)
        .await
        .into_iter()
        .map(|record| (record.action, record.subject, record.actor))
        .collect();
    let (first, second) = (
        Who::Session(first.id.0).to_string(),
        Who::Session(second.id.0).to_string(),
    );
    let expected = [
        ("sign_in", &first, "account_key"),
        ("sign_in", &second, "account_key"),
        ("session.end", &second, &*first),
        ("sign_out", &first, &*first),
    ];
    assert_eq!(told.len(), 1 + expected.len(), "{told:?}");
    for ((action, subject, actor), expected) in told[1..].iter().zip(expected) {
        assert_eq!((&**action, subject, &**actor), expected);
    }
}

/// What the house pays is recorded with its call, and a flood of it is not.
pub async fn an_overrun_is_recorded_and_a_flood_of_them_is_not(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let team = token(store, owner, "team", 2, 10_000).await;
    for call in 1..=100 {
        let hold = new_hold(store, &team, 2, call, 10).await;
        store.hold(hold).await.expect("enough money");
        let covered = store.settle(used(call, 5)).await;
        covered.expect("a working store");
    }
    assert_eq!(actions(store, owner).await.len(), 2, "nothing was overrun");
    let empty = token(store, owner, "empty", 3, 1_000).await;
    for call in 101..=200 {
        let hold = new_hold(store, &empty, 3, call, 10).await;
        store.hold(hold).await.expect("enough money");
    }
    for call in 101..=200 {
        let overrun = store.settle(used(call, 15)).await;
        overrun.expect("a working store");
    }
    let told = records(store, owner).await;
    let told: Vec<_> = told.iter().filter(|it| it.action == "overrun").collect();
    assert_eq!(told.len(), 20);
    assert_eq!((&*told[0].subject, &*told[0].actor), ("empty", "system"));
    let call = CallId {
        ordered: 101,
        random: 101,
    };
    assert_eq!(
        told[0].details,
        format!(
            r#"{{"call":"{call}","cost":"0.000000015","charged":"0.00000001","house":"0.000000005"}}"#
        )
    );
}

/// An account sees its own records; those of the installation are the first
/// account's.
pub async fn an_account_sees_its_own_records(store: &dyn Store) {
    let first = account(store, "first", 1).await;
    let other = account(store, "other", 2).await;
    token(store, other, "team", 3, 1).await;
    let check = [7; 16];
    let key = crate::KeyRecord {
        kind: crate::KeyKind::Pepper,
        version: 2,
        check,
        adopted_at: NOW,
    };
    store
        .record_keys(vec![key], Actor::COMMAND_LINE)
        .await
        .expect("a working store");
    assert_eq!(actions(store, first).await, ["account.create", "key.adopt"]);
    assert_eq!(
        actions(store, other).await,
        ["account.create", "token.create"]
    );
    let page = AuditPage {
        account: first,
        before: None,
        limit: 1,
    };
    let newest = store.audit_page(page).await.expect("a working store");
    assert_eq!((newest.len(), newest[0].seq), (1, 4));
    let page = AuditPage {
        before: Some(4),
        ..page
    };
    let next = store.audit_page(page).await.expect("a working store");
    assert_eq!((next.len(), next[0].seq), (1, 1));
    let head = store.audit_head().await.expect("a working store");
    assert_eq!((head.seq, head.hash), (4, newest[0].hash));
}

async fn make(store: &dyn Store, change: TokenChange) {
    let key = match &change {
        TokenChange::TopUp(_) => 1,
        _ => 0,
    };
    let made = store.change_token(change, guard(key)).await;
    assert!(
        matches!(made, Ok(Made::Now(_) | Made::Before(_))),
        "{made:?}"
    );
}

/// From our actor; once, if a key is not 0.
fn guard(key: u8) -> Guard {
    let once = (key > 0).then(|| Once {
        claim: Claim {
            key: [key; 32],
            fingerprint: [0; 32],
        },
        render: Box::new(|_: &Token| Vec::new()),
    });
    Guard {
        actor: ACTOR,
        once,
        condition: None,
    }
}

fn update(token: &Token, balance: Option<i64>) -> TokenChange {
    TokenChange::Update(TokenUpdate {
        account: token.account,
        name: token.settings.name.clone(),
        change: SettingsChange {
            balance: balance.map(nanos),
            ..SettingsChange::default()
        },
        now: NOW,
    })
}

fn top_up(amount: i64) -> TopUp {
    TopUp {
        amount: nanos(amount),
        note: keypurse_core::ledger::Note::parse("thanks").expect("a note"),
    }
}

fn credit(token: &Token, amount: i64) -> TokenChange {
    TokenChange::TopUp(TokenTopUp {
        account: token.account,
        name: token.settings.name.clone(),
        top_up: top_up(amount),
    })
}

fn rotation(token: &Token) -> TokenChange {
    TokenChange::Rotate(Rotation {
        account: token.account,
        name: token.settings.name.clone(),
        digest: digest(9),
        sealed: None,
        keys: KeyVersions::FIRST,
        old_until: NOW.plus_seconds(60),
        now: NOW,
    })
}

fn deletion(token: &Token) -> TokenChange {
    TokenChange::Delete(Deletion {
        account: token.account,
        name: token.settings.name.clone(),
        now: NOW,
    })
}

/// Oldest first.
async fn records(store: &dyn Store, account: AccountId) -> Vec<crate::AuditRecord> {
    let page = AuditPage {
        account,
        before: None,
        limit: 100,
    };
    let mut records = store.audit_page(page).await.expect("a working store");
    records.reverse();
    records
}

async fn actions(store: &dyn Store, account: AccountId) -> Vec<String> {
    let records = records(store, account).await;
    records.into_iter().map(|record| record.action).collect()
}
