//! Token management: `/v2`.
