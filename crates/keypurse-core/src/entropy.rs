//! Randomness that is handed in.

use std::fmt;

/// A source of unpredictable bytes. The real one lives in the binary; tests
/// bring a seeded one.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

#[cfg(test)]
pub(crate) mod fixed {
    use super::Entropy;

    /// Always the same bytes: enough where only the shape matters.
    #[derive(Debug)]
    pub(crate) struct FixedEntropy;

    impl Entropy for FixedEntropy {
        fn fill(&self, buffer: &mut [u8]) {
            for (index, byte) in buffer.iter_mut().enumerate() {
                *byte = u8::try_from(index % 251).expect("below 256");
            }
        }
    }
}
