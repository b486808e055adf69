//! Log probabilities in the shape clients expect: made up, never above zero,
//! the alternatives in falling order.

use serde_json::{Value, json};

use crate::simulator::{
    count::pieces,
    dice::{Dice, fingerprint},
};

/// What else a model might have said; as many as a request may ask for.
const ALTERNATIVES: [&str; 20] = [
    " the", " a", " to", " of", " and", " in", " is", " it", " for", " that", " on", " with",
    " as", " this", " at", " by", " or", " be", " an", " not",
];

/// One entry for each piece of `text`, with so many alternatives.
///
/// They depend on the piece alone, so a stream carries the same numbers as the
/// whole answer.
pub(in crate::simulator) fn of(text: &str, alternatives: usize) -> Value {
    pieces(text)
        .map(|piece| entry(piece, alternatives))
        .collect()
}

fn entry(piece: &str, alternatives: usize) -> Value {
    let mut logprob = -f64::from(Dice::new(fingerprint([piece]), 0).below(300)) / 1000.0;
    let others = ALTERNATIVES.into_iter().filter(|other| *other != piece);
    let mut top = Vec::with_capacity(alternatives);
    let mut entry = token(piece, logprob);
    for said in std::iter::once(piece).chain(others).take(alternatives) {
        top.push(token(said, logprob));
        logprob -= 0.75;
    }
    entry["top_logprobs"] = top.into();
    entry
}

fn token(said: &str, logprob: f64) -> Value {
    json!({ "token": said, "logprob": logprob, "bytes": said.as_bytes() })
}
