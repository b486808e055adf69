//! Promises about alerts.

use keypurse_core::alert::{AlertCondition, AlertId, AlertScope, AlertSubject, Measured};
use keypurse_core::id::AccountId;
use keypurse_core::ledger::TopUp;
use keypurse_core::money::Money;
use keypurse_core::period::{Reset, ResetPeriod};
use keypurse_core::time::Timestamp;
use keypurse_core::token::{TokenKind, TokenName, TokenSettings};

use super::{NOW, account, digest, limited_account, nanos, new_hold, token, used};
use crate::{
    AccountTopUp, AlertChange, AlertEvent, AlertEventsPage, AlertRule, ChangeError, Claim,
    DeliveriesPage, DeliveryState, DeliveryTry, DueDelivery, Firing, Guard, KeyVersions,
    MAX_ALERTS, Made, NewToken, Once, ResealedWebhook, SealedWebhook, Store, TokenChange,
    TokenTopUp, WebhookFormat,
};

const CONDITION: AlertCondition = AlertCondition::BalanceBelow(Money::from_nanos(500));

fn rule(account: AccountId, id: u8) -> AlertRule {
    AlertRule {
        id: AlertId::from_random([id; 8]),
        account,
        name: format!("rule {id}"),
        scope: AlertScope::EveryToken,
        condition: CONDITION,
        webhook: Some(webhook(id)),
        is_enabled: true,
        since: NOW,
        created_at: NOW,
    }
}

fn webhook(id: u8) -> SealedWebhook {
    SealedWebhook {
        sealed: vec![id; 40],
        master: 1,
        shown: "https://example.com/…".to_owned(),
        format: WebhookFormat::Json,
        is_signed: true,
    }
}

fn firing(rule: &AlertRule, subject: AlertSubject) -> Firing {
    Firing {
        rule: rule.id,
        since: rule.since,
        subject,
        label: Some("t".to_owned()),
        measured: Measured::Balance {
            balance: nanos(7),
            budget: Some(nanos(1000)),
        },
        random: 11,
    }
}

async fn make(store: &dyn Store, rule: &AlertRule) {
    let change = AlertChange::Create(rule.clone());
    let made = store.change_alert(change, crate::Actor::SYSTEM, None).await;
    made.expect("a new alert");
}

async fn fire(store: &dyn Store, rule: &AlertRule, subject: AlertSubject, now: Timestamp) -> usize {
    let fired = store.note_alerts(vec![firing(rule, subject)], Vec::new(), now);
    fired.await.expect("a working store")
}

async fn open(store: &dyn Store) -> Vec<AlertEvent> {
    let events = store.open_alert_events().await;
    events.expect("a working store")
}

async fn due(store: &dyn Store, now: Timestamp, of_each_rule: usize) -> Vec<DueDelivery> {
    let due = store.due_deliveries(now, of_each_rule).await;
    due.expect("a working store")
}

async fn events(store: &dyn Store, account: AccountId) -> Vec<AlertEvent> {
    let page = AlertEventsPage {
        account,
        before: None,
        limit: 100,
    };
    store.alert_events(page).await.expect("a working store")
}

/// A rule fires once for a subject until that is over, however often it is
/// said, and each firing is delivered.
pub async fn an_alert_fires_once_until_it_is_over(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let rule = rule(owner, 1);
    make(store, &rule).await;
    let subject = || AlertSubject::Provider("openai".to_owned());
    assert_eq!(fire(store, &rule, subject(), NOW).await, 1);
    assert_eq!(fire(store, &rule, subject(), NOW).await, 0);
    assert_eq!(fire(store, &rule, AlertSubject::Account, NOW).await, 1);

    let open = open(store).await;
    assert_eq!(open.len(), 2);
    let first = &open[0];
    assert_eq!(first.subject, subject());
    assert_eq!((first.rule, &*first.rule_name), (rule.id, "rule 1"));
    assert_eq!((first.condition, first.account), (CONDITION, owner));
    assert_eq!(first.measured, firing(&rule, subject()).measured);
    assert_eq!((first.fired_at, first.cleared_at), (NOW, None));
    assert_eq!(first.id.random, 11);

    let later = NOW.plus_seconds(60);
    // Over, and true again at once.
    let again = store.note_alerts(vec![firing(&rule, subject())], vec![first.id], later);
    assert_eq!(again.await.expect("a working store"), 1);
    let all = events(store, owner).await;
    let times: Vec<_> = all.iter().map(|it| (it.fired_at, it.cleared_at)).collect();
    assert_eq!(times, [(later, None), (NOW, None), (NOW, Some(later))]);
    let due = store.due_deliveries(later, 10).await;
    assert_eq!(due.expect("a working store").len(), 3);
}

