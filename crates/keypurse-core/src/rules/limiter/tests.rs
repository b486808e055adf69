use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SECOND_MICROS: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000).plus_seconds(seconds)
}

fn after(micros: i64) -> Timestamp {
    Timestamp::from_micros(at(0).micros() + micros)
}

fn requests(limit: u32) -> Limits {
    Limits {
        requests_per_minute: NonZeroU32::new(limit),
        ..Limits::default()
    }
}

fn tokens(limit: u32) -> Limits {
    Limits {
        tokens_per_minute: NonZeroU32::new(limit),
        ..Limits::default()
    }
}

/// The limit that is exceeded and after how many seconds it is not.
fn refused(load: &mut Load, limits: &Limits, now: Timestamp) -> Option<(Limit, i64)> {
    let admitted = load.admit(limits, now);
    admitted
        .err()
        .map(|exceeded| (exceeded.limit, exceeded.retry_after_seconds()))
}

#[test]
fn a_minutes_worth_may_come_at_once_and_then_one_by_one() {
    let (mut load, limits) = (Load::default(), requests(4));
    for _ in 0..4 {
        assert_eq!(refused(&mut load, &limits, at(0)), None);
    }
    assert_eq!(
        refused(&mut load, &limits, at(0)),
        Some((Limit::Requests, 15))
    );
    assert_eq!(
        refused(&mut load, &limits, at(14)),
        Some((Limit::Requests, 1))
    );
    assert_eq!(refused(&mut load, &limits, at(15)), None);
    assert_eq!(
        refused(&mut load, &limits, at(15)),
        Some((Limit::Requests, 15))
    );
    for _ in 0..4 {
        assert_eq!(
            refused(&mut load, &limits, at(75)),
            None,
            "all is there again"
        );
    }
}

#[test]
fn what_was_used_beyond_the_limit_is_made_up_for() {
    let (mut load, limits) = (Load::default(), tokens(60));
    load.admit(&limits, at(0)).unwrap();
    load.admit(&limits, at(0)).unwrap();
    load.count_tokens(59, at(0));
    assert_eq!(
        refused(&mut load, &limits, at(0)),
        None,
        "one token is left"
    );
    load.count_tokens(121, at(0));
    assert_eq!(
        refused(&mut load, &limits, at(0)),
        Some((Limit::Tokens, 121))
    );
    assert_eq!(
        refused(&mut load, &limits, at(120)),
        Some((Limit::Tokens, 1))
    );
    assert_eq!(refused(&mut load, &limits, at(121)), None);
}

#[test]
fn a_call_that_ends_makes_room_for_another() {
    let limits = Limits {
        max_concurrency: NonZeroU32::new(2),
        ..Limits::default()
    };
    let mut load = Load::default();
    load.admit(&limits, at(0)).unwrap();
    load.admit(&limits, at(0)).unwrap();
    let crowded = Some((Limit::Concurrency, 1));
    assert_eq!(refused(&mut load, &limits, at(0)), crowded);
    assert_eq!(
        refused(&mut load, &limits, at(999)),
        crowded,
        "no time frees a place"
    );
    load.finish();
    assert_eq!(refused(&mut load, &limits, at(999)), None);
    assert_eq!(refused(&mut load, &limits, at(999)), crowded);
}

#[test]
fn a_refused_call_counts_nowhere_and_the_longest_wait_is_told() {
    let limits = Limits {
        requests_per_minute: NonZeroU32::new(2),
        tokens_per_minute: NonZeroU32::new(60),
        max_concurrency: NonZeroU32::new(1),
    };
    let mut load = Load::default();
    load.admit(&limits, at(0)).unwrap();
    for _ in 0..9 {
        let crowded = Some((Limit::Concurrency, 1));
        assert_eq!(refused(&mut load, &limits, at(0)), crowded);
    }
    load.finish();
    load.admit(&limits, at(0)).unwrap();
    assert_eq!(
        refused(&mut load, &limits, at(0)),
        Some((Limit::Requests, 30))
    );
    load.count_tokens(90, at(0));
    assert_eq!(
        refused(&mut load, &limits, at(0)),
        Some((Limit::Tokens, 31))
    );
}

#[test]
fn a_changed_limit_holds_for_the_next_call() {
    let mut load = Load::default();
    for _ in 0..10 {
        load.admit(&requests(10), at(0)).unwrap();
    }
    assert_eq!(
        refused(&mut load, &requests(10), at(0)),
        Some((Limit::Requests, 6))
    );
    assert_eq!(
        refused(&mut load, &requests(11), at(0)),
        None,
        "one more is allowed"
    );
    assert_eq!(
        refused(&mut load, &requests(1), at(0)),
        Some((Limit::Requests, 660))
    );
    assert_eq!(
        refused(&mut load, &tokens(1), at(0)),
        None,
        "the other limit is new"
    );
    assert_eq!(
        refused(&mut load, &requests(1), at(0)),
        None,
        "a limit taken away is forgotten"
    );
}

