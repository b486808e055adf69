//! Which operations to try next: those that may matter where things stand.

use std::num::NonZeroU32;

use keypurse_core::money::Money;
use keypurse_core::rules::{ModelPattern, Network, RulesChange, Tag};
use keypurse_core::time::Timestamp;
use keypurse_core::token::{SettingsChange, TokenKind};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::books::Reference;
use super::claims::Request;
use super::operation::{
    ACCOUNTS, Change, Claim, Key, NAMES, NewHold, NewToken, Number, OVERDRAFTS, Operation, PERIODS,
    Payer, Place, Seen, Usage, What,
};
use super::reference::{MOST_BALANCE, MOST_CREDITS};
use crate::KeyKind;

const KEYS: std::ops::Range<Key> = 0..6;
const SECOND: i64 = 1_000_000;
const MONTH_SECONDS: i64 = 31 * 86_400;

/// Any next operation.
pub(super) fn any_operation(model: &Reference) -> BoxedStrategy<Operation> {
    let next = next_number(model);
    if model.accounts.is_empty() {
        return create_account(next).boxed();
    }
    let several: Vec<_> = (next..next + 4)
        .map(|number| asked(model, number))
        .collect();
    // First, so that what does not matter is left out before the rest shrinks.
    let taken = [prop::bool::weighted(0.9); 4];
    let together = (taken, several).prop_map(|(taken, several)| {
        let several = several.into_iter().zip(taken);
        several
            .filter_map(|(one, is_taken)| is_taken.then_some(one))
            .collect()
    });
    prop_oneof![
        30 => asked(model, next),
        4 => together.prop_map(Operation::Together),
        2 => changes_of_one(model).prop_map(Operation::Together),
        3 => clock(model).prop_map(Operation::SetClock),
        1 => Just(Operation::Crash),
        1 => Just(Operation::Reopen),
        2 => Just(Operation::Audit),
        2 => forget(model),
    ]
    .boxed()
}

/// Whether what an operation speaks of exists, and what it makes does not.
pub(super) fn is_possible(model: &Reference, operation: &Operation) -> bool {
    let is_fresh = |number: &Number| *number >= next_number(model);
    let exists = |place: &Place| model.accounts.contains_key(&place.account);
    let pays = |payer: &Payer| match payer {
        Payer::Account(name) => model.accounts.contains_key(name),
        Payer::Token { token, .. } => model.tokens.contains_key(token),
    };
    match operation {
        Operation::Together(operations) => {
            let mut model = model.clone();
            operations.iter().all(|one| {
                let is_possible = is_possible(&model, one);
                if is_possible {
                    model.apply(one);
                }
                is_possible
            })
        }
        Operation::CreateAccount { key, .. } | Operation::ReplaceKey { key, .. } => is_fresh(key),
        Operation::TopUpAccount { name, claim, .. } => {
            model.accounts.contains_key(name) && model.is_clear(*claim)
        }
        Operation::Change(change) => {
            let is_new = match &change.what {
                What::Create(NewToken { secret, .. }) | What::Rotate { secret, .. } => {
                    is_fresh(secret)
                }
                What::Update(_) | What::TopUp(_) | What::Delete => true,
            };
            is_new && exists(&change.place) && model.is_clear(change.claim)
        }
        Operation::Hold(new) => {
            pays(&new.payer) && is_fresh(&new.call) && model.is_clear(new.claim)
        }
        Operation::HoldAnew(new) => pays(&new.payer) && pays_for(model, new),
        Operation::Simulate { call, token, claim } => {
            model.tokens.contains_key(token) && is_fresh(call) && model.is_clear(*claim)
        }
        Operation::Forget(before) => model.is_clear_what_is_old(*before),
        Operation::Rekey(_)
        | Operation::DropKey(..)
        | Operation::Open { .. }
        | Operation::Settle { .. }
        | Operation::SetClock(_)
        | Operation::Crash
        | Operation::Reopen
        | Operation::Audit => true,
    }
}

/// Whether it is the call's payer who is to pay for it anew.
fn pays_for(model: &Reference, new: &NewHold) -> bool {
    let (account, token) = (model.account_of(new.payer), token_of(new.payer));
    let known = model.calls.get(&new.call);
    known.is_some_and(|call| (call.account, call.token) == (account, token))
}

