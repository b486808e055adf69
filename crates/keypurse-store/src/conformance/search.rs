//! Promises about lists of tokens.

use keypurse_core::id::AccountId;
use keypurse_core::money::Money;
use keypurse_core::period::ResetPeriod;
use keypurse_core::rules::{RulesChange, Tag};
use keypurse_core::time::Reading;
use keypurse_core::token::{SettingsChange, TokenKind, TokenName, TokenSettings};

use super::{NOW, account, digest, nanos, new_hold, token, used};
use crate::{KeyVersions, NewToken, Store, TokenCondition, TokenOrder, TokenSearch, TokenTally};

fn all(account: AccountId) -> TokenSearch {
    TokenSearch {
        account,
        text: None,
        kind: None,
        condition: None,
        order: TokenOrder::Created,
        descending: false,
        offset: 0,
        limit: 100,
        at: NOW.for_certain(),
    }
}

async fn names(store: &dyn Store, search: TokenSearch) -> Vec<String> {
    let found = store.find_tokens(search).await.expect("a working store");
    let names = found.tokens.iter();
    names
        .map(|found| found.token.settings.name.as_str().to_owned())
        .collect()
}

/// A token with settings of its own.
async fn made(
    store: &dyn Store,
    (account, name, kind): (AccountId, &str, TokenKind),
    secret: u8,
    (balance, change): (Option<i64>, SettingsChange),
) {
    let change = SettingsChange {
        has_budget: balance.map(|_| true),
        ..change
    };
    let name = TokenName::parse(name).expect("a valid name");
    let settings = TokenSettings::new(name, kind);
    let settings = settings.changed(&change, NOW, &jiff::tz::TimeZone::UTC);
    let new = NewToken {
        account,
        settings: settings.expect("valid settings"),
        balance: nanos(balance.unwrap_or(0)),
        digest: digest(secret),
        sealed: None,
        keys: KeyVersions::FIRST,
        now: NOW,
    };
    store.create_token(new).await.expect("a new token");
}

/// Four tokens, and one of another account.
async fn shelf(store: &dyn Store) -> AccountId {
    let owner = account(store, "owner", 1).await;
    let other = account(store, "other", 2).await;
    let plain = SettingsChange::default();
    let live = |name| (owner, name, TokenKind::Live);
    let tagged = SettingsChange {
        rules: RulesChange {
            tags: Some(vec![Tag::parse("Team 100%").expect("a valid tag")]),
            ..RulesChange::default()
        },
        expires_at: Some(Some(NOW.plus_seconds(3600))),
        ..SettingsChange::default()
    };
    let expired = SettingsChange {
        expires_at: Some(Some(NOW)),
        ..SettingsChange::default()
    };
    made(store, live("beta"), 10, (Some(500), tagged)).await;
    made(store, live("Alpha_1"), 11, (Some(0), plain.clone())).await;
    made(store, live("gamma"), 12, (None, expired)).await;
    let sandbox = (owner, "alphaX1", TokenKind::Sandbox);
    made(store, sandbox, 13, (Some(0), plain.clone())).await;
    made(store, (other, "theirs", TokenKind::Live), 14, (None, plain)).await;
    owner
}

/// Every filter keeps what it says, and other accounts' tokens are never there.
pub async fn tokens_are_found_by_what_is_remembered_of_them(store: &dyn Store) {
    let owner = shelf(store).await;
    assert_eq!(
        names(store, all(owner)).await,
        ["beta", "Alpha_1", "gamma", "alphaX1"]
    );
    for (text, expected) in [
        ("alpha", &["Alpha_1", "alphaX1"][..]),
        ("a_1", &["Alpha_1"]),
        ("team", &["beta"]),
        ("100%", &["beta"]),
        ("%", &["beta"]),
        ("theirs", &[]),
        ("tags", &[]),
        ("\\", &[]),
        ("\"", &[]),
        (",", &[]),
    ] {
        let text = Some(text.to_owned());
        let search = TokenSearch { text, ..all(owner) };
        assert_eq!(names(store, search.clone()).await, expected, "{search:?}");
    }
    let kind = Some(TokenKind::Sandbox);
    assert_eq!(
        names(store, TokenSearch { kind, ..all(owner) }).await,
        ["alphaX1"]
    );
    for (condition, expected) in [
        (TokenCondition::Usable, &["beta", "alphaX1"][..]),
        (TokenCondition::Exhausted, &["Alpha_1"]),
        (TokenCondition::Expiring, &["beta"]),
        (TokenCondition::Expired, &["gamma"]),
        (TokenCondition::Low, &[]),
    ] {
        let condition = Some(condition);
        let search = TokenSearch {
            condition,
            ..all(owner)
        };
        assert_eq!(names(store, search).await, expected, "{condition:?}");
    }
    let tally = store.tally_tokens(owner, NOW.for_certain()).await;
    let expected = TokenTally {
        all: 4,
        low: 0,
        exhausted: 1,
        expiring: 1,
        idle: 0,
    };
    assert_eq!(tally.expect("a working store"), expected);
    for (seconds, expected) in [
        (0, &[][..]),
        (TokenSearch::IDLE_SECONDS, &[]),
        // The other two have expired.
        (TokenSearch::IDLE_SECONDS + 1, &["Alpha_1", "alphaX1"]),
    ] {
        let idle = TokenSearch {
            condition: Some(TokenCondition::Idle),
            at: NOW.plus_seconds(seconds).for_certain(),
            ..all(owner)
        };
        assert_eq!(names(store, idle).await, expected, "after {seconds} s");
        let tally = store
            .tally_tokens(owner, NOW.plus_seconds(seconds).for_certain())
            .await;
        let idle = tally.expect("a working store").idle;
        assert_eq!(usize::try_from(idle).ok(), Some(expected.len()));
    }
}