/// What was decided about a rule as it was is nothing for the rule as it is.
pub async fn an_alert_that_changed_does_not_fire_for_what_it_was(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let seen = rule(owner, 1);
    make(store, &seen).await;
    assert_eq!(fire(store, &seen, AlertSubject::Account, NOW).await, 1);

    let later = NOW.plus_seconds(60);
    let update = |rule: AlertRule, now| AlertChange::Update {
        seen: seen.clone(),
        rule,
        now,
    };
    let renamed = AlertRule {
        name: "renamed".to_owned(),
        ..seen.clone()
    };
    let made = store
        .change_alert(update(renamed.clone(), later), crate::Actor::SYSTEM, None)
        .await;
    assert_eq!(
        made.expect("a known alert").now(),
        renamed,
        "it watches as before"
    );
    assert_eq!(open(store).await.len(), 1);
    let stale = store
        .change_alert(update(seen.clone(), later), crate::Actor::SYSTEM, None)
        .await;
    assert!(
        matches!(stale, Err(ChangeError::Stale)),
        "it was seen otherwise"
    );

    let changed = become_exhausted(store, &renamed, later).await;
    assert_eq!(changed.since, later);
    assert!(open(store).await.is_empty());
    assert_eq!(fire(store, &renamed, AlertSubject::Account, later).await, 0);
    assert_eq!(fire(store, &changed, AlertSubject::Account, later).await, 1);

    let off = AlertChange::Update {
        seen: changed.clone(),
        rule: AlertRule {
            is_enabled: false,
            ..changed
        },
        now: later,
    };
    let off = store
        .change_alert(off, crate::Actor::SYSTEM, None)
        .await
        .expect("a known alert")
        .now();
    assert!(
        store
            .enabled_alerts()
            .await
            .expect("a working store")
            .is_empty()
    );
    assert_eq!(fire(store, &off, AlertSubject::Account, later).await, 0);
}

async fn become_exhausted(store: &dyn Store, seen: &AlertRule, now: Timestamp) -> AlertRule {
    let changed = AlertChange::Update {
        seen: seen.clone(),
        rule: AlertRule {
            condition: AlertCondition::Exhausted,
            ..seen.clone()
        },
        now,
    };
    let changed = store
        .change_alert(changed, crate::Actor::SYSTEM, None)
        .await;
    changed.expect("a known alert").now()
}

/// A deleted rule delivers nothing more; what it fired for stays listed.
pub async fn a_deleted_alert_leaves_its_events_and_nothing_to_deliver(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let other = account(store, "other", 2).await;
    let rule = rule(owner, 1);
    make(store, &rule).await;
    fire(store, &rule, AlertSubject::Account, NOW).await;
    let delete = |account| AlertChange::Delete {
        account,
        id: rule.id,
        now: NOW,
    };
    let foreign = store
        .change_alert(delete(other), crate::Actor::SYSTEM, None)
        .await;
    assert!(matches!(foreign, Err(ChangeError::NoSuchAlert)));
    assert!(events(store, other).await.is_empty());
    let found = store.alert(other, rule.id).await;
    assert_eq!(found.expect("a working store"), None);

    let gone = store
        .change_alert(delete(owner), crate::Actor::SYSTEM, None)
        .await;
    assert_eq!(gone.expect("a known alert").now(), rule);
    assert!(
        store
            .alerts(owner)
            .await
            .expect("a working store")
            .is_empty()
    );
    assert!(due(store, NOW, 9).await.is_empty());
    let left = events(store, owner).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].cleared_at, Some(NOW));
    assert_eq!(fire(store, &rule, AlertSubject::Account, NOW).await, 0);
}