#[test]
fn a_clock_that_is_set_back_starts_anew_from_there() {
    let (mut load, limits) = (Load::default(), requests(2));
    load.admit(&limits, at(86_400)).unwrap();
    load.admit(&limits, at(86_400)).unwrap();
    assert_eq!(
        refused(&mut load, &limits, at(0)),
        Some((Limit::Requests, 30))
    );
    assert_eq!(refused(&mut load, &limits, at(30)), None);
}

#[test]
fn what_is_idle_may_be_forgotten() {
    let (mut load, limits) = (Load::default(), requests(60));
    assert!(load.is_idle(at(0)));
    load.admit(&limits, at(0)).unwrap();
    assert!(!load.is_idle(at(1)), "a call is under way");
    load.finish();
    assert!(!load.is_idle(after(SECOND_MICROS - 1)));
    assert!(load.is_idle(at(1)));
}

/// How many calls begin in the `window` from each of them on.
fn most_in(window: i64, begun: &[i64]) -> usize {
    let from = |start: &i64| {
        let inside = begun
            .iter()
            .filter(|at| (*start..start + window).contains(at));
        inside.count()
    };
    begun.iter().map(from).max().unwrap_or(0)
}

/// Instants in order, in microseconds, some together and some far apart.
fn instants() -> impl Strategy<Value = Vec<i64>> {
    let pause = prop_oneof![
        3 => Just(0_i64),
        3 => 0_i64..100_000,
        2 => 0_i64..20_000_000,
        1 => 0_i64..200_000_000,
    ];
    vec(pause, 1..300).prop_map(|pauses| {
        let mut now = 0;
        pauses
            .into_iter()
            .map(|pause| {
                now += pause;
                now
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn no_stretch_of_time_has_more_than_its_share_and_one_bucket(
        limit in 1_u32..90, instants in instants(), window in 1_i64..400_000_000,
    ) {
        let mut load = Load::default();
        let mut begun = instants;
        begun.retain(|micros| load.admit(&requests(limit), after(*micros)).is_ok());
        let share = |window: i64| i64::from(limit) + i64::from(limit) * window / 60_000_000;
        for window in [window, 60_000_000] {
            let most = i64::try_from(most_in(window, &begun)).unwrap();
            prop_assert!(most <= share(window), "{most} in {window} µs");
        }
    }

    #[test]
    fn who_keeps_to_the_pace_is_never_refused(limit in 1_u32..100_000, calls in 1_i64..300) {
        let mut load = Load::default();
        for call in 0..calls {
            let micros = (call * 60_000_000).div_euclid(i64::from(limit)) + 1;
            prop_assert_eq!(load.admit(&requests(limit), after(micros)), Ok(()));
        }
    }

    #[test]
    fn there_is_room_after_the_wait_and_not_before(
        limit in 1_u32..5_000, used in 0_u64..100_000, pause in 0_i64..60_000_000,
    ) {
        let (mut load, limits) = (Load::default(), tokens(limit));
        load.admit(&limits, after(0)).unwrap();
        load.count_tokens(used, after(0));
        if let Err(exceeded) = load.admit(&limits, after(pause)) {
            let wait = i64::try_from(exceeded.wait).unwrap();
            prop_assert!((0..SECOND_MICROS).contains(
                &(exceeded.retry_after_seconds() * SECOND_MICROS - wait)
            ));
            let mut early = load;
            prop_assert!(early.admit(&limits, after(pause + wait - 1)).is_err());
            prop_assert_eq!(load.admit(&limits, after(pause + wait)), Ok(()));
        } else {
            let run_out = u64::try_from(pause).unwrap() * u64::from(limit) / 60_000_000;
            prop_assert!(used <= u64::from(limit) + run_out);
        }
    }

    #[test]
    fn forgetting_what_is_idle_changes_nothing(
        limit in 1_u32..60, instants in instants(),
    ) {
        let (mut kept, mut forgotten) = (Load::default(), Load::default());
        for micros in instants {
            let now = after(micros);
            if forgotten.is_idle(now) {
                forgotten = Load::default();
            }
            let answer = kept.admit(&requests(limit), now);
            prop_assert_eq!(forgotten.admit(&requests(limit), now), answer);
            if answer.is_ok() {
                kept.finish();
                forgotten.finish();
            }
        }
    }
}