fn token_of(payer: Payer) -> Option<Number> {
    match payer {
        Payer::Account(_) => None,
        Payer::Token { token, .. } => Some(token),
    }
}

/// Above every secret and call there ever was.
fn next_number(model: &Reference) -> Number {
    let highest = [
        model.secrets().max(),
        model.retired.last().copied(),
        model.calls.keys().last().copied(),
        model.tokens.keys().last().copied(),
    ];
    highest.into_iter().flatten().max().unwrap_or(0) + 1
}

/// What takes a place in the queue; what it makes gets this number.
fn asked(model: &Reference, number: Number) -> BoxedStrategy<Operation> {
    let mut options = management(model, number);
    if !model.tokens.is_empty() {
        options.push((50, hold(model, token_payer(model), number)));
        options.push((2, simulate(model, number)));
    }
    let accounts = model.accounts.keys().copied();
    let by_account = select(accounts.collect::<Vec<_>>()).prop_map(Payer::Account);
    options.push((10, hold(model, by_account, number)));
    if !model.calls.is_empty() {
        options.push((8, hold_anew(model)));
        options.push((12, open(calls(model, number))));
        options.push((35, settle(calls(model, number))));
    }
    Union::new_weighted(options).boxed()
}

fn management(model: &Reference, number: Number) -> Vec<(u32, BoxedStrategy<Operation>)> {
    let accounts: Vec<_> = model.accounts.keys().copied().collect();
    let any = (select(accounts), NAMES).prop_map(|(account, name)| Place { account, name });
    let changed = |place: BoxedStrategy<Place>, what: BoxedStrategy<What>| {
        changed(model, place, what).boxed()
    };
    let mut options = vec![
        (1, create_account(number).boxed()),
        (1, replace_key(number).boxed()),
        (2, top_up_account(model).boxed()),
        (
            4,
            changed(any.clone().boxed(), new_token(model.now, number)),
        ),
        (2, rekey(model)),
        (1, drop_key().boxed()),
    ];
    if !model.tokens.is_empty() {
        // Mostly where there is a token.
        let live = model.live_places().map(|place| (6, Just(place).boxed()));
        let place = Union::new_weighted(live.chain([(4, any.boxed())]).collect()).boxed();
        let update = change(model.now, 0.3).prop_map(What::Update).boxed();
        options.push((6, changed(place.clone(), update)));
        let top_up = amount(MOST_BALANCE).prop_map(What::TopUp).boxed();
        options.push((6, changed(place.clone(), top_up)));
        options.push((3, changed(place.clone(), rotation(number))));
        options.push((1, changed(place, Just(What::Delete).boxed())));
    }
    options
}

fn create_account(key: Number) -> impl Strategy<Value = Operation> {
    let credits = weighted(0.6, -10_i64..3000);
    (ACCOUNTS, credits).prop_map(move |(name, credits)| Operation::CreateAccount {
        name,
        credits,
        key,
    })
}

fn replace_key(key: Number) -> impl Strategy<Value = Operation> {
    ACCOUNTS.prop_map(move |name| Operation::ReplaceKey { name, key })
}

fn top_up_account(model: &Reference) -> impl Strategy<Value = Operation> + use<> {
    let names = select(model.accounts.keys().copied().collect::<Vec<_>>());
    let asked = (
        names,
        amount(MOST_CREDITS),
        claim(model, Request::AccountTopUp),
    );
    asked.prop_map(|(name, amount, claim)| Operation::TopUpAccount {
        name,
        amount,
        claim,
    })
}

/// Mostly a little, sometimes what may be too much.
fn amount(most: i64) -> impl Strategy<Value = i64> {
    prop_oneof![12 => 1_i64..1500, 1 => (-100_i64..100).prop_map(move |near| most + near)]
}

/// Mostly without conditions.
fn changed(
    model: &Reference,
    place: BoxedStrategy<Place>,
    what: BoxedStrategy<What>,
) -> impl Strategy<Value = Operation> + use<> {
    let asked = (
        place,
        what,
        claim(model, Request::TokenChange),
        weighted(0.3, seen(model)),
    );
    asked.prop_map(|(place, what, claim, seen)| {
        // A new token has no before.
        let if_match = seen.filter(|_| !matches!(what, What::Create(_)));
        Operation::Change(Box::new(Change {
            place,
            what,
            claim,
            if_match,
        }))
    })
}

