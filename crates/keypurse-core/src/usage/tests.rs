use super::{COUNTS, Class, ServiceTier, TokenCounts, Units};

const TIER: usize = 12;

fn numbered() -> [u64; COUNTS] {
    let mut numbers = [0; COUNTS];
    for (at, number) in (1..).zip(&mut numbers) {
        *number = at;
    }
    numbers[TIER] = u64::from(ServiceTier::Priority.code());
    numbers
}

#[test]
fn counts_survive_their_numbers_in_an_order_that_never_changes() {
    let counts = TokenCounts::from_array(numbered()).unwrap();
    assert_eq!(counts.to_array(), numbered());
    let old = (
        counts.input,
        counts.cached_input,
        counts.cache_write,
        counts.input_audio,
        counts.output,
        counts.reasoning,
        counts.output_audio,
    );
    assert_eq!(old, (1, 2, 3, 4, 5, 6, 7));
    assert_eq!((counts.cached_audio, counts.cache_write_long), (8, 9));
    assert_eq!((counts.input_image, counts.output_image), (10, 11));
    assert_eq!((counts.requests, counts.tier), (12, ServiceTier::Priority));
    let units = counts.units;
    assert_eq!((units.characters, units.input_seconds), (14, 15));
    assert_eq!((units.output_seconds, units.images), (16, 17));
    let named: Vec<_> = counts.named().collect();
    assert_eq!(named[11..13], [("requests", 12), ("characters", 14)]);
    assert_eq!(named.len(), TokenCounts::NAMES.len());
    let mut unknown = numbered();
    unknown[TIER] = 9;
    assert_eq!(TokenCounts::from_array(unknown), None);
}

#[test]
fn no_part_is_larger_than_what_it_is_a_part_of() {
    let total = TokenCounts {
        input: 60,
        output: 30,
        ..TokenCounts::default()
    };
    assert!(total.is_consistent());
    for at in [1, 2, 3, 7, 8, 9] {
        check_part(&total, at, 60);
    }
    for at in [5, 6, 10] {
        check_part(&total, at, 30);
    }
    let halves = TokenCounts {
        cached_audio: 31,
        input_image: 30,
        ..total
    };
    assert!(!halves.is_consistent());
    let overflowing = TokenCounts {
        cached_input: u64::MAX,
        cache_write: 1,
        ..total
    };
    assert!(!overflowing.is_consistent());
}

/// The number at `at` may be as large as its total and no larger.
fn check_part(total: &TokenCounts, at: usize, most: u64) {
    for (number, expected) in [(most, true), (most + 1, false)] {
        let mut numbers = total.to_array();
        numbers[at] = number;
        let counts = TokenCounts::from_array(numbers).unwrap();
        assert_eq!(counts.is_consistent(), expected, "{at}: {number}");
    }
}

#[test]
fn names_lead_back_to_what_they_name() {
    for class in Class::ALL {
        assert_eq!(Class::parse(class.as_str()), Some(class));
    }
    for tier in ServiceTier::ALL {
        assert_eq!(ServiceTier::parse(tier.as_str()), Some(tier));
        assert_eq!(ServiceTier::from_code(tier.code().into()), Some(tier));
    }
    assert_eq!(
        (Class::parse(""), ServiceTier::parse("scale")),
        (None, None)
    );
}

#[test]
fn units_are_within_others_if_each_of_them_is() {
    let most = Units {
        characters: 1,
        input_seconds: 2,
        output_seconds: 3,
        images: 4,
    };
    assert!(most.are_within(&most) && Units::NONE.are_within(&most));
    for more in [
        Units {
            characters: 2,
            ..most
        },
        Units {
            input_seconds: 3,
            ..most
        },
        Units {
            output_seconds: 4,
            ..most
        },
        Units { images: 5, ..most },
    ] {
        assert!(!more.are_within(&most), "{more:?}");
        assert_eq!(more.at_most(&most), most);
    }
}