/// Every try is in the log, and a delivery is due until it is over.
pub async fn a_delivery_is_due_until_it_is_taken_or_given_up(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let rule = rule(owner, 1);
    make(store, &rule).await;
    fire(store, &rule, AlertSubject::Account, NOW).await;
    let first = due(store, NOW, 1).await;
    let delivery = first.first().expect("one is due");
    assert_eq!((delivery.tries, &delivery.rule), (0, &rule));

    let tried = |status| DeliveryTry {
        at: NOW,
        status,
        error: status.is_none().then(|| "no connection".to_owned()),
        took_ms: 3,
    };
    let later = NOW.plus_seconds(9);
    let noted = store.note_try(delivery.id, tried(None), DeliveryState::Pending(later));
    noted.await.expect("a working store");
    assert!(due(store, NOW, 1).await.is_empty());
    let second = due(store, later, 1).await;
    assert_eq!(
        (second[0].id, second[0].tries, &second[0].event),
        (delivery.id, 1, &delivery.event)
    );
    let noted = store.note_try(delivery.id, tried(Some(200)), DeliveryState::Delivered);
    noted.await.expect("a working store");
    assert!(due(store, later, 1).await.is_empty());
    // Tried twice at once after a crash: what is over stays over.
    let noted = store.note_try(delivery.id, tried(None), DeliveryState::Pending(later));
    noted.await.expect("a working store");
    let tested = store.note_test(rule.id, tried(Some(500)), None).await;
    tested.expect("a working store");

    let page = |before| DeliveriesPage {
        rule: rule.id,
        before,
        limit: 10,
    };
    let log = store.deliveries(page(None)).await.expect("a working store");
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].event, log[0].state), (None, DeliveryState::GivenUp));
    assert_eq!(log[1].event, Some(delivery.event.id));
    assert_eq!(log[1].state, DeliveryState::Delivered);
    assert_eq!(log[1].tries, [tried(None), tried(Some(200))]);
    let rest = store.deliveries(page(Some(log[0].id))).await;
    assert_eq!(rest.expect("a working store"), log[1..]);
}

/// However much waits for one receiver, what waits for another is found.
pub async fn no_alert_stands_in_anothers_way(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let (busy, quiet) = (rule(owner, 1), rule(owner, 2));
    make(store, &busy).await;
    make(store, &quiet).await;
    for number in 0..20 {
        let subject = AlertSubject::Provider(format!("p{number}"));
        fire(store, &busy, subject, NOW).await;
    }
    fire(store, &quiet, AlertSubject::Account, NOW).await;
    let due = due(store, NOW, 3).await;
    let of = |rule: &AlertRule| due.iter().filter(|it| it.rule.id == rule.id).count();
    assert_eq!((of(&busy), of(&quiet)), (3, 1));
}

/// Without a webhook nobody is told; taken away, nobody is told any more.
pub async fn an_alert_without_a_webhook_is_only_listed(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let told = rule(owner, 1);
    let silent = AlertRule {
        webhook: None,
        ..rule(owner, 2)
    };
    make(store, &told).await;
    make(store, &silent).await;
    fire(store, &told, AlertSubject::Account, NOW).await;
    fire(store, &silent, AlertSubject::Account, NOW).await;
    assert_eq!(events(store, owner).await.len(), 2);
    assert_eq!(due(store, NOW, 9).await.len(), 1);
    let without = AlertChange::Update {
        rule: AlertRule {
            webhook: None,
            ..told.clone()
        },
        seen: told,
        now: NOW,
    };
    store
        .change_alert(without, crate::Actor::SYSTEM, None)
        .await
        .expect("a known alert");
    assert!(due(store, NOW, 9).await.is_empty());
    assert_eq!(open(store).await.len(), 2);
}

/// A rule asked for twice under one key is one rule, and there is an end to
/// how many an account has.
pub async fn an_alert_asked_for_twice_is_one_and_there_is_an_end_to_them(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let once = || Once {
        claim: Claim {
            key: digest(7),
            fingerprint: digest(8),
        },
        render: Box::new(|rule: &AlertRule| rule.name.clone().into_bytes()),
    };
    let first = AlertChange::Create(rule(owner, 1));
    store
        .change_alert(first, crate::Actor::SYSTEM, Some(once()))
        .await
        .expect("a new alert");
    let again = AlertChange::Create(rule(owner, 2));
    let again = store
        .change_alert(again, crate::Actor::SYSTEM, Some(once()))
        .await;
    assert!(matches!(again, Ok(Made::Before(answer)) if answer == b"rule 1"));
    for id in 1..MAX_ALERTS {
        make(store, &rule(owner, u8::try_from(id).expect("few") + 1)).await;
    }
    let one_more = AlertChange::Create(rule(owner, 255));
    let refused = store
        .change_alert(one_more, crate::Actor::SYSTEM, None)
        .await;
    assert!(matches!(refused, Err(ChangeError::TooManyAlerts)));
    let all = store.alerts(owner).await.expect("a working store");
    assert_eq!(all.len(), MAX_ALERTS);
    assert_eq!(all[0].name, "rule 1", "oldest first");
}

