//! Many more cases of the model test than a change waits for, and new ones on
//! every run.

use std::hash::{BuildHasher, RandomState};

use anyhow::Result;

use super::Suite;
use crate::{process, workspace};

pub(super) const SLOW: Suite = Suite {
    name: "model-slow",
    run,
};

const CASES: &str = "10000";

fn run() -> Result<()> {
    let random = || RandomState::new().hash_one(CASES).to_string();
    let seed = std::env::var("PROPTEST_RNG_SEED").unwrap_or_else(|_| random());
    println!("model: {CASES} cases; PROPTEST_RNG_SEED={seed} runs the same ones");
    let mut test = workspace::cargo();
    test.args(["test", "--package", "keypurse-store-sqlite"]);
    test.args(["--test", "model"]);
    test.env("PROPTEST_CASES", CASES);
    test.env("PROPTEST_RNG_SEED", seed);
    process::run(&mut test)
}
