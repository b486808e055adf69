//! What may be tried again: only calls that delivered nothing, and only when
//! trying again can help.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use keypurse_core::entropy::Entropy;

use super::candidates::Candidate;
use crate::gateway::call::fund::Funded;
use crate::gateway::error::GatewayError;
use crate::gateway::upstream::dispatch::UpstreamFault;
use crate::state::AppState;

/// A provider that wants more time than this is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Where a provider names no time: a random one between these.
const SHORTEST_REST: Duration = Duration::from_millis(50);
const REST_SPREAD: u64 = 100;

/// Readies a call whose attempt failed for another one: at the same provider,
/// once, or with money held anew at the next. `false`: there is none.
pub(in crate::gateway) async fn next_attempt(
    state: &AppState,
    funded: &mut Funded,
    others: &mut VecDeque<Candidate>,
    failure: &GatewayError,
) -> bool {
    let Some(failed) = Failed::of(failure, &*state.entropy) else {
        return false;
    };
    let health = &funded.route.provider.health;
    if failed.is_providers {
        health.failed(state.now());
    }
    funded.attempts.note(&funded.route, failed);
    if let Some(rest) = failed.again_in
        && !funded.attempts.is_retried
        && health.take_retry()
    {
        state.gateway.meters.retried(&funded.route.provider.name);
        tokio::time::sleep(rest).await;
        funded.attempts.begin(true);
        return true;
    }
    let failed_at = Arc::clone(&funded.route.provider.name);
    while let Some(candidate) = others.pop_front() {
        // What the money does not reach is left out.
        if funded.turn_to(state, candidate).await.is_ok() {
            state.gateway.meters.turned_away(&failed_at);
            funded.attempts.begin(false);
            return true;
        }
    }
    false
}

/// Why an attempt failed that another may make up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Failed {
    /// As the client would see it.
    pub(in crate::gateway) status: u16,
    /// When the same provider is worth another try, if soon.
    pub(in crate::gateway) again_in: Option<Duration>,
    /// Whether it says something about how the provider does.
    pub(in crate::gateway) is_providers: bool,
}

impl Failed {
    /// `None`: nobody else would answer that call.
    pub(in crate::gateway) fn of(failure: &GatewayError, entropy: &dyn Entropy) -> Option<Self> {
        match failure {
            GatewayError::Upstream(failure) => Some(Self {
                status: match failure.fault {
                    UpstreamFault::Timeout => 504,
                    _ => 502,
                },
                // Only what surely never arrived: else it may run twice.
                again_in: (failure.fault == UpstreamFault::Unreachable).then_some(Duration::ZERO),
                is_providers: true,
            }),
            GatewayError::PassedOn(passed) => {
                let status = passed.status.as_u16();
                if !matches!(status, 408 | 409 | 429 | 500..=599) {
                    return None;
                }
                let wants_time = matches!(status, 429 | 503);
                let again_in = wants_time.then(|| wait(&passed.headers, entropy)).flatten();
                Some(Self {
                    status,
                    again_in,
                    is_providers: !matches!(status, 408 | 409),
                })
            }
            GatewayError::ProviderBusy { .. } => Some(Self {
                status: 503,
                again_in: None,
                is_providers: false,
            }),
            _ => None,
        }
    }
}

/// How long a provider asks to be left alone, if that is short.
fn wait(headers: &HeaderMap, entropy: &dyn Entropy) -> Option<Duration> {
    let stated = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let millis = stated("retry-after-ms").and_then(|text| text.parse().ok());
    let asked = match (millis, stated(RETRY_AFTER.as_str())) {
        (Some(millis), _) => Duration::from_millis(millis),
        // A date is not near.
        (None, Some(seconds)) => Duration::from_secs(seconds.trim().parse().ok()?),
        (None, None) => rest(entropy),
    };
    Some(asked).filter(|asked| *asked <= LONGEST_WAIT)
}

/// Random, so that those who failed together do not come back together.
fn rest(entropy: &dyn Entropy) -> Duration {
    let mut random = [0; 8];
    entropy.fill(&mut random);
    SHORTEST_REST + Duration::from_millis(u64::from_le_bytes(random) % REST_SPREAD)
}

#[cfg(test)]
mod tests {
    use super::{Failed, SHORTEST_REST};
    use crate::gateway::error::{GatewayError, PassedOn};
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    use keypurse_core::entropy::Entropy;
    use std::time::Duration;

    #[derive(Debug)]
    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    fn failed(status: u16, header: Option<(&'static str, &'static str)>) -> Option<Failed> {
        let header = header.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let passed = PassedOn {
            status: StatusCode::from_u16(status).unwrap(),
            headers: header.into_iter().collect::<HeaderMap>(),
            body: bytes::Bytes::new(),
        };
        Failed::of(&GatewayError::PassedOn(Box::new(passed)), &Zeros)
    }

    #[test]
    fn a_provider_is_waited_for_when_it_asks_for_little() {
        for (status, header, expected) in [
            (429, Some(("retry-after", "0")), Some(Duration::ZERO)),
            (
                503,
                Some(("retry-after", "2")),
                Some(Duration::from_secs(2)),
            ),
            (429, Some(("retry-after", "3")), None),
            (
                429,
                Some(("retry-after", "Sun, 22 Nov 2026 07:00:00 GMT")),
                None,
            ),
            (
                429,
                Some(("retry-after-ms", "20")),
                Some(Duration::from_millis(20)),
            ),
            (429, None, Some(SHORTEST_REST)),
            (500, None, None),
        ] {
            let failed = failed(status, header).unwrap();
            assert_eq!(failed.again_in, expected, "{status} {header:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_request_is_not_tried_elsewhere() {
        for status in [400, 404, 413, 422] {
            assert_eq!(failed(status, None), None);
        }
        for status in [408, 409, 429, 500, 502, 503, 529] {
            assert!(failed(status, None).is_some(), "{status}");
        }
    }
}
