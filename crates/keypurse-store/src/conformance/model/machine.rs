//! Runs reference and store side by side, and shrinks what differs.

use std::fmt::Debug;
use std::marker::PhantomData;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::backend::Backend;
use super::books::Reference;
use super::driver::Driver;
use super::generate::{any_operation, is_possible};
use super::operation::{Answer, Operation};
use crate::conformance::fixtures::NOW;

/// Short cases of an ordinary run.
const CASES: u32 = 500;
/// The cases of every ordinary run, so that it gives the same result.
const SEED: u64 = 0x6b65_7970_7572_7365;
/// Long enough to shrink well, within what a test may take.
const SHRINK_MS: u32 = 60_000;

/// How long histories are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Up to 60 operations: many of them, and soon shrunk.
    Short,
    /// Hundreds, a fiftieth as many: what a store does only now and then, such
    /// as trimming what it no longer needs, happens in them.
    Long,
}

/// The reference and what it answered last.
#[derive(Clone, Debug)]
struct Expected {
    model: Reference,
    answers: Vec<Answer>,
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Expected;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Expected> {
        let model = Reference {
            now: NOW.micros(),
            ..Reference::default()
        };
        Just(Expected {
            model,
            answers: Vec::new(),
        })
        .boxed()
    }

    fn transitions(state: &Expected) -> BoxedStrategy<Operation> {
        any_operation(&state.model)
    }

    fn preconditions(state: &Expected, operation: &Operation) -> bool {
        is_possible(&state.model, operation)
    }

    fn apply(mut state: Expected, operation: &Operation) -> Expected {
        state.answers = state.model.apply(operation);
        state
    }
}

struct Side<B>(PhantomData<B>);

impl<B: Backend> StateMachineTest for Side<B> {
    type SystemUnderTest = Driver<B>;
    type Reference = Machine;

    fn init_test(expected: &Expected) -> Driver<B> {
        let driver = Driver::new();
        driver.clock.set(expected.model.now);
        driver
    }

    fn apply(driver: Driver<B>, expected: &Expected, operation: Operation) -> Driver<B> {
        let (driver, answers) = driver.perform(&operation, &expected.model);
        assert_eq!(answers, expected.answers, "{operation:?}");
        if !operation.is_about_a_call() {
            driver.finds_what_is_in(&expected.model);
        }
        if operation.is_a_start() {
            driver.knows_the_last_call(&expected.model);
        }
        driver
    }

    fn check_invariants(driver: &Driver<B>, expected: &Expected) {
        driver.has_the_money_of(&expected.model);
    }

    /// Every sequence ends with proven books, once more after a crash.
    fn teardown(driver: Driver<B>, mut expected: Expected) {
        driver.audit(&expected.model);
        expected = Machine::apply(expected, &Operation::Crash);
        let driver = <Self as StateMachineTest>::apply(driver, &expected, Operation::Crash);
        driver.has_the_money_of(&expected.model);
        driver.audit(&expected.model);
    }
}

/// Runs a backend's store beside the reference. Fails with the shortest
/// sequence after which the store is not as the reference says.
///
/// The cases are the same in every ordinary run. `PROPTEST_CASES` asks for
/// another number of new ones, and `PROPTEST_RNG_SEED` for those again.
pub fn run<B: Backend>(length: Length) -> Result<(), String> {
    let config = config(length);
    let operations = match length {
        Length::Short => 1..60,
        Length::Long => 200..400,
    };
    let sequences = Machine::sequential_strategy(operations);
    let outcome = TestRunner::new(config.clone()).run(&sequences, |(start, operations, seen)| {
        Side::<B>::test_sequential(config.clone(), start, operations, seen);
        Ok(())
    });
    outcome.map_err(|failure| failure.to_string())
}

fn config(length: Length) -> Config {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_time: SHRINK_MS,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    if length == Length::Long {
        config.cases = config.cases.div_ceil(50);
    }
    config
}