/// What clients who do not know of each other ask of one token.
fn changes_of_one(model: &Reference) -> BoxedStrategy<Vec<Operation>> {
    let places: Vec<_> = model.live_places().collect();
    if places.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let what = prop_oneof![
        amount(MOST_BALANCE).prop_map(What::TopUp),
        change(model.now, 0.6).prop_map(What::Update),
    ];
    let several = places.into_iter().map(|place| {
        let one = changed(model, Just(place).boxed(), what.clone().boxed());
        vec(one, 2..4).boxed()
    });
    Union::new(several).boxed()
}

/// What some token looks like, or nearly.
fn seen(model: &Reference) -> BoxedStrategy<Seen> {
    let tokens = model.tokens.iter().flat_map(|(number, token)| {
        let balance = model.balance_shown(*number);
        let settings = Just(Seen::Settings(token.settings.clone())).boxed();
        let balance = (balance..balance + 2).prop_map(Seen::Balance).boxed();
        [(2, settings), (1, balance)]
    });
    let mut options: Vec<_> = tokens.collect();
    options.push((1, Just(Seen::Balance(0)).boxed()));
    Union::new_weighted(options).boxed()
}

/// Sometimes one, of those whose meaning is promised; often enough one that was
/// used for the same.
fn claim(model: &Reference, request: Request) -> BoxedStrategy<Option<Claim>> {
    let claims = KEYS.flat_map(|key| (0..2).map(move |request| Claim { key, request }));
    let any = claims.map(|claim| (1, claim));
    let again = model.claims_on(request).map(|claim| (8, claim));
    let clear = any
        .chain(again)
        .filter(|(_, claim)| model.is_clear(Some(*claim)));
    let clear: Vec<_> = clear.map(|(weight, claim)| (weight, Just(claim))).collect();
    if clear.is_empty() {
        return Just(None).boxed();
    }
    // There are many more calls than changes.
    let often = if request == Request::Call { 0.2 } else { 0.5 };
    weighted(often, Union::new_weighted(clear)).boxed()
}

fn new_token(now: i64, secret: Number) -> BoxedStrategy<What> {
    let kinds = prop_oneof![4 => Just(TokenKind::Live), 1 => Just(TokenKind::Sandbox)];
    let new = (kinds, change(now, 0.8)).prop_map(move |(kind, change)| NewToken {
        kind,
        change,
        secret,
    });
    new.prop_map(What::Create).boxed()
}

fn rotation(secret: Number) -> BoxedStrategy<What> {
    let grace = prop_oneof![Just(0), Just(1), 0..MONTH_SECONDS];
    let rotation = grace.prop_map(move |grace| What::Rotate { secret, grace });
    rotation.boxed()
}

/// Mostly secrets that are still under these keys, and as often one as all.
fn rekey(model: &Reference) -> BoxedStrategy<Operation> {
    let known: Vec<_> = model
        .secrets()
        .chain(model.retired.iter().copied())
        .collect();
    let moves = known
        .into_iter()
        .map(|secret| (secret, model.version(secret)));
    let all: Vec<_> = moves.collect();
    let known = select(all.clone());
    let some = (known, prop_oneof![4 => Just(0_u8), 1 => 1_u8..3]);
    let some = some.prop_map(|((secret, version), off)| (secret, version.saturating_sub(off)));
    prop_oneof![vec(some, 1..4), Just(all)]
        .prop_map(Operation::Rekey)
        .boxed()
}

fn drop_key() -> impl Strategy<Value = Operation> {
    let kinds = select(vec![KeyKind::Pepper, KeyKind::Master]);
    (kinds, 0_u8..3).prop_map(|(kind, version)| Operation::DropKey(kind, version))
}

/// Calls up to one of them, or all.
fn forget(model: &Reference) -> BoxedStrategy<Operation> {
    let ends = model.kept_calls().map(|(_, call)| call.finished_at);
    let cuts = ends.flat_map(|end| [end, end + 1]).chain([model.now]);
    let clear = cuts.filter(|before| model.is_clear_what_is_old(*before));
    let clear: Vec<_> = clear.chain([0]).collect();
    select(clear).prop_map(Operation::Forget).boxed()
}

