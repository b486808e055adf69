//! What the gateway tells those who only look: which models there are and what
//! they cost, and how providers are doing. Said without naming the gateway, so
//! that pages and background work need not know it.

mod model;
mod provider;

pub use model::{ModelFacts, PriceSource};
pub use provider::{ProviderFacts, ProviderState};
