//! A call's place among those of its token.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keypurse_core::id::TokenId;
use keypurse_core::rules::Limits;

use super::refused::Refused;
use crate::state::{AppState, State};

/// Proof that a token's rules permit a call. While it is there, the call is
/// under way.
#[derive(Debug)]
pub(in crate::gateway) struct Permit {
    /// `None`: nothing is limited, so nothing is counted.
    place: Option<Place>,
}

struct Place {
    state: AppState,
    token: TokenId,
    is_over: AtomicBool,
}

impl Permit {
    /// Of whom nothing is limited.
    pub(super) fn unlimited() -> Self {
        Self { place: None }
    }

    pub(super) fn take(state: &AppState, token: TokenId, limits: Limits) -> Result<Self, Refused> {
        if limits.is_empty() {
            return Ok(Self::unlimited());
        }
        let begun = state.gateway.loads.begin(token, &limits, &*state.clock);
        begun.map_err(Refused::TooMuch)?;
        let place = Place {
            state: Arc::clone(state),
            token,
            is_over: AtomicBool::new(false),
        };
        Ok(Self { place: Some(place) })
    }

    /// The call is over and has used so many input and output tokens. To be
    /// said before its client learns that it is: the client may call again at
    /// once. Only the first time counts; a call that never says it has used
    /// nothing.
    pub(in crate::gateway) fn end(&self, used: u64) {
        if let Some(place) = &self.place {
            place.end(used);
        }
    }
}

impl Place {
    fn end(&self, used: u64) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            let State { gateway, clock, .. } = &*self.state;
            gateway.loads.end(self.token, used, &**clock);
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({:?})", self.token)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.end(0);
    }
}