/// A token whose period ends in a minute.
async fn daily_token(store: &dyn Store, owner: AccountId) {
    let daily = Reset {
        period: ResetPeriod::Daily,
        amount: nanos(300),
        next_at: NOW.plus_seconds(60),
    };
    let mut settings =
        TokenSettings::new(TokenName::parse("daily").expect("a name"), TokenKind::Live);
    settings.has_budget = true;
    settings.reset = Some(daily);
    settings.expires_at = Some(NOW.plus_seconds(600));
    let new = NewToken {
        account: owner,
        settings,
        balance: nanos(5),
        digest: digest(3),
        sealed: None,
        keys: KeyVersions::FIRST,
        now: NOW,
    };
    store.create_token(new).await.expect("a new token");
}

/// Balances and budgets are those of now: charges, top-ups and due resets are
/// counted in.
pub async fn what_alerts_are_about_is_read_as_it_is_now(store: &dyn Store) {
    let owner = limited_account(store, "owner", 1, Some(nanos(9000))).await;
    let spending = token(store, owner, "spending", 2, 1000).await;
    daily_token(store, owner).await;
    let hold = new_hold(store, &spending, 2, 1, 600).await;
    store.hold(hold).await.expect("there is money");
    store.settle(used(1, 400)).await.expect("a working store");

    let read = async |named: Option<&[&str]>, now| {
        let name = |text: &&str| TokenName::parse(text).expect("a name");
        let named = named.map(|named| named.iter().map(name).collect());
        let facts = store.token_facts(owner, named, now).await;
        let facts = facts.expect("a working store");
        let shown = facts
            .iter()
            .map(|it| (it.name.as_str().to_owned(), it.balance, it.budget));
        shown.collect::<Vec<_>>()
    };
    let line =
        |name: &str, balance, budget| (name.to_owned(), Some(nanos(balance)), Some(nanos(budget)));
    let now = [line("spending", 600, 1000), line("daily", 5, 300)];
    assert_eq!(read(None, NOW).await, now);
    assert_eq!(read(Some(&["daily", "gone"]), NOW).await, now[1..]);
    let later = [line("spending", 600, 1000), line("daily", 300, 300)];
    assert_eq!(
        read(None, NOW.plus_seconds(60)).await,
        later,
        "a reset is due"
    );

    let top_up = TokenChange::TopUp(TokenTopUp {
        account: owner,
        name: spending.settings.name.clone(),
        top_up: TopUp {
            amount: nanos(50),
            note: None,
        },
    });
    store
        .change_token(top_up, Guard::default())
        .await
        .expect("a known token");
    assert_eq!(
        read(Some(&["spending"]), NOW).await,
        [line("spending", 650, 650)]
    );
    let funded = store.last_funding(owner).await.expect("a working store");
    assert_eq!(funded, Some(nanos(9000)));
    let top_up = AccountTopUp {
        actor: crate::Actor::SYSTEM,
        account: owner,
        top_up: TopUp {
            amount: nanos(100),
            note: None,
        },
    };
    store
        .top_up_account(top_up, None)
        .await
        .expect("a known account");
    let funded = store.last_funding(owner).await.expect("a working store");
    assert_eq!(funded, Some(nanos(8700)), "what it had then");
}

/// A webhook moves to a newer master key unless it was set anew meanwhile, and
/// its key is kept until then.
pub async fn a_webhook_moves_to_a_newer_master_key(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let mut rule = rule(owner, 1);
    make(store, &rule).await;
    let stale = store.stale_webhooks(2).await.expect("a working store");
    assert_eq!(stale, [rule.clone()]);
    assert!(
        store
            .stale_webhooks(1)
            .await
            .expect("a working store")
            .is_empty()
    );
    let dropped = store
        .drop_key(crate::KeyKind::Master, 1, crate::Actor::SYSTEM)
        .await;
    assert!(!dropped.expect("a working store"), "a webhook relies on it");
    let resealed = |from: u8| ResealedWebhook {
        rule: rule.id,
        from: vec![from; 40],
        to: vec![9; 40],
        master: 2,
    };
    let moved = store.reseal_webhooks(vec![resealed(8)]).await;
    assert_eq!(moved.expect("a working store"), 0);
    let moved = store.reseal_webhooks(vec![resealed(1)]).await;
    assert_eq!(moved.expect("a working store"), 1);
    rule.webhook = Some(SealedWebhook {
        master: 2,
        ..webhook(9)
    });
    assert_eq!(store.alerts(owner).await.expect("a working store"), [rule]);
    let dropped = store
        .drop_key(crate::KeyKind::Master, 1, crate::Actor::SYSTEM)
        .await;
    assert!(dropped.expect("a working store"));
}
