//! Inputs made from other inputs.

use crate::entropy::SeededEntropy;
use crate::hostile::below;

/// No input grows beyond it.
const LONGEST: usize = 16 << 10;
/// What means something to one reader or another.
const WORDS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e999",
    b"-0",
    b"0.1",
    b"18446744073709551615",
    b"18446744073709551616",
    b"9223372036854775808",
    b"\\ud800",
    b"\\u0000",
    b"\\u006d",
    b"\\/",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xe2\x84\xaa",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\r\n\r\n",
    b"data: ",
    b"data:",
    b"event: ",
    b": ",
    b"[DONE]",
    b"--b",
    b"--b--",
    b"; name=\"",
    b"\"usage\":",
    b"\"model\":",
    b"\"index\":",
    b"\"type\":",
    b"\"content\":",
    b"kp_live_",
    b" ",
    b"\t",
];

/// Makes inputs; the same seed makes the same ones.
#[derive(Debug)]
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    dice: SeededEntropy,
}

impl Mutator {
    /// From these, of which there is at least one.
    pub fn new(seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        assert!(!seeds.is_empty(), "there is nothing to begin with");
        let dice = SeededEntropy::new(seed);
        Self { seeds, dice }
    }

    /// Another input.
    pub fn next_input(&self) -> Vec<u8> {
        let mut input = self.any_seed().to_vec();
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input.len());
        match self.below(8) {
            0 => drop(input.drain(from..to)),
            1 => input.truncate(from),
            2 => {
                let again = input[from..to].to_vec();
                input.splice(to..to, again);
            }
            3 => {
                let other = self.any_seed();
                let (start, end) = self.range(other.len());
                input.splice(from..to, other[start..end].iter().copied());
            }
            4 if from < to => input[from] ^= 1 << self.below(8),
            5 => {
                let word = WORDS[self.below(WORDS.len())];
                input.splice(from..to, word.iter().copied());
            }
            6 => {
                let word = WORDS[self.below(WORDS.len())];
                let times = 1 << self.below(8);
                input.splice(from..from, word.repeat(times));
            }
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                input.splice(from..from, word.iter().copied());
            }
        }
    }

    fn any_seed(&self) -> &[u8] {
        &self.seeds[self.below(self.seeds.len())]
    }

    /// Any place and a later one, most often a near one.
    fn range(&self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 {
            length - from
        } else {
            12
        };
        (from, (from + self.below(most + 1)).min(length))
    }

    fn below(&self, end: usize) -> usize {
        below(&self.dice, end)
    }
}
