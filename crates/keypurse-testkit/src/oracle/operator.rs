//! What the operator was told against purses, entries and calls.

use std::collections::HashMap;
use std::time::Instant;

use keypurse_core::money::Money;
use keypurse_store_sqlite::BookedEntry;

use super::judge::Case;
use super::logs::{Act, ActKind};

pub(super) fn judge(case: &mut Case<'_>) {
    purses_add_up(case);
    acknowledged_acts_happened(case);
    nothing_leaves_after_a_deletion(case);
}

/// Σ credits − Σ charges, by tokens as provider and clients know them (L1), and
/// no balance below zero that nobody put there (L2).
fn purses_add_up(case: &mut Case<'_>) {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for saw in case.said.clients {
        owners.extend(saw.call.as_deref().map(|call| (call, saw.token.as_str())));
    }
    let served = case.said.provider.iter();
    owners.extend(served.map(|served| (served.call.as_str(), served.user.as_str())));
    let mut charges: HashMap<Option<&str>, Money> = HashMap::new();
    for (call, row) in case.rows {
        let owner = owners.get(call.as_str()).copied();
        for purse in [owner, None] {
            *charges.entry(purse).or_default() += row.charged;
            if owner.is_none() {
                break;
            }
        }
    }
    for purse in &case.books.purses {
        let token = purse.token.as_deref();
        let entries = case
            .books
            .entries
            .iter()
            .filter(|entry| entry.token == purse.token);
        let credits: Money = entries.map(|entry| entry.amount).sum();
        let charged = charges.get(&token).copied().unwrap_or_default();
        let whose = token.unwrap_or("the account").to_owned();
        let balance = purse.balance;
        if balance != credits - charged {
            let what = format!("balance {balance}, credits {credits}, charges {charged}");
            case.violated("L1", &whose, what);
        }
        let is_owed = case.said.operator.iter().any(|act| {
            token == Some(&*act.token) && act.kind.balance().is_some_and(|to| to < Money::ZERO)
        });
        if token.is_some() && balance < Money::ZERO && !is_owed {
            case.violated("L2", &whose, format!("its balance is {balance}"));
        }
    }
}

/// What was answered is on disk, and nothing else is.
fn acknowledged_acts_happened(case: &mut Case<'_>) {
    let mut acts: HashMap<&str, Vec<&Act>> = HashMap::new();
    for act in case.said.operator {
        acts.entry(&act.token).or_default().push(act);
    }
    for (token, acts) in acts {
        let purse = case
            .books
            .purses
            .iter()
            .find(|purse| purse.token.as_deref() == Some(token));
        let is_deleted = purse.is_some_and(|purse| purse.is_deleted);
        let entries: Vec<&BookedEntry> = (case.books.entries.iter())
            .filter(|entry| entry.token.as_deref() == Some(token))
            .collect();
        let mut unexplained = entries.len();
        for act in acts {
            let is_booked = match act.kind {
                ActKind::Delete => is_deleted,
                ActKind::Create(to) | ActKind::SetBalance(to) => {
                    let found = entries.iter().any(|entry| entry.balance_after == to);
                    unexplained -= usize::from(found).min(unexplained);
                    found
                }
            };
            if act.acked.is_some() && !is_booked {
                case.violated(
                    "L1",
                    token,
                    format!("{:?} was acknowledged and is lost", act.kind),
                );
            }
        }
        if unexplained > 0 {
            let what = format!("{unexplained} entries nobody asked for: {entries:?}");
            case.violated("L1", token, what);
        }
    }
}

/// L11, in two ways: a request sent after the answer to a deletion is nobody's
/// race, and one that was admitted before has to be gone soon.
fn nothing_leaves_after_a_deletion(case: &mut Case<'_>) {
    let deletions: HashMap<&str, Instant> = (case.said.operator.iter())
        .filter(|act| act.kind == ActKind::Delete)
        .filter_map(|act| Some((act.token.as_str(), act.acked?)))
        .collect();
    for saw in case.said.clients {
        let is_late = deletions
            .get(&*saw.token)
            .is_some_and(|acked| saw.sent > *acked);
        if is_late && saw.status == 200 {
            let call = saw.call.clone().unwrap_or_default();
            case.violated(
                "L11",
                &call,
                format!("sent after the deletion, answered: {saw:?}"),
            );
        }
    }
    for served in case.said.provider {
        let Some(acked) = deletions.get(&*served.user) else {
            continue;
        };
        let late = served.arrived.saturating_duration_since(*acked);
        let sent = case
            .said
            .clients
            .iter()
            .find(|saw| saw.call.as_ref() == Some(&served.call));
        if late > case.rules.dispatch_grace || sent.is_some_and(|saw| saw.sent > *acked) {
            let what = format!("left {late:?} after its token's deletion: {served:?}");
            case.violated("L11", &served.call, what);
        }
    }
}

impl ActKind {
    pub(super) const fn balance(self) -> Option<Money> {
        match self {
            Self::Create(to) | Self::SetBalance(to) => Some(to),
            Self::Delete => None,
        }
    }
}
