use super::{Money, MoneyParseError};
use proptest::prelude::*;

fn text(input: &str) -> Result<String, MoneyParseError> {
    Money::parse_text(input).map(|m| m.to_string())
}

fn number(input: &str) -> Result<String, MoneyParseError> {
    Money::parse_number(input).map(|m| m.to_string())
}

#[test]
fn a_string_is_read_by_the_seeds_pattern_and_never_rounded() {
    use MoneyParseError::{NotANumber, OutOfRange, TooManyDecimals, TooManyDigits};
    for (input, expected) in [
        ("50.00", Ok("50.0")),
        ("50.", Ok("50.0")),
        (".5", Ok("0.5")),
        ("-0.000000001", Ok("-0.000000001")),
        ("-0", Ok("0.0")),
        ("99999.999999999", Ok("99999.999999999")),
        ("1e-05", Ok("0.00001")),
        ("1E2", Ok("100.0")),
        ("1e+2", Ok("100.0")),
        ("1.50e-08", Ok("0.000000015")),
        ("1.0e-9", Ok("0.000000001")),
        ("0e999999999999", Ok("0.0")),
        ("", Err(NotANumber)),
        ("-", Err(NotANumber)),
        (".", Err(NotANumber)),
        ("-.", Err(NotANumber)),
        ("+1", Err(NotANumber)),
        (" 1", Err(NotANumber)),
        ("1,5", Err(NotANumber)),
        ("1e", Err(NotANumber)),
        ("1e-", Err(NotANumber)),
        ("1e+", Err(NotANumber)),
        ("1e+-1", Err(NotANumber)),
        ("1ex", Err(NotANumber)),
        ("NaN", Err(NotANumber)),
        ("Infinity", Err(NotANumber)),
        ("١", Err(NotANumber)),
        ("0x10", Err(NotANumber)),
        ("1.0000000000", Err(TooManyDecimals)),
        ("0.0000000001", Err(TooManyDecimals)),
        ("1e-10", Err(TooManyDecimals)),
        ("100000", Err(OutOfRange)),
        ("000001", Err(TooManyDigits)),
        ("000001.5", Err(TooManyDigits)),
        ("-000001", Err(TooManyDigits)),
        ("0100000", Err(OutOfRange)),
        ("1e5", Err(OutOfRange)),
        ("-1e5", Err(OutOfRange)),
        ("1e999999999999", Err(OutOfRange)),
    ] {
        assert_eq!(
            text(input).as_deref(),
            expected.as_ref().map(|s| *s),
            "{input:?}"
        );
    }
}

#[test]
fn a_number_is_read_from_its_text_and_rounded_half_even() {
    use MoneyParseError::OutOfRange;
    for (input, expected) in [
        ("50", Ok("50.0")),
        ("1e-09", Ok("0.000000001")),
        ("33.333333333333336", Ok("33.333333333")),
        ("0.0000000005", Ok("0.0")),
        ("0.0000000015", Ok("0.000000002")),
        ("0.0000000025", Ok("0.000000002")),
        ("0.00000000250000", Ok("0.000000002")),
        ("0.00000000250000000001", Ok("0.000000003")),
        ("-0.0000000015", Ok("-0.000000002")),
        ("0.00000000009", Ok("0.0")),
        ("9e-10", Ok("0.000000001")),
        ("9e-11", Ok("0.0")),
        ("1e-400", Ok("0.0")),
        ("99999.9999999994", Ok("99999.999999999")),
        ("99999.9999999999", Err(OutOfRange)),
        ("100000", Err(OutOfRange)),
        ("-100000", Err(OutOfRange)),
        ("1e99", Err(OutOfRange)),
        ("1e2147483647", Err(OutOfRange)),
    ] {
        assert_eq!(
            number(input).as_deref(),
            expected.as_ref().map(|s| *s),
            "{input:?}"
        );
    }
}

#[test]
fn money_is_written_without_exponent_and_with_a_point() {
    for (nanos, short, fixed) in [
        (0, "0.0", "0.000000000"),
        (1, "0.000000001", "0.000000001"),
        (50_000_000_000, "50.0", "50.000000000"),
        (-1_500_000_000, "-1.5", "-1.500000000"),
        (i64::MIN, "-9223372036.854775808", "-9223372036.854775808"),
    ] {
        let money = Money::from_nanos(nanos);
        assert_eq!(
            (money.to_string().as_str(), money.to_fixed().as_str()),
            (short, fixed)
        );
        let mut text = b"cost ".to_vec();
        money.append_to(&mut text);
        assert_eq!(text, format!("cost {short}").into_bytes());
    }
}

#[test]
fn a_balance_is_less_than_a_hundred_thousand_dollars_either_way() {
    let dollars = |nanos: i64| Money::from_nanos(100_000 * 1_000_000_000 + nanos);
    for (balance, may_be) in [
        (dollars(-1), true),
        (dollars(0), false),
        (Money::ZERO - dollars(-1), true),
        (Money::ZERO - dollars(0), false),
    ] {
        assert_eq!(balance.is_balance(), may_be, "{balance}");
    }
}

#[test]
#[should_panic(expected = "money overflow")]
fn overflow_stops_instead_of_wrapping() {
    let _ = Money::from_nanos(i64::MAX) + Money::from_nanos(1);
}

#[test]
fn a_sum_is_exact_and_checked() {
    let amounts = [5, -7, 40].map(Money::from_nanos);
    assert_eq!(amounts.into_iter().sum::<Money>(), Money::from_nanos(38));
    assert_eq!(std::iter::empty::<Money>().sum::<Money>(), Money::ZERO);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(nanos in -99_999_999_999_999_i64..=99_999_999_999_999) {
        let money = Money::from_nanos(nanos);
        prop_assert_eq!(Money::parse_text(&money.to_string()), Ok(money));
        prop_assert_eq!(Money::parse_text(&money.to_fixed()), Ok(money));
        prop_assert_eq!(Money::parse_number(&money.to_string()), Ok(money));
    }

    #[test]
    fn no_text_panics(input in "[-+0-9eE.]{0,40}") {
        let _ = (Money::parse_text(&input), Money::parse_number(&input));
    }
}