/// Each order is total, and pages of it leave nothing out.
pub async fn tokens_are_listed_in_order_and_in_pages(store: &dyn Store) {
    let owner = shelf(store).await;
    for (order, descending, expected) in [
        (
            TokenOrder::Created,
            true,
            ["alphaX1", "gamma", "Alpha_1", "beta"],
        ),
        (
            TokenOrder::Name,
            false,
            ["Alpha_1", "alphaX1", "beta", "gamma"],
        ),
        (
            TokenOrder::Balance,
            true,
            ["beta", "Alpha_1", "gamma", "alphaX1"],
        ),
        (
            TokenOrder::Expiry,
            false,
            ["gamma", "beta", "Alpha_1", "alphaX1"],
        ),
        (
            TokenOrder::Expiry,
            true,
            ["beta", "gamma", "Alpha_1", "alphaX1"],
        ),
    ] {
        let search = TokenSearch {
            order,
            descending,
            ..all(owner)
        };
        let mut paged = Vec::new();
        for offset in 0..4 {
            let page = TokenSearch {
                offset,
                limit: 1,
                ..search.clone()
            };
            paged.extend(names(store, page).await);
        }
        assert_eq!(paged, expected, "{order:?} {descending}");
    }
    let page = TokenSearch {
        limit: 1,
        ..all(owner)
    };
    let found = store.find_tokens(page).await.expect("a working store");
    assert_eq!((found.tokens.len(), found.total), (1, 4));
}

/// What is held, when it was used, and whether it is low is as of now.
pub async fn a_token_stands_as_its_calls_left_it(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let standing = async || {
        let found = store.token_standing(token.id).await;
        found.expect("a working store").expect("a live token")
    };
    let before = standing().await;
    assert_eq!((before.held, before.given), (Money::ZERO, nanos(1000)));
    assert_eq!(before.last_used, None);
    let hold = new_hold(store, &token, 2, 1, 950).await;
    store.hold(hold).await.expect("enough money");
    assert_eq!(standing().await.held, nanos(950));
    assert!(
        !standing().await.is_low(NOW.for_certain()),
        "holds are not spent"
    );
    store.settle(used(1, 901)).await.expect("a working store");
    let after = standing().await;
    assert_eq!((after.held, after.token.balance), (Money::ZERO, nanos(99)));
    assert_eq!((before.spent, after.spent), (Money::ZERO, nanos(901)));
    assert!(after.last_used.is_some() && after.is_low(NOW.for_certain()));
    let condition = Some(TokenCondition::Low);
    let search = TokenSearch {
        condition,
        ..all(owner)
    };
    assert_eq!(names(store, search).await, ["t"]);
    let tally = store.tally_tokens(owner, NOW.for_certain()).await;
    assert_eq!(tally.expect("a working store").low, 1);
    let name = token.settings.name.clone();
    let deleted = store.delete_token(owner, &name, NOW).await;
    deleted.expect("a working store");
    let gone = store.token_standing(token.id).await;
    assert_eq!(gone.expect("a working store"), None);
}

/// A due reset counts, though no call has made it happen yet.
pub async fn a_due_reset_counts_in_lists(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let change = SettingsChange {
        reset_period: Some(Some(ResetPeriod::Daily)),
        reset_amount: Some(nanos(1000)),
        ..SettingsChange::default()
    };
    let kind = TokenKind::Live;
    made(store, (owner, "daily", kind), 2, (Some(0), change)).await;
    let exhausted = async |at| {
        let search = TokenSearch {
            condition: Some(TokenCondition::Exhausted),
            at,
            ..all(owner)
        };
        let listed = names(store, search).await;
        let tally = store.tally_tokens(owner, at).await;
        let counted = tally.expect("a working store").exhausted;
        assert_eq!(listed.len() as u64, counted);
        listed
    };
    assert_eq!(exhausted(NOW.for_certain()).await, ["daily"]);
    let tomorrow = NOW.plus_seconds(24 * 60 * 60);
    let [now, proven] = [tomorrow, NOW];
    assert_eq!(exhausted(Reading { now, proven }).await, ["daily"]);
    assert!(exhausted(tomorrow.for_certain()).await.is_empty());
}
