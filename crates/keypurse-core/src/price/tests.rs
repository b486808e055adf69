use super::{Band, Price, Rate, Rates, Reach};
use crate::money::Money;
use crate::usage::{Class, ServiceTier, TokenCounts, Units};

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
fn each_class_has_its_own_rate() {
    let price = Price::flat(Rates {
        cached_input: Some(rate("0.1")),
        cache_write: Some(rate("1.25")),
        input_audio: Some(rate("10")),
        reasoning: Some(rate("3")),
        output_audio: Some(rate("20")),
        cached_audio: Some(rate("5")),
        cache_write_long: Some(rate("2.5")),
        input_image: Some(rate("4")),
        output_image: Some(rate("30")),
        request: Rate::per_unit(Money::parse_text("0.01").unwrap()),
        characters: Some(rate("15")),
        input_seconds: Some(rate("100")),
        output_seconds: Some(rate("250")),
        images: Rate::per_unit(Money::parse_text("0.04").unwrap()),
        ..rates("1", "2")
    });
    let counts = TokenCounts {
        input: 128,
        cached_input: 10,
        cache_write: 20,
        input_audio: 30,
        cached_audio: 7,
        cache_write_long: 8,
        input_image: 13,
        output: 70,
        reasoning: 5,
        output_audio: 15,
        output_image: 20,
        requests: 1,
        tier: ServiceTier::Standard,
        units: Units {
            characters: 9,
            input_seconds: 8,
            output_seconds: 7,
            images: 2,
        },
    };
    let input = 40_000 + 1_000 + 25_000 + 300_000 + 35_000 + 20_000 + 52_000;
    let output = 60_000 + 15_000 + 300_000 + 600_000;
    let units = 135_000 + 800_000 + 1_750_000 + 80_000_000;
    let expected = Money::from_nanos(input + output + 10_000_000 + units);
    assert_eq!(price.cost(&counts), Some(expected));
}

#[test]
fn a_class_without_a_rate_costs_what_its_total_costs() {
    let price = Price::flat(rates("1", "2"));
    let counts = TokenCounts {
        input: 6,
        cached_input: 1,
        cache_write: 1,
        input_audio: 1,
        cached_audio: 1,
        cache_write_long: 1,
        input_image: 1,
        output: 3,
        reasoning: 1,
        output_audio: 1,
        output_image: 1,
        requests: 1,
        tier: ServiceTier::Standard,
        units: Units {
            characters: 1,
            input_seconds: 1,
            output_seconds: 1,
            images: 1,
        },
    };
    assert_eq!(price.cost(&counts), Some(Money::from_nanos(12_000)));
}

fn tiered() -> Price {
    let band = |above, rates| Band { above, rates };
    let price = Price::banded(vec![band(0, rates("2", "8")), band(100, rates("4", "12"))]);
    let priority = vec![band(0, rates("3", "14"))];
    let price = price.unwrap().with_tier(ServiceTier::Priority, priority);
    let flex = vec![band(0, rates("1", "4"))];
    price.unwrap().with_tier(ServiceTier::Flex, flex).unwrap()
}

#[test]
fn a_call_costs_what_its_tier_costs() {
    let price = tiered();
    assert_eq!(price.bands_at(ServiceTier::Standard).len(), 2);
    assert_eq!(
        price.bands_at(ServiceTier::Flex),
        [Band {
            above: 0,
            rates: rates("1", "4")
        }]
    );
    assert_eq!(Price::flat(rates("1", "4")).bands_at(ServiceTier::Flex), []);
    for (tier, input, nanos) in [
        (ServiceTier::Standard, 100, 208_000),
        (ServiceTier::Standard, 101, 416_000),
        (ServiceTier::Flex, 100, 104_000),
        (ServiceTier::Flex, 101, 105_000),
        (ServiceTier::Priority, 101, 317_000),
    ] {
        let counts = TokenCounts {
            tier,
            ..counts(input, 1)
        };
        assert_eq!(
            price.cost(&counts),
            Some(Money::from_nanos(nanos)),
            "{tier:?} {input}"
        );
    }
    let priority = TokenCounts {
        tier: ServiceTier::Priority,
        ..counts(1, 1)
    };
    assert_eq!(Price::flat(rates("2", "8")).cost(&priority), None);
}

#[test]
fn a_bound_reaches_no_further_than_the_call() {
    let audio = Rates {
        input_audio: Some(rate("40")),
        cache_write: Some(rate("2.5")),
        output_audio: Some(rate("80")),
        ..rates("2", "8")
    };
    let price = Price::flat(audio);
    let priority = vec![Band {
        above: 0,
        rates: rates("5", "20"),
    }];
    let price = price.with_tier(ServiceTier::Priority, priority).unwrap();
    let text = Reach::text();
    for (reach, nanos) in [
        (text, 10_500),
        (text.with(Class::InputAudio), 48_000),
        (text.with(Class::OutputAudio), 82_500),
        (text.with_tier(ServiceTier::Priority), 25_000),
        (Reach::everything(), 120_000),
    ] {
        let bound = price.within(&reach).bound(1, 1);
        assert_eq!(bound, Some(Money::from_nanos(nanos)), "{reach:?}");
    }
    assert_eq!(price.within(&Reach::everything()), price);
}

