//! Calls to models: `/v3` and `/v1`.
//!
//! A call is read strictly, bounded, paid for and only then sent:
//! [`chat`] → [`request`] → [`resolve`] → [`bound`] → [`rules`] → [`fund`]
//! → [`dispatch`] → [`relay_json`] or [`relay_stream`] → [`settle`]. A provider cannot be
//! called without a [`fund::Funded`].
//!
//! What happens when it fails: no hold on disk, no call (503); no charge on
//! disk, no complete answer. Nothing here decides about money: prices and the
//! ledger do, in core.

mod config;
mod error;
mod error_body;
mod routes;

mod chat;
mod parts;
mod read_body;
mod request;
mod splice;
mod tier;
mod unpriced;

mod admit;
mod bound;
mod count;
mod fund;
mod once;
mod open_hold;
mod resolve;
mod rules;

mod cost;
mod demo;
mod dispatch;
mod fetch;
mod provider;
mod upstream_client;

mod meter;
mod relay_json;
mod relay_stream;
mod settle;
mod stream_source;

mod models;
mod sandbox;

pub use config::{
    GatewayConfig, ModelPrice, OpenAiUpstream, OutputLimitField, ProviderConfig, ProviderKey,
    ProviderKind, StreamHold, Timeouts,
};
pub use provider::{Gateway, GatewayConfigError};
pub use routes::routes;
