//! A provider.

use keypurse_core::time::Timestamp;

/// How a provider did lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderState {
    /// It answers, or nobody has called it yet.
    Well,
    /// It failed so many times in a row.
    Failing {
        /// How often.
        failures: u32,
    },
    /// It failed so often that it is asked after others.
    Paused {
        /// How often.
        failures: u32,
        /// Then one call tries it again.
        until: Timestamp,
    },
}

/// What is known of a configured provider. A restart forgets all but the name.
#[derive(Clone, Debug)]
pub struct ProviderFacts {
    /// What stands before the slash in its models' names.
    pub name: String,
    /// How it did lately.
    pub state: ProviderState,
    /// Average time to the first byte, in microseconds; `None`: not known.
    pub latency_us: Option<u64>,
    /// Average output tokens per 1000 seconds; `None`: not known.
    pub speed: Option<u64>,
}
