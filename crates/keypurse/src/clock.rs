//! The node's time: what the wall clock said, carried on by a clock that
//! nobody sets.
//!
//! A wall clock that is set jumps, both ways. Jumps are followed late and only
//! as far as they can be true: never back behind time that has passed while we
//! ran, or that an earlier run had seen (its *floor*, kept in a file).

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keypurse_core::time::{Clock, Timestamp};

const SECOND: i64 = 1_000_000;
/// Less than this is drift, which is followed gently.
const STEP: i64 = 60 * SECOND;
/// How far a wall clock may be behind the floor: it is written seldom.
const SLACK: i64 = 5 * SECOND;
/// Most that drift changes our time at once.
const SLEW: i64 = SECOND / 10;
/// Readings that have to agree before a jump is followed.
const READINGS: u32 = 3;
/// How long both clocks have to agree before a jump is taken for proven.
const PROVEN_AFTER: i64 = 3600 * SECOND;
/// A stop longer than this proves nothing: the clock may be wrong.
const LONGEST_STOP: i64 = 31 * 24 * 3600 * SECOND;

/// Where readings come from, in microseconds.
pub(crate) trait TimeSource: Debug + Send + Sync {
    /// What the wall clock says, since 1970.
    fn wall(&self) -> i64;
    /// Time that has passed since whenever; suspended time counts.
    fn elapsed(&self) -> i64;
}

/// The time of a node. Somebody has to call [`NodeClock::observe`] every
/// second.
#[derive(Debug)]
pub(crate) struct NodeClock<S> {
    source: S,
    state: Mutex<State>,
}

/// All as differences to `elapsed`, which keeps them still while time passes.
#[derive(Debug)]
struct State {
    ours: i64,
    /// What has passed for certain: our time never goes back behind it.
    proven: i64,
    /// The latest instant anybody was told, which the next is not before.
    told: i64,
    step: Option<Step>,
    agreed_since: i64,
    place: Place,
}

#[derive(Debug)]
struct Step {
    wall: i64,
    readings: u32,
}

/// A jump of the wall clock, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Jump {
    /// Our time before.
    pub(crate) ours: Timestamp,
    /// What the wall clock says.
    pub(crate) wall: Timestamp,
    /// Whether our time is the wall clock's now.
    pub(crate) is_followed: bool,
}

/// Where the wall clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Plausible,
    /// Behind the floor since the start: what time it is, nobody knows.
    BehindFloor,
    /// Behind time that passed while we ran: ours is right.
    BehindUs,
}

impl<S: TimeSource> NodeClock<S> {
    /// Starts where the wall clock is, but not behind `floor`, which an earlier
    /// run had seen pass.
    pub(crate) fn start(source: S, floor: Option<Timestamp>) -> Self {
        let elapsed = source.elapsed();
        let wall = source.wall() - elapsed;
        let floor = floor.map_or(wall, |floor| floor.micros() - elapsed);
        let place = if wall < floor - SLACK {
            tracing::error!(
                wall = %at(wall + elapsed), floor = %at(floor + elapsed),
                "the clock is behind what it was: keys with an expiry are refused until it is set"
            );
            Place::BehindFloor
        } else {
            Place::Plausible
        };
        let ours = wall.max(floor);
        let is_long = wall - floor > LONGEST_STOP;
        let state = State {
            ours,
            proven: if is_long { floor } else { ours },
            told: ours + elapsed,
            step: None,
            agreed_since: elapsed,
            place,
        };
        Self {
            source,
            state: Mutex::new(state),
        }
    }

