use super::*;

fn name(text: &str) -> Result<String, TokenNameError> {
    TokenName::parse(text).map(|name| name.as_str().to_owned())
}

fn dollars(text: &str) -> Money {
    Money::parse_text(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn settings() -> TokenSettings {
    TokenSettings::new(TokenName::parse("t").unwrap(), TokenKind::Live)
}

fn changed(
    from: &TokenSettings,
    change: &SettingsChange,
) -> Result<TokenSettings, Vec<SettingsError>> {
    from.changed(change, at("2026-11-21T12:00:00Z"), &TimeZone::UTC)
}

fn daily(amount: &str) -> SettingsChange {
    SettingsChange {
        reset_period: Some(Some(ResetPeriod::Daily)),
        reset_amount: Some(dollars(amount)),
        ..SettingsChange::default()
    }
}

#[test]
fn a_name_is_trimmed_and_anything_printable_is_allowed() {
    let longest = "é".repeat(200);
    for (input, expected) in [
        ("production-v1", "production-v1"),
        ("  a b \u{a0}\u{2003}", "a b"),
        ("a/b%2F?#", "a/b%2F?#"),
        ("Ключ 🔑", "Ключ 🔑"),
        ("ME", "ME"),
        ("...", "..."),
        (longest.as_str(), longest.as_str()),
    ] {
        assert_eq!(name(input).as_deref(), Ok(expected));
    }
}

#[test]
fn a_bad_name_is_refused_with_its_reason() {
    let too_long = "a".repeat(201);
    for (input, expected) in [
        ("", TokenNameError::Blank),
        (" \t\u{3000}", TokenNameError::Blank),
        (too_long.as_str(), TokenNameError::TooLong),
        ("a\0b", TokenNameError::ControlCharacter),
        ("a\nb", TokenNameError::ControlCharacter),
        ("a\u{85}b", TokenNameError::ControlCharacter),
        (".", TokenNameError::Reserved),
        ("..", TokenNameError::Reserved),
        (" me ", TokenNameError::Reserved),
        ("base_token", TokenNameError::Reserved),
    ] {
        assert_eq!(name(input), Err(expected), "{input:?}");
    }
}

#[test]
fn a_period_switches_the_balance_on() {
    let token = changed(&settings(), &daily("5")).unwrap();
    assert!(token.has_budget);
    let reset = token.reset.unwrap();
    assert_eq!(
        (reset.amount, reset.next_at),
        (dollars("5"), at("2026-11-22"))
    );
}

#[test]
fn a_changed_amount_waits_for_the_next_reset() {
    let token = changed(&settings(), &daily("5")).unwrap();
    let later = at("2026-11-23T12:00:00Z");
    let change = SettingsChange {
        reset_amount: Some(dollars("7")),
        ..SettingsChange::default()
    };
    let token = token.changed(&change, later, &TimeZone::UTC).unwrap();
    assert_eq!(token.reset.unwrap().next_at, at("2026-11-22"));
    assert_eq!(token.reset.unwrap().amount, dollars("7"));
}

#[test]
fn switching_off_the_balance_or_the_period_clears_the_amount() {
    let token = changed(&settings(), &daily("5")).unwrap();
    let off = SettingsChange {
        has_budget: Some(false),
        ..SettingsChange::default()
    };
    let none = SettingsChange {
        reset_period: Some(None),
        ..SettingsChange::default()
    };
    let without_balance = changed(&token, &off).unwrap();
    assert_eq!(
        (without_balance.reset, without_balance.has_budget),
        (None, false)
    );
    let without_period = changed(&token, &none).unwrap();
    assert_eq!(
        (without_period.reset, without_period.has_budget),
        (None, true)
    );
}

#[test]
fn settings_that_contradict_each_other_are_all_reported() {
    use SettingsError::{
        AmountNotPositive, AmountWithoutPeriod, PeriodWithoutAmount, PeriodWithoutBalance,
    };
    let period_only = SettingsChange {
        reset_amount: None,
        ..daily("1")
    };
    let amount_only = SettingsChange {
        reset_period: None,
        ..daily("1")
    };
    let zero = SettingsChange {
        reset_amount: Some(Money::ZERO),
        ..daily("1")
    };
    let off = SettingsChange {
        has_budget: Some(false),
        ..period_only.clone()
    };
    for (change, expected) in [
        (period_only, vec![PeriodWithoutAmount]),
        (amount_only, vec![AmountWithoutPeriod]),
        (zero, vec![AmountNotPositive]),
        (off, vec![PeriodWithoutAmount, PeriodWithoutBalance]),
    ] {
        assert_eq!(changed(&settings(), &change), Err(expected));
    }
}

#[test]
fn a_token_is_valid_in_created_to_expires() {
    let mut token = settings();
    token.expires_at = Some(at("2026-11-21T12:00:00Z"));
    assert!(!token.is_expired(at("2026-11-21T11:59:59.999999Z")));
    assert!(token.is_expired(at("2026-11-21T12:00:00Z")));
}

#[test]
fn a_periodic_token_without_a_balance_starts_full() {
    let reset = changed(&settings(), &daily("5")).unwrap().reset;
    assert_eq!(opening_balance(None, reset), dollars("5"));
    assert_eq!(opening_balance(Some(dollars("1")), reset), dollars("1"));
    assert_eq!(opening_balance(None, None), Money::ZERO);
}

#[test]
fn a_changed_period_runs_from_now() {
    let token = changed(&settings(), &daily("5")).unwrap();
    let monthly = SettingsChange {
        reset_period: Some(Some(ResetPeriod::Monthly)),
        ..SettingsChange::default()
    };
    let reset = changed(&token, &monthly).unwrap().reset.unwrap();
    assert_eq!(reset.period, ResetPeriod::Monthly);
    assert_eq!(reset.next_at, at("2026-12-01"));
    assert_eq!(reset.amount, dollars("5"), "the amount stays");
}

#[test]
fn a_rule_is_set_kept_and_taken_away() {
    use crate::rules::{RulesChange, Tag};
    use std::num::NonZeroU32;

    let change = |rules: RulesChange| SettingsChange {
        rules,
        ..SettingsChange::default()
    };
    let two = NonZeroU32::new(2);
    let limited = change(RulesChange {
        max_concurrency: Some(two),
        ..RulesChange::default()
    });
    let tagged = change(RulesChange {
        tags: Some(vec![Tag::parse("team a").unwrap()]),
        ..RulesChange::default()
    });
    let token = changed(&settings(), &limited).unwrap();
    let token = changed(&token, &tagged).unwrap();
    let rules = token.rules.as_deref().unwrap();
    assert_eq!((rules.limits.max_concurrency, rules.tags.len()), (two, 1));
    let unchanged = changed(&token, &SettingsChange::default()).unwrap();
    assert_eq!(unchanged, token);
    let all_taken = change(RulesChange {
        max_concurrency: Some(None),
        tags: Some(Vec::new()),
        ..RulesChange::default()
    });
    assert_eq!(changed(&token, &all_taken).unwrap().rules, None);
}

#[test]
fn a_change_is_judged_before_its_token_is_known() {
    use SettingsError::{AmountNotPositive, PeriodWithoutAmount};
    let amount_only = SettingsChange {
        reset_period: None,
        ..daily("1")
    };
    assert_eq!(amount_only.contradictions(), [], "some token has a period");
    let negative = daily("-1");
    assert_eq!(negative.contradictions(), [AmountNotPositive]);
    assert_eq!(negative.faults_for_new_token(), [AmountNotPositive]);
    let period_only = SettingsChange {
        reset_amount: None,
        ..daily("1")
    };
    assert_eq!(period_only.contradictions(), [], "some token has an amount");
    let faults = period_only.faults_for_new_token();
    assert_eq!(faults, [PeriodWithoutAmount]);
}

#[test]
fn only_a_sandbox_token_rehearses_and_only_with_a_balance() {
    let change = SettingsChange {
        simulate_budget: Some(true),
        ..SettingsChange::default()
    };
    let faults = changed(&settings(), &change);
    assert_eq!(faults, Err(vec![SettingsError::RehearsalOfLive]));
    let mut sandbox = settings();
    sandbox.kind = TokenKind::Sandbox;
    sandbox.has_budget = true;
    assert!(!sandbox.draws_on_balance());
    let mut rehearsing = changed(&sandbox, &change).unwrap();
    assert!(rehearsing.draws_on_balance());
    rehearsing.has_budget = false;
    assert!(!rehearsing.draws_on_balance());
}