#[test]
fn a_reach_covers_what_a_call_asked_for_and_nothing_else() {
    let audio = TokenCounts {
        input_audio: 1,
        ..counts(1, 1)
    };
    let priority = TokenCounts {
        tier: ServiceTier::Priority,
        ..counts(1, 1)
    };
    let text = Reach::text();
    assert!(text.covers(&counts(1, 1)));
    assert!(!text.covers(&audio) && !text.covers(&priority));
    assert!(text.with(Class::InputAudio).covers(&audio));
    assert!(text.with_tier(ServiceTier::Priority).covers(&priority));
    // What is cached was heard, also where it was asked for before.
    for heard in [text, text.with(Class::InputAudio)] {
        let cached = heard.with(Class::CachedAudio);
        assert!(cached.has(Class::InputAudio) && cached.has(Class::CachedAudio));
    }
    assert!(!text.with(Class::InputAudio).has(Class::CachedAudio));
}

#[test]
fn prices_of_earlier_versions_are_still_read() {
    let text = "0:input=1000000000,output=2000000000,cached_input=100000000;\
                200000:input=2000000000,output=3000000000,reasoning=1,output_audio=2";
    let price = Price::from_text(text).unwrap();
    assert_eq!(price.to_text(), text);
    assert_eq!(price.bands()[0].rates.cached_input, Some(rate("0.1")));
    for text in [
        "",
        "0:",
        "1:input=1,output=1",
        "0:input=-1,output=1",
        "0:input=1,output=1,colour=1",
        "0:input=1,output=1|gold/0:input=1,output=1",
        "0:input=1,output=1|standard/0:input=1,output=1",
        "0:input=1,output=1|flex/0:input=1,output=1|flex/0:input=1,output=1",
        "0:input=1,output=1|flex/1:input=1,output=1",
    ] {
        assert_eq!(Price::from_text(text), None, "{text}");
    }
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

#[test]
fn a_call_that_costs_something_by_itself_is_not_free() {
    let rates = Rates {
        request: Rate::per_unit(Money::parse_text("0.025").unwrap()),
        ..Rates::default()
    };
    let price = Price::flat(rates);
    assert!(!price.is_free() && price.has_request_rate());
    let fee = Money::parse_text("0.025").unwrap();
    assert_eq!(price.bound(0, 0), Some(fee));
    assert_eq!(price.affordable_output(fee, 0), Some(u64::MAX));
    let less = Money::parse_text("0.024").unwrap();
    assert_eq!(price.affordable_output(less, 0), None);
    assert_eq!(Rate::per_unit(Money::from_nanos(i64::MAX)), None);
    assert!(!tiered().has_request_rate());
}

#[test]
fn what_is_no_token_has_a_price_bound_and_reach_of_its_own() {
    let listening = Rates {
        input_seconds: Rate::per_units(Money::parse_text("0.36").unwrap(), 3600),
        ..Rates::default()
    };
    let price = Price::flat(listening);
    assert!(price.has_unit_rates() && !price.is_free());
    assert!(!tiered().has_unit_rates());
    assert!(price.has_rate(Class::InputSeconds) && !price.has_rate(Class::Images));
    let units = Units {
        input_seconds: 61,
        ..Units::NONE
    };
    let cost = Some(Money::parse_text("0.0061").unwrap());
    let used = TokenCounts {
        units,
        ..TokenCounts::NONE
    };
    assert_eq!(price.cost(&used), cost);
    assert_eq!(price.bound_with(5, 5, &units), cost);
    assert_eq!(price.bound(5, 5), Some(Money::ZERO));
    let text = Reach::text();
    assert!(!text.covers(&used) && text.with(Class::InputSeconds).covers(&used));
    assert!(price.within(&text).is_free());
}

#[test]
fn a_rate_for_an_hour_is_never_below_what_it_says() {
    for (dollars, units, per_million) in [
        ("0.36", 3600, "100.0"),
        ("0.111", 3600, "30.833333334"),
        ("0.006", 60, "100.0"),
        ("0.04", 1, "40000.0"),
        ("0", 3600, "0.0"),
    ] {
        let dollars = Money::parse_text(dollars).unwrap();
        let rate = Rate::per_units(dollars, units).unwrap();
        assert_eq!(rate.dollars_per_million().to_string(), per_million);
    }
    assert_eq!(Rate::per_units(Money::from_nanos(i64::MAX), 1), None);
    assert_eq!(Rate::per_units(Money::from_nanos(-1), 60), None);
    assert_eq!(Rate::per_units(Money::from_nanos(1), 0), None);
}

#[test]
fn the_price_of_an_image_is_part_of_the_price_of_its_call() {
    let rate = Rate::per_unit(Money::parse_text("0.04").unwrap()).unwrap();
    let price = tiered().with_images_at(rate);
    assert_eq!(Price::from_text(&price.to_text()), Some(price.clone()));
    let units = Units {
        images: 2,
        ..Units::NONE
    };
    for tier in [ServiceTier::Standard, ServiceTier::Flex] {
        let counts = TokenCounts {
            tier,
            units,
            ..TokenCounts::NONE
        };
        let cost = Some(Money::parse_text("0.08").unwrap());
        assert_eq!(price.cost(&counts), cost, "{tier:?}");
    }
}

#[test]
fn a_sum_beyond_all_numbers_is_no_cost() {
    let dearest = Rate::per_million(Money::from_nanos(i64::MAX)).unwrap();
    let price = Price::flat(Rates {
        characters: Some(dearest),
        images: Some(dearest),
        ..rates("1", "1")
    });
    let units = Units {
        characters: u64::MAX,
        images: u64::MAX,
        ..Units::NONE
    };
    assert_eq!(price.bound_with(0, 0, &units), None);
    let used = TokenCounts {
        units,
        ..TokenCounts::NONE
    };
    assert_eq!(price.cost(&used), None);
}