    /// Compares the clocks; a jump that was decided upon is told once.
    pub(crate) fn observe(&self) -> Option<Jump> {
        let elapsed = self.source.elapsed();
        let wall = self.source.wall() - elapsed;
        self.state().observe(wall, elapsed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn observe(&mut self, wall: i64, elapsed: i64) -> Option<Jump> {
        let jump = |ours: i64, is_followed| Jump {
            ours: at(ours + elapsed),
            wall: at(wall + elapsed),
            is_followed,
        };
        if self.place == Place::BehindFloor {
            if wall < self.proven - SLACK {
                return None;
            }
            tracing::warn!("the clock is right again: all keys are served");
            let jumped = jump(self.ours, true);
            self.ours = wall.max(self.proven);
            self.agreed_since = elapsed;
            self.place = Place::Plausible;
            return Some(jumped);
        }
        if wall < self.proven - STEP {
            let jumped = (self.place == Place::Plausible).then(|| jump(self.ours, false));
            if let Some(Jump { wall, ours, .. }) = jumped {
                tracing::warn!(%wall, %ours, "the clock was set back; it is not followed");
            }
            self.place = Place::BehindUs;
            self.step = None;
            self.agreed_since = elapsed;
            self.ours = self.proven;
            self.told = self.told.min(self.ours + elapsed);
            return jumped;
        }
        self.place = Place::Plausible;
        let drift = wall - self.ours;
        if drift.abs() > STEP {
            self.agreed_since = elapsed;
            let jumped = jump(self.ours, true);
            return self.stepped(wall, elapsed).then_some(jumped);
        }
        self.step = None;
        self.ours += (drift / 10).clamp(-SLEW, SLEW);
        if elapsed - self.agreed_since >= PROVEN_AFTER {
            self.proven = self.ours;
        }
        None
    }

    /// A reading that differs; whether it is followed now.
    fn stepped(&mut self, wall: i64, elapsed: i64) -> bool {
        let readings = match &self.step {
            Some(step) if (step.wall - wall).abs() <= SECOND => step.readings + 1,
            _ => {
                let (wall, ours) = (at(wall + elapsed), at(self.ours + elapsed));
                tracing::warn!(%wall, %ours, "the clock jumped");
                1
            }
        };
        self.step = Some(Step { wall, readings });
        if readings < READINGS {
            return false;
        }
        tracing::warn!(now = %at(wall + elapsed), "the clock's jump is followed");
        self.step = None;
        self.ours = wall.max(self.proven);
        // Taking back a jump is the one time ours goes back.
        self.told = self.told.min(self.ours + elapsed);
        true
    }
}

impl<S: TimeSource> Clock for NodeClock<S> {
    fn now(&self) -> Timestamp {
        let mut state = self.state();
        state.told = state.told.max(state.ours + self.source.elapsed());
        at(state.told)
    }

    /// What the next start has to have behind it.
    fn proven(&self) -> Timestamp {
        at(self.state().proven + self.source.elapsed())
    }

    fn is_behind(&self) -> bool {
        self.state().place == Place::BehindFloor
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::{NodeClock, SECOND, TimeSource};
    use keypurse_core::time::{Clock, Timestamp};
    use std::sync::Mutex;

    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    const TEN_YEARS: i64 = 3652 * DAY;
    /// 2026-11-22, in seconds.
    const START: i64 = 1_795_305_600;

    #[derive(Debug, Default)]
    struct Script {
        /// Wall clock and elapsed time, in microseconds.
        readings: Mutex<(i64, i64)>,
    }

    impl TimeSource for &Script {
        fn wall(&self) -> i64 {
            self.readings.lock().unwrap().0
        }
        fn elapsed(&self) -> i64 {
            self.readings.lock().unwrap().1
        }
    }

    impl Script {
        fn new() -> Self {
            let readings = Mutex::new((START * SECOND, 77 * SECOND));
            Self { readings }
        }

        fn set_wall(&self, seconds_from_start: i64) {
            self.readings.lock().unwrap().0 = (START + seconds_from_start) * SECOND;
        }

        fn jump(&self, seconds: i64) {
            self.readings.lock().unwrap().0 += seconds * SECOND;
        }
    }

    /// Seconds pass, each observed.
    fn pass(script: &Script, clock: &NodeClock<&Script>, seconds: i64) {
        for _ in 0..seconds {
            let mut readings = script.readings.lock().unwrap();
            *readings = (readings.0 + SECOND, readings.1 + SECOND);
            drop(readings);
            clock.observe();
        }
    }

    /// Our time, in seconds after the start.
    fn now(clock: &NodeClock<&Script>) -> i64 {
        clock.now().seconds() - START
    }

    fn floor(seconds_from_start: i64) -> Timestamp {
        Timestamp::from_micros((START + seconds_from_start) * SECOND)
    }

    #[test]
    fn a_clock_that_is_set_back_is_not_followed() {
        for back in [-61, -HOUR, -DAY, -TEN_YEARS] {
            let script = Script::new();
            let clock = NodeClock::start(&script, None);
            pass(&script, &clock, 100);
            script.jump(back);
            pass(&script, &clock, 500);
            assert_eq!(now(&clock), 600, "set back by {back} s");
            assert!(!clock.is_behind(), "ours is right");
            script.jump(-back);
            pass(&script, &clock, 10);
            assert_eq!(now(&clock), 610);
        }
    }

    #[test]
    fn a_jump_forward_is_followed_after_three_readings_and_taken_back() {
        for jump in [61, DAY, TEN_YEARS] {
            let script = Script::new();
            let clock = NodeClock::start(&script, None);
            pass(&script, &clock, 10);
            script.jump(jump);
            pass(&script, &clock, 2);
            assert_eq!(now(&clock), 12, "two readings prove nothing");
            pass(&script, &clock, 1);
            assert_eq!(now(&clock), 13 + jump);
            script.jump(-jump);
            pass(&script, &clock, 3);
            assert_eq!(now(&clock), 16, "a jump of {jump} s is taken back");
            assert_eq!(clock.proven().seconds() - START, 16);
        }
    }

    #[test]
    fn readings_that_do_not_agree_are_not_followed() {
        let script = Script::new();
        let clock = NodeClock::start(&script, None);
        for jump in 1..=20 {
            script.jump(jump * DAY);
            pass(&script, &clock, 1);
            assert_eq!(now(&clock), jump);
        }
    }

    #[test]
    fn drift_is_followed_gently_and_time_never_goes_back() {
        for drift in [-50, -1, 1, 50] {
            let script = Script::new();
            let clock = NodeClock::start(&script, None);
            script.jump(drift);
            let mut last = clock.now();
            for _ in 0..900 {
                pass(&script, &clock, 1);
                assert!(clock.now() >= last);
                last = clock.now();
            }
            assert!(
                (now(&clock) - 900 - drift).abs() <= 1,
                "{drift}: {}",
                now(&clock)
            );
        }
    }

    #[test]
    fn a_start_behind_the_floor_knows_no_time_until_the_clock_is_set() {
        let script = Script::new();
        let clock = NodeClock::start(&script, Some(floor(DAY)));
        assert!(clock.is_behind());
        assert!(now(&clock) >= DAY, "our time goes on from the floor");
        pass(&script, &clock, 10);
        assert!(clock.is_behind());
        script.set_wall(DAY + 20);
        pass(&script, &clock, 1);
        assert!(!clock.is_behind());
        assert_eq!(now(&clock), DAY + 21);
    }

    #[test]
    fn a_floor_a_little_ahead_is_kept_and_one_behind_is_passed() {
        let script = Script::new();
        let ahead = NodeClock::start(&script, Some(floor(5)));
        assert!(!ahead.is_behind());
        assert_eq!(now(&ahead), 5);
        let passed = NodeClock::start(&script, Some(floor(-DAY)));
        assert_eq!((passed.is_behind(), now(&passed)), (false, 0));
    }

    #[test]
    fn a_wrong_clock_at_start_leaves_no_floor_that_locks_the_next_start_out() {
        let script = Script::new();
        script.set_wall(TEN_YEARS);
        let wrong = NodeClock::start(&script, Some(floor(-10)));
        pass(&script, &wrong, 600);
        assert_eq!(now(&wrong), TEN_YEARS + 600);
        let left = wrong.proven();
        script.set_wall(620);
        assert!(!NodeClock::start(&script, Some(left)).is_behind());
    }

    #[test]
    fn what_both_clocks_agree_on_for_an_hour_is_proven() {
        let script = Script::new();
        let clock = NodeClock::start(&script, None);
        script.jump(DAY);
        pass(&script, &clock, HOUR);
        assert_eq!(clock.proven().seconds() - START, HOUR);
        pass(&script, &clock, 10);
        assert_eq!(clock.proven().seconds() - START, DAY + HOUR + 10);
    }
}
