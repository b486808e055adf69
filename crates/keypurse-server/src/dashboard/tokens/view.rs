//! How a token is shown.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use keypurse_core::id::TokenId;
use keypurse_core::period::ResetPeriod;
use keypurse_core::rules::{ModelPattern, Network, Tag};
use keypurse_core::time::{Reading, Timestamp};
use keypurse_core::token::{Overdraft, TokenKind};
use keypurse_store::{TokenSearch, TokenStanding};

use crate::dashboard::figures::Dollars;
use crate::dashboard::session::Viewer;
use crate::dashboard::trouble::Trouble;
use crate::state::{AppState, State};

const ID_PREFIX: &str = "tok_";

/// Which token a path names. Whether it is there, and whose, is asked with
/// [`find`].
#[derive(Clone, Copy, Debug)]
pub(in crate::dashboard) struct TokenPath(TokenId);

impl FromRequestParts<AppState> for TokenPath {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Trouble> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = id.map_err(|_| Trouble::NotFound)?;
        let number = id.strip_prefix(ID_PREFIX).and_then(|id| id.parse().ok());
        number.map(TokenId).map(Self).ok_or(Trouble::NotFound)
    }
}

/// The token a path names, if it is this account's.
pub(in crate::dashboard) async fn find(
    state: &State,
    viewer: &Viewer,
    TokenPath(id): TokenPath,
) -> Result<TokenStanding, Trouble> {
    let found = state.store.token_standing(id).await?;
    found
        .filter(|found| found.token.account == viewer.account.id)
        .ok_or(Trouble::NotFound)
}

/// The address of a token's page.
pub(in crate::dashboard) fn path_of(id: TokenId) -> String {
    format!("/tokens/{id}")
}

/// A word for how a token is, and how much that matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Badge {
    pub(super) word: &'static str,
    /// A class of the style sheet.
    pub(super) tone: &'static str,
}

/// A token in a list, and at the head of its own page.
#[derive(Debug)]
pub(super) struct TokenView {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) is_sandbox: bool,
    pub(super) tags: Vec<String>,
    pub(super) badge: Badge,
    pub(super) money: Option<MoneyView>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) last_used: Option<Timestamp>,
    pub(super) created_at: Timestamp,
}

/// What a token with a balance has.
#[derive(Debug)]
pub(super) struct MoneyView {
    pub(super) balance: Dollars,
    pub(super) held: Dollars,
    pub(super) available: Dollars,
    pub(super) spent: Dollars,
    /// What it was given last, and how many hundredths of that are left.
    pub(super) given: Option<(Dollars, i64)>,
}

impl TokenView {
    pub(super) fn of(standing: &TokenStanding, at: Reading) -> Self {
        let settings = &standing.token.settings;
        let tags = settings
            .rules
            .as_deref()
            .map_or(&[][..], |rules| &rules.tags);
        Self {
            path: path_of(standing.token.id),
            name: settings.name.as_str().to_owned(),
            is_sandbox: settings.kind == TokenKind::Sandbox,
            tags: tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            badge: badge(standing, at),
            money: settings.has_budget.then(|| MoneyView::of(standing, at)),
            expires_at: settings.expires_at,
            last_used: standing.last_used,
            created_at: standing.token.created_at,
        }
    }
}

impl MoneyView {
    fn of(standing: &TokenStanding, at: Reading) -> Self {
        let balance = standing.token.balance_at(at.proven);
        let given = standing.given.nanos();
        let hundredths = balance.nanos().saturating_mul(100).checked_div(given);
        Self {
            balance: Dollars(balance),
            held: Dollars(standing.held),
            available: Dollars(balance - standing.held),
            spent: Dollars(standing.spent),
            given: hundredths
                .filter(|_| given > 0)
                .map(|share| (Dollars(standing.given), share.clamp(0, 100))),
        }
    }
}

fn badge(standing: &TokenStanding, at: Reading) -> Badge {
    let settings = &standing.token.settings;
    let soon = at.now.plus_seconds(TokenSearch::SOON_SECONDS);
    let (word, tone) = if settings.is_expired(at.now) {
        ("Expired", "bad")
    } else if standing.is_exhausted(at) {
        ("Out of money", "bad")
    } else if standing.is_low(at) {
        ("Low", "warn")
    } else if settings.is_expired(soon) {
        ("Expires soon", "warn")
    } else {
        ("Usable", "good")
    };
    Badge { word, tone }
}

/// A token's settings, in words.
pub(super) fn facts(standing: &TokenStanding) -> Vec<(&'static str, String)> {
    let settings = &standing.token.settings;
    let mut facts = Vec::new();
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    if settings.has_budget {
        add("Reset", Some(reset(standing)));
        add(
            "When money is short",
            Some(overdraft(settings.overdraft).to_owned()),
        );
    }
    if settings.simulate_budget {
        add(
            "Rehearsal",
            Some("spends its balance as a live token would".to_owned()),
        );
    }
    let rules = settings.rules.as_deref().cloned().unwrap_or_default();
    add(
        "Allowed models",
        list(&rules.allowed_models, ModelPattern::as_str),
    );
    add(
        "Denied models",
        list(&rules.denied_models, ModelPattern::as_str),
    );
    let number = |limit: Option<std::num::NonZeroU32>| limit.map(|limit| limit.to_string());
    add(
        "Requests a minute",
        number(rules.limits.requests_per_minute),
    );
    add("Tokens a minute", number(rules.limits.tokens_per_minute));
    add("Calls at once", number(rules.limits.max_concurrency));
    add(
        "Allowed addresses",
        list(&rules.allowed_networks, Network::to_string),
    );
    add("Tags", list(&rules.tags, Tag::as_str));
    add(
        "Response cache",
        rules
            .response_cache_seconds
            .map(|seconds| format!("{seconds} seconds")),
    );
    facts
}

fn reset(standing: &TokenStanding) -> String {
    let Some(reset) = standing.token.settings.reset else {
        return "none: the balance is topped up by hand".to_owned();
    };
    let when = match reset.period {
        ResetPeriod::Daily => "every day",
        ResetPeriod::Weekly => "on Mondays",
        ResetPeriod::Monthly => "on the 1st of the month",
    };
    format!("to {} {when}", Dollars(reset.amount))
}

fn overdraft(overdraft: Overdraft) -> &'static str {
    match overdraft {
        Overdraft::Clamp => "answers are shortened to what the balance buys",
        Overdraft::Refuse => "calls are refused",
        Overdraft::Allow => "one call at a time may go beyond the balance",
    }
}

fn list<'a, T, S: Into<String>>(items: &'a [T], show: impl Fn(&'a T) -> S) -> Option<String> {
    let texts: Vec<String> = items.iter().map(|item| show(item).into()).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}
