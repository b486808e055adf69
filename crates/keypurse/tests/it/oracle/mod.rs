//! Real processes under load, judged by the oracle.

mod budget;
mod crash_loop;
mod crowd;
mod operator;
mod scene;

use std::time::Duration;

use keypurse_core::money::Money;
use keypurse_core::price::{Price, Rate, Rates};

/// Dollars per million tokens.
fn price(input: &str, output: &str) -> Price {
    let rate = |dollars| {
        let dollars = Money::parse_text(dollars).unwrap();
        Rate::per_million(dollars).unwrap()
    };
    Price::flat(Rates {
        input: rate(input),
        output: rate(output),
        ..Rates::default()
    })
}

/// What a variable asks for.
fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable);
    text.map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable}={text}"))
    })
}

/// A deadline for what has to happen.
async fn soon<T>(patience: Duration, what: &str, happens: impl Future<Output = T>) -> T {
    let happened = tokio::time::timeout(patience, happens).await;
    happened.unwrap_or_else(|_| panic!("{what}: not within {patience:?}"))
}
