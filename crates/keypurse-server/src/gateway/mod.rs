//! Calls to models: `/v3` and `/v1`.
//!
//! Every call takes one path, [`call`]: it is read strictly, bounded, permitted by its token's [`rules`], paid for
//! and only then sent. What differs by route is in [`endpoint`]; which models may
//! answer, in [`routing`]; providers are in [`upstream`]; what they answer is metered and charged in [`relay`]. A
//! provider cannot be called without a [`call::fund::Funded`].
//!
//! What happens when it fails: no hold on disk, no call (503); no charge on
//! disk, no complete answer. Nothing here decides about money: prices and the
//! ledger do, in core.

mod config;
mod error;
mod error_body;
mod routes;
mod state;

mod cache;
mod call;
mod endpoint;
mod relay;
mod routing;
mod rules;
mod upstream;

mod models;
mod sandbox;

pub use config::{
    Dialect, GatewayConfig, GatewayConfigError, HttpUpstream, ModelPrice, OutputLimitField,
    ProviderConfig, ProviderKey, ProviderKind, StreamHold, Timeouts,
};
pub use routes::routes;
pub use routing::alias::AliasError;
pub use state::{Gateway, ProviderState};
