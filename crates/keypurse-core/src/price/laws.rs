//! What holds for every price and every usage.

use proptest::prelude::*;

use super::{Band, Price, Rate, Rates, Reach};
use crate::money::Money;
use crate::usage::{Class, INPUT_PARTS, OUTPUT_PARTS, ServiceTier, TokenCounts, UNITS, Units};

prop_compose! {
    fn any_rates()(
        nanos in prop::array::uniform16(0_i64..100_000_000_000),
        some in prop::array::uniform16(any::<bool>()),
    ) -> Rates {
        let mut rates = Rates::default();
        for (index, class) in Class::ALL.into_iter().enumerate() {
            let rate = Rate::per_million(Money::from_nanos(nanos[index])).unwrap();
            let stated = some[index] || matches!(class, Class::Input | Class::Output);
            rates.set(class, stated.then_some(rate));
        }
        rates
    }
}

prop_compose! {
    fn any_bands()(low in any_rates(), high in any_rates(), above in 1_u64..1_000_000) -> Vec<Band> {
        vec![Band { above: 0, rates: low }, Band { above, rates: high }]
    }
}

prop_compose! {
    fn any_price()(
        standard in any_bands(),
        flex in prop::option::of(any_bands()),
        priority in prop::option::of(any_bands()),
    ) -> Price {
        let mut price = Price::banded(standard).unwrap();
        for (tier, bands) in [(ServiceTier::Flex, flex), (ServiceTier::Priority, priority)] {
            if let Some(bands) = bands {
                price = price.with_tier(tier, bands).unwrap();
            }
        }
        price
    }
}

prop_compose! {
    fn any_units()(units in prop::array::uniform4(0_u64..1_000_000)) -> Units {
        let [characters, input_seconds, output_seconds, images] = units;
        Units { characters, input_seconds, output_seconds, images }
    }
}

prop_compose! {
    fn any_counts()(
        parts in prop::array::uniform11(0_u64..1_000_000),
        requests in 0_u64..2,
        units in any_units(),
    ) -> TokenCounts {
        TokenCounts {
            input: parts[..7].iter().sum(),
            cached_input: parts[1],
            cache_write: parts[2],
            input_audio: parts[3],
            cached_audio: parts[4],
            cache_write_long: parts[5],
            input_image: parts[6],
            output: parts[7..].iter().sum(),
            reasoning: parts[8],
            output_audio: parts[9],
            output_image: parts[10],
            requests,
            tier: ServiceTier::Standard,
            units,
        }
    }
}

/// Exactly the classes that were used.
fn reach_of(counts: &TokenCounts) -> Reach {
    let parts = INPUT_PARTS.into_iter().chain(OUTPUT_PARTS).chain(UNITS);
    let used = parts.filter(|part| counts.of(*part) > 0);
    used.fold(Reach::text().with_tier(counts.tier), Reach::with)
}

proptest! {
    #[test]
    fn a_bound_is_never_below_the_cost(
        price in any_price(), counts in any_counts(), more in 0_u64..1000,
    ) {
        for tier in ServiceTier::ALL {
            let counts = TokenCounts { tier, ..counts };
            let Some(cost) = price.cost(&counts) else { continue };
            for price in [&price, &price.within(&reach_of(&counts))] {
                let bound = |input, output, units| price.bound_with(input, output, &units).unwrap();
                prop_assert!(cost <= bound(counts.input, counts.output, counts.units));
                let (input, output) = (counts.input + more, counts.output + more);
                prop_assert!(cost <= bound(input, output, counts.units));
            }
        }
    }

    #[test]
    fn narrowing_never_raises_a_bound_and_never_changes_a_reached_cost(
        price in any_price(), counts in any_counts(),
    ) {
        let reach = reach_of(&counts);
        let narrowed = price.within(&reach);
        prop_assert!(reach.covers(&counts));
        prop_assert_eq!(narrowed.cost(&counts), price.cost(&counts));
        let bound = |price: &Price| price.bound_with(counts.input, counts.output, &counts.units);
        prop_assert!(bound(&narrowed) <= bound(&price));
    }

    #[test]
    fn more_of_any_unit_never_costs_less_and_never_bounds_lower(
        price in any_price(), counts in any_counts(), more in any_units(),
    ) {
        let units = Units {
            characters: counts.units.characters + more.characters,
            input_seconds: counts.units.input_seconds + more.input_seconds,
            output_seconds: counts.units.output_seconds + more.output_seconds,
            images: counts.units.images + more.images,
        };
        prop_assert!(counts.units.are_within(&units));
        prop_assert_eq!(units.at_most(&counts.units), counts.units);
        let dearer = TokenCounts { units, ..counts };
        prop_assert!(price.cost(&counts) <= price.cost(&dearer));
        let bound = |units| price.bound_with(counts.input, counts.output, &units);
        prop_assert!(bound(counts.units) <= bound(units));
        prop_assert!(bound(Units::NONE) == price.bound(counts.input, counts.output));
    }

    #[test]
    fn rounding_never_charges_less_and_less_than_one_nano_more(
        price in any_price(), counts in any_counts(),
    ) {
        let cost = i128::from(price.cost(&counts).unwrap().nanos()) * 1_000_000;
        let band = price.bands().iter().rfind(|band| band.above == 0 || counts.input > band.above);
        let exact = band.unwrap().rates.cost(&counts);
        prop_assert!(exact <= cost && cost < exact + 1_000_000);
    }

    #[test]
    fn one_call_costs_no_more_than_its_halves(input in 0_u64..1_000_000, output in 0_u64..1_000_000, rates in any_rates()) {
        let price = Price::flat(rates);
        let cost = |input, output| price.cost(&TokenCounts { input, output, ..TokenCounts::default() }).unwrap();
        let halves = cost(input / 2, output / 2) + cost(input - input / 2, output - output / 2);
        prop_assert!(cost(input, output) <= halves);
    }

    #[test]
    fn more_output_never_costs_less(price in any_price(), counts in any_counts(), more in 0_u64..1000) {
        let longer = TokenCounts { output: counts.output + more, ..counts };
        prop_assert!(price.cost(&counts) <= price.cost(&longer));
        let (input, output) = (counts.input, counts.output);
        prop_assert!(price.bound(input, output) <= price.bound(input, output + more));
        prop_assert!(price.bound(input, output) <= price.bound(input + more, output));
    }

    #[test]
    fn an_affordable_output_fits_and_one_more_does_not(
        price in any_price(), input in 0_u64..2_000_000, budget in 0_i64..10_000_000_000,
    ) {
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