/// Any change, sensible or not; `funded` is how often it states a balance.
fn change(now: i64, funded: f64) -> impl Strategy<Value = SettingsChange> {
    let balance = weighted(funded, -50_i64..1500);
    let has_budget = weighted(funded, prop::bool::weighted(0.9));
    let expiry = weighted(0.8, -5_i64..MONTH_SECONDS);
    let expires_at = weighted(
        0.15,
        expiry.prop_map(move |after| {
            after.map(|seconds| Timestamp::from_micros(now + seconds * SECOND))
        }),
    );
    let overdraft = weighted(0.6, select(OVERDRAFTS.to_vec()));
    let period = weighted(0.3, weighted(0.9, select(PERIODS.to_vec())));
    let amount = weighted(0.3, -1_i64..1500);
    let rules = prop_oneof![8 => Just(RulesChange::default()), 2 => rules_change()];
    // A live token refuses it, so that it is asked for seldom.
    let simulate_budget = weighted(0.3, prop::bool::weighted(0.6));
    let money = (
        balance,
        has_budget,
        overdraft,
        period,
        amount,
        simulate_budget,
    );
    (money, expires_at, rules).prop_map(|(money, expires_at, rules)| {
        let (balance, has_budget, overdraft, reset_period, amount, simulate_budget) = money;
        SettingsChange {
            balance: balance.map(Money::from_nanos),
            has_budget,
            expires_at,
            overdraft,
            reset_period,
            reset_amount: amount.map(Money::from_nanos),
            simulate_budget,
            rules,
        }
    })
}

/// Sets, changes and takes away a few rules of each form.
fn rules_change() -> impl Strategy<Value = RulesChange> {
    let limit = || weighted(0.4, weighted(0.6, (1_u32..9).prop_map(at_least_one)));
    let pattern = select(vec!["a/*", "*/gpt-5*"]).prop_map(ModelPattern::parse);
    let network = select(vec!["10.0.0.0/8", "2001:db8::/32"]).prop_map(Network::parse);
    let tag = select(vec!["team a", "Ключ"]).prop_map(Tag::parse);
    let patterns = vec(pattern.prop_map(|it| it.expect("a good one")), 0..3);
    let networks = vec(network.prop_map(|it| it.expect("a good one")), 0..3);
    let tags = vec(tag.prop_map(|it| it.expect("a good one")), 0..3);
    let lists = (
        weighted(0.4, patterns.clone()),
        weighted(0.4, patterns),
        weighted(0.4, networks),
        weighted(0.4, tags),
    );
    let numbers = (limit(), limit(), limit(), limit());
    (lists, numbers).prop_map(|(lists, (requests, tokens, concurrency, seconds))| {
        let (allowed_models, denied_models, allowed_networks, tags) = lists;
        RulesChange {
            allowed_models,
            denied_models,
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            max_concurrency: concurrency,
            allowed_networks,
            tags,
            response_cache_seconds: seconds,
        }
    })
}

fn at_least_one(limit: u32) -> NonZeroU32 {
    NonZeroU32::new(limit).expect("drawn from 1 on")
}

fn hold(
    model: &Reference,
    payer: impl Strategy<Value = Payer> + 'static,
    call: Number,
) -> BoxedStrategy<Operation> {
    let payer = payer.prop_map(move |payer| (call, payer));
    new_hold(payer, claim(model, Request::Call))
        .prop_map(Operation::Hold)
        .boxed()
}

/// Mostly of a call that is under way, by who pays for it.
fn hold_anew(model: &Reference) -> BoxedStrategy<Operation> {
    let known = model.calls.iter().map(|(number, call)| {
        let payer = match call.token {
            Some(token) => secret_of(model, token),
            None => Just(Payer::Account(call.account)).boxed(),
        };
        let number = *number;
        let asked = payer.prop_map(move |payer| (number, payer));
        (if call.end.is_none() { 10 } else { 1 }, asked)
    });
    let asked = Union::new_weighted(known.collect());
    new_hold(asked, claim(model, Request::Call))
        .prop_map(Operation::HoldAnew)
        .boxed()
}

