//! Readers of what strangers write, with inputs nobody would write.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use keypurse_testkit::fuzz::{Mutator, TARGETS, Target};

/// Inputs for each target in an ordinary run.
const INPUTS: u64 = 2_000;

fn seeds(target: Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target.name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn check(target: Target, input: &[u8]) {
    let check = target.check;
    let shown = || String::from_utf8_lossy(input).into_owned();
    assert!(
        catch_unwind(|| check(input)).is_ok(),
        "{}: {:?}\n{input:?}",
        target.name,
        shown()
    );
}

#[test]
fn h12_seeds_and_inputs_that_once_broke_something_break_nothing() {
    for target in TARGETS {
        let seeds = seeds(*target);
        assert!(!seeds.is_empty());
        for seed in seeds {
            check(*target, &seed);
        }
    }
}

/// `KEYPURSE_FUZZ_SECONDS` says how long each target is tried, else a fixed
/// number of inputs is; `KEYPURSE_FUZZ_SEED` makes other inputs.
#[test]
fn h12_no_input_breaks_a_reader() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seconds = number("KEYPURSE_FUZZ_SECONDS").map(Duration::from_secs);
    let seed = number("KEYPURSE_FUZZ_SEED").unwrap_or(1);
    let mut tried = 0;
    for target in TARGETS {
        let mutator = Mutator::new(seeds(*target), seed);
        let started = Instant::now();
        let mut inputs = 0;
        while seconds.map_or(inputs < INPUTS, |limit| started.elapsed() < limit) {
            check(*target, &mutator.next_input());
            inputs += 1;
        }
        println!("{} {inputs} inputs", target.name);
        tried += inputs;
    }
    println!("{tried} inputs broke nothing");
}
