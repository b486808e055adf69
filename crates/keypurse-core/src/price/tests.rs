use super::{Band, Price, Rate, Rates};
use crate::money::Money;
use crate::usage::TokenCounts;
use proptest::prelude::*;

fn rate(dollars: &str) -> Rate {
    Rate::per_million(Money::parse_text(dollars).unwrap()).unwrap()
}

fn rates(input: &str, output: &str) -> Rates {
    Rates {
        input: rate(input),
        output: rate(output),
        ..Rates::default()
    }
}

fn counts(input: u64, output: u64) -> TokenCounts {
    TokenCounts {
        input,
        output,
        ..TokenCounts::default()
    }
}

#[test]
fn cost_is_rounded_up_once() {
    let price = Price::flat(rates("0.0375", "0.0000001"));
    for (input, output, nanos) in [
        (0, 0, 0),
        (1, 0, 38),
        (2, 0, 75),
        (0, 1, 1),
        (1, 1, 38),
        (1_000_000, 0, 37_500_000),
    ] {
        let cost = price.cost(&counts(input, output)).unwrap();
        assert_eq!(cost, Money::from_nanos(nanos), "{input} + {output}");
    }
}

#[test]
fn each_class_of_tokens_has_its_own_rate() {
    let price = Price::flat(Rates {
        cached_input: Some(rate("0.1")),
        cache_write: Some(rate("1.25")),
        input_audio: Some(rate("10")),
        reasoning: Some(rate("3")),
        output_audio: Some(rate("20")),
        ..rates("1", "2")
    });
    let counts = TokenCounts {
        input: 100,
        cached_input: 10,
        cache_write: 20,
        input_audio: 30,
        output: 50,
        reasoning: 5,
        output_audio: 15,
    };
    // 40×1 + 10×0.1 + 20×1.25 + 30×10 + 30×2 + 5×3 + 15×20, in micro-dollars
    let micros = 40_000 + 1_000 + 25_000 + 300_000 + 60_000 + 15_000 + 300_000;
    assert_eq!(price.cost(&counts), Some(Money::from_nanos(micros)));
}

#[test]
fn a_long_input_is_charged_wholly_at_its_band() {
    let price = Price::banded(vec![
        Band {
            above: 0,
            rates: rates("1", "2"),
        },
        Band {
            above: 200_000,
            rates: rates("2", "3"),
        },
    ])
    .unwrap();
    assert_eq!(
        price.cost(&counts(200_000, 0)),
        Some(Money::from_nanos(200_000_000))
    );
    assert_eq!(
        price.cost(&counts(200_001, 0)),
        Some(Money::from_nanos(400_002_000))
    );
    assert_eq!(
        price.bound(200_001, 1),
        Some(Money::from_nanos(400_005_000))
    );
}

#[test]
fn a_cost_beyond_all_money_is_none_and_not_a_wrong_sum() {
    let price = Price::flat(rates("99999", "0"));
    assert_eq!(price.cost(&counts(u64::MAX, 0)), None);
    assert_eq!(price.bound(u64::MAX, u64::MAX), None);
}

#[test]
fn a_negative_rate_is_no_rate() {
    assert_eq!(Rate::per_million(Money::from_nanos(-1)), None);
}

#[test]
fn bands_ascend_strictly_from_zero() {
    let band = |above: u64| Band {
        above,
        rates: rates("1", "2"),
    };
    for (aboves, ascends) in [
        (vec![0], true),
        (vec![0, 5, 6], true),
        (vec![], false),
        (vec![1], false),
        (vec![1, 2], false),
        (vec![0, 0], false),
        (vec![0, 5, 5], false),
        (vec![0, 6, 5], false),
    ] {
        let bands: Vec<_> = aboves.iter().map(|above| band(*above)).collect();
        let price = Price::banded(bands.clone());
        assert_eq!(price.is_some(), ascends, "{aboves:?}");
        if let Some(price) = price {
            assert_eq!(price.bands(), bands);
        }
    }
}

#[test]
fn a_price_is_free_when_every_class_of_every_band_is() {
    assert!(Price::free().is_free());
    assert!(Price::flat(rates("0", "0")).is_free());
    assert!(!Price::flat(rates("1", "0")).is_free());
    assert!(!Price::flat(rates("0", "1")).is_free());
    let reasoning = Rates {
        reasoning: Some(rate("1")),
        ..Rates::default()
    };
    assert!(!Price::flat(reasoning).is_free());
    let dear_when_long = [rates("0", "0"), rates("0", "1")];
    let bands = dear_when_long.into_iter().zip([0, 9]);
    let bands = bands.map(|(rates, above)| Band { above, rates });
    assert!(!Price::banded(bands.collect()).unwrap().is_free());
}

#[test]
fn money_for_exactly_the_input_buys_no_output() {
    let price = Price::flat(rates("1", "2"));
    let afforded = |nanos: i64| price.affordable_output(Money::from_nanos(nanos), 10);
    assert_eq!(afforded(9_999), None);
    assert_eq!(afforded(10_000), Some(0));
    assert_eq!(afforded(12_000), Some(1));
}

prop_compose! {
    fn any_rates()(nanos in prop::array::uniform7(0_i64..100_000_000_000), some in prop::array::uniform5(any::<bool>())) -> Rates {
        let rate = |i: usize| Rate::per_million(Money::from_nanos(nanos[i])).unwrap();
        let maybe = |i: usize| some[i - 2].then(|| rate(i));
        Rates {
            input: rate(0), output: rate(1), cached_input: maybe(2), cache_write: maybe(3),
            input_audio: maybe(4), reasoning: maybe(5), output_audio: maybe(6),
        }
    }
}

prop_compose! {
    fn any_price()(low in any_rates(), high in any_rates(), above in 1_u64..1_000_000) -> Price {
        Price::banded(vec![Band { above: 0, rates: low }, Band { above, rates: high }]).unwrap()
    }
}

prop_compose! {
    fn any_counts()(parts in prop::array::uniform7(0_u64..1_000_000)) -> TokenCounts {
        TokenCounts {
            input: parts[0] + parts[1] + parts[2] + parts[3],
            cached_input: parts[1], cache_write: parts[2], input_audio: parts[3],
            output: parts[4] + parts[5] + parts[6],
            reasoning: parts[5], output_audio: parts[6],
        }
    }
}

proptest! {
    #[test]
    fn a_bound_is_never_below_the_cost(price in any_price(), counts in any_counts(), more in 0_u64..1000) {
        let cost = price.cost(&counts).unwrap();
        prop_assert!(cost <= price.bound(counts.input, counts.output).unwrap());
        prop_assert!(cost <= price.bound(counts.input + more, counts.output + more).unwrap());
    }

    #[test]
    fn an_affordable_output_fits_and_one_more_does_not(price in any_price(), input in 0_u64..2_000_000, budget in 0_i64..10_000_000_000) {
        let budget = Money::from_nanos(budget);
        match price.affordable_output(budget, input) {
            None => prop_assert!(price.bound(input, 0).unwrap() > budget),
            Some(u64::MAX) => prop_assert!(price.bound(input, 1_000_000_000).unwrap() <= budget),
            Some(output) => {
                prop_assert!(price.bound(input, output).unwrap() <= budget);
                prop_assert!(price.bound(input, output + 1).unwrap() > budget);
            }
        }
    }

    #[test]
    fn a_price_survives_its_text(price in any_price()) {
        prop_assert_eq!(Price::from_text(&price.to_text()), Some(price));
    }
}