/// Mostly the secret a token has, sometimes its first.
fn secret_of(model: &Reference, token: Number) -> BoxedStrategy<Payer> {
    let current = model.tokens[&token].secrets.last();
    let current = current.map_or(token, |(secret, _)| *secret);
    let secret = prop_oneof![4 => Just(current), 1 => Just(token)];
    let payer = secret.prop_map(move |secret| Payer::Token { token, secret });
    payer.boxed()
}

fn new_hold(
    asked: impl Strategy<Value = (Number, Payer)>,
    claim: impl Strategy<Value = Option<Claim>>,
) -> impl Strategy<Value = NewHold> {
    let full = prop_oneof![1 => Just(0_i64), 20 => 0_i64..600];
    let least = prop_oneof![Just(0_i64), 0_i64..600];
    let first = prop_oneof![Just(600_i64), 0_i64..600];
    let amounts = (full, least, first);
    (asked, amounts, claim).prop_map(|((call, payer), (full, least, first), claim)| NewHold {
        call,
        payer,
        full,
        least: least.min(first).min(full),
        first: first.min(full),
        claim,
    })
}

/// Mostly a secret that works, sometimes one that did once.
fn token_payer(model: &Reference) -> impl Strategy<Value = Payer> + use<> {
    let mut payers = Vec::new();
    for (token, known) in &model.tokens {
        let token = *token;
        payers.push((
            2,
            Payer::Token {
                token,
                secret: token,
            },
        ));
        for (secret, _) in &known.secrets {
            payers.push((
                8,
                Payer::Token {
                    token,
                    secret: *secret,
                },
            ));
        }
    }
    let payers = payers
        .into_iter()
        .map(|(weight, payer)| (weight, Just(payer)));
    Union::new_weighted(payers.collect())
}

fn simulate(model: &Reference, call: Number) -> BoxedStrategy<Operation> {
    let tokens: Vec<_> = model.tokens.keys().copied().collect();
    let simulate = (select(tokens), claim(model, Request::Call));
    let simulate =
        simulate.prop_map(move |(token, claim)| Operation::Simulate { call, token, claim });
    simulate.boxed()
}

fn open(call: impl Strategy<Value = Number> + 'static) -> BoxedStrategy<Operation> {
    let open = (call, 0_i64..600).prop_map(|(call, floor)| Operation::Open { call, floor });
    open.boxed()
}

fn settle(call: impl Strategy<Value = Number> + 'static) -> BoxedStrategy<Operation> {
    let usage = prop_oneof![
        6 => (0_i64..900).prop_map(Usage::Reported),
        2 => (0_i64..900).prop_map(Usage::Counted),
        1 => Just(Usage::Void),
        1 => Just(Usage::Abandoned),
    ];
    let settle = (call, usage).prop_map(|(call, usage)| Operation::Settle { call, usage });
    settle.boxed()
}

/// Mostly a call under way, sometimes one that ended or never was.
fn calls(model: &Reference, number: Number) -> impl Strategy<Value = Number> + use<> {
    let mut calls = vec![(1, Just(number - 1))];
    for (call, known) in &model.calls {
        calls.push((if known.end.is_none() { 10 } else { 1 }, Just(*call)));
    }
    Union::new_weighted(calls)
}

/// A while later, at, just before or just after an instant that matters, or
/// a little back.
fn clock(model: &Reference) -> impl Strategy<Value = i64> + use<> {
    let now = model.now;
    let mut instants = vec![now];
    instants.extend(model.ends_of_records());
    for token in model.tokens.values() {
        instants.extend(token.settings.expires_at.map(Timestamp::micros));
        instants.extend(token.settings.reset.map(|reset| reset.next_at.micros()));
        instants.extend(token.secrets.iter().filter_map(|(_, end)| *end));
    }
    prop_oneof![
        2 => (0..2 * MONTH_SECONDS).prop_map(move |seconds| now + seconds * SECOND),
        6 => (select(instants), -1_i64..=1).prop_map(|(instant, near)| instant + near),
        3 => (0..3600_i64).prop_map(move |seconds| now - seconds * SECOND),
    ]
}
