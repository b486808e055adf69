//! Choices that look random and never are: the same request rolls the same.
//!
//! Written out here because `DefaultHasher` may change with the compiler, and
//! then every answer a client recorded would change with it.

/// Of a longer text the rest takes part by its checksum, which is ten times
/// faster to make.
const READ_BYTEWISE: usize = 64;

/// FNV-1a over the bytes of `parts`, each closed so that `ab, c` is not `a, bc`.
pub(super) fn fingerprint<'t>(parts: impl IntoIterator<Item = &'t str>) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    parts.into_iter().fold(START, |hash, part| {
        let bytes = part.as_bytes();
        let (beginning, rest) = bytes.split_at(bytes.len().min(READ_BYTEWISE));
        let mut hash = mix(hash, beginning);
        if !rest.is_empty() {
            hash = mix(hash, &crc32fast::hash(rest).to_le_bytes());
            hash = mix(hash, &rest.len().to_le_bytes());
        }
        mix(hash, &[0xff])
    })
}

fn mix(hash: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

/// A `SplitMix64` sequence.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    /// Dice for one of several answers to the same prompt.
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let state = seed ^ index.wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self { state }
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end`, exclusive; 0 when there is no such number.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        let rolled = self.roll() % u64::from(end.max(1));
        u32::try_from(rolled).expect("a remainder is below its 32-bit divisor")
    }

    /// One of `options`; `None` only when there are none.
    pub(super) fn pick<'t, T>(&mut self, options: &'t [T]) -> Option<&'t T> {
        let end = u32::try_from(options.len()).unwrap_or(u32::MAX);
        options.get(self.below(end) as usize)
    }
}
