//! A vector of length 1, near to those of texts with the same words.
//!
//! Each word adds to a few places that its hash picks (feature hashing), so
//! texts that share words point in like directions. A little of each vector
//! depends on the text as a whole: two texts never have the same.

use super::input::Input;
use crate::simulator::dice::Dice;

/// How many places a word adds to.
const PLACES: usize = 6;
/// What a word adds to each, beside the -50 to 50 that the text as a whole adds
/// everywhere: little enough that texts of the same words stay close.
const WEIGHT: i32 = 2_000;
/// A word that is said more often than this counts no more.
const MOST: i32 = 1_000_000_000;

pub(super) fn of(input: &Input<'_>, dimensions: usize) -> Vec<f32> {
    let mut sums = vec![0_i32; dimensions];
    for word in input.words() {
        add(&mut sums, word);
    }
    let mut dice = Dice::new(input.fingerprint(), 0);
    for sum in &mut sums {
        *sum += i32::try_from(dice.below(101)).expect("a hundred fits") - 50;
    }
    unit(&sums)
}

fn add(sums: &mut [i32], word: u64) {
    let mut dice = Dice::new(word, 0);
    let places = u64::try_from(sums.len()).expect("a few thousand");
    for _ in 0..PLACES {
        let rolled = dice.roll();
        // The upper half of the product is below `places`, without a division.
        let place = ((rolled >> 32) * places) >> 32;
        let place = usize::try_from(place).expect("below the number of places");
        let weight = if rolled & 1 == 0 { WEIGHT } else { -WEIGHT };
        let sum = &mut sums[place];
        *sum = (*sum + weight).clamp(-MOST, MOST);
    }
}

/// `sums`, scaled to length 1.
fn unit(sums: &[i32]) -> Vec<f32> {
    let squares: f64 = sums.iter().map(|sum| f64::from(*sum).powi(2)).sum();
    let length = squares.sqrt();
    if length == 0.0 {
        let mut vector = vec![0.0; sums.len()];
        vector[0] = 1.0;
        return vector;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "embeddings are 32-bit floats, and the quotient is at most 1"
    )]
    let scale = |sum: &i32| (f64::from(*sum) / length) as f32;
    sums.iter().map(scale).collect()
}
