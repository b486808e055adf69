//! A small picture made of a prompt's hash: the left half mirrored on the
//! right, in four colours.

use super::png;
use crate::simulator::dice::{Dice, fingerprint};

/// The longer side, in pixels.
const LONGEST: u32 = 64;
/// Fields in each direction.
const FIELDS: u32 = 8;

/// The picture `index` for `prompt`, as a PNG.
pub(super) fn png(prompt: &str, index: u64, asked: (u32, u32)) -> Vec<u8> {
    let mut dice = Dice::new(fingerprint([prompt]), index);
    let palette = [(); 4].map(|()| {
        let [red, green, blue, ..] = dice.roll().to_le_bytes();
        [red, green, blue]
    });
    let pattern = dice.roll();
    let (width, height) = shrunk(asked);
    let pixel = |x: u32, y: u32| {
        let column = x * FIELDS / width;
        let column = column.min(FIELDS - 1 - column);
        let field = y * FIELDS / height * (FIELDS / 2) + column;
        // Two bits for each of 32 fields.
        pattern.rotate_right(2 * field).to_le_bytes()[0] & 3
    };
    png::write((width, height), palette, pixel)
}

/// As `64x43`: what the picture really has.
pub(super) fn true_size(asked: (u32, u32)) -> String {
    let (width, height) = shrunk(asked);
    format!("{width}x{height}")
}

fn shrunk((width, height): (u32, u32)) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= LONGEST {
        return (width, height);
    }
    let shrink = |side: u32| (side * LONGEST / longest).max(1);
    (shrink(width), shrink(height))
}
