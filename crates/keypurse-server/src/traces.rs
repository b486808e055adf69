//! Spans of a call: itself, its hold, its attempts, its settlement.
//!
//! They cost next to nothing while nobody exports them: they are of a level and
//! a target that no log asks for by itself. No span holds a prompt, an answer
//! or a secret.

use http::HeaderMap;
use keypurse_core::id::CallId;
use keypurse_core::money::Money;
use keypurse_core::usage::TokenCounts;
use tracing::field::{Empty, display};
use tracing::{Span, trace_span};

/// The target of all spans here.
pub const TARGET: &str = "keypurse_trace";

/// A call of an endpoint. Names of attributes are OpenTelemetry's where it has
/// any: semantic conventions for generative AI and HTTP.
pub(crate) fn call(id: Option<&CallId>, endpoint: &'static str) -> Span {
    trace_span!(
        target: TARGET,
        "call",
        otel.name = endpoint,
        otel.kind = "server",
        request_id = id.map(display),
        gen_ai.provider.name = Empty,
        gen_ai.request.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        keypurse.cost_dollars = Empty,
        http.response.status_code = Empty,
    )
}

/// Setting money aside.
pub(crate) fn hold() -> Span {
    trace_span!(target: TARGET, "hold")
}

/// Asking a provider, to the first byte of its answer.
pub(crate) fn dispatch(provider: &str, model: &str) -> Span {
    trace_span!(
        target: TARGET,
        "dispatch",
        otel.kind = "client",
        gen_ai.provider.name = provider,
        gen_ai.request.model = model,
    )
}

/// Charging.
pub(crate) fn settle() -> Span {
    trace_span!(target: TARGET, "settle")
}

/// Tells the call under way what it came to.
pub(crate) fn ended(
    (provider, model): (&str, &str),
    used: Option<(&TokenCounts, Money)>,
    status: u16,
) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    span.record("gen_ai.provider.name", provider);
    span.record("gen_ai.request.model", model);
    span.record("http.response.status_code", status);
    if let Some((counts, cost)) = used {
        span.record("gen_ai.usage.input_tokens", counts.input);
        span.record("gen_ai.usage.output_tokens", counts.output);
        span.record("keypurse.cost_dollars", display(cost));
    }
}

/// Makes a call part of the trace its client names (W3C Trace Context).
pub(crate) fn follow(span: &Span, headers: &HeaderMap) {
    #[cfg(feature = "otel")]
    context::follow(span, headers);
    #[cfg(not(feature = "otel"))]
    let _ = (span, headers);
}

/// Names the span under way to a provider (W3C Trace Context).
pub(crate) fn name_to(headers: &mut HeaderMap) {
    #[cfg(feature = "otel")]
    context::name_to(headers);
    #[cfg(not(feature = "otel"))]
    let _ = headers;
}

/// `traceparent: 00-<trace>-<span>-<flags>`, version 00 of the W3C's Trace
/// Context.
#[cfg(feature = "otel")]
mod context {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use opentelemetry::Context;
    use opentelemetry::trace::{
        SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState,
    };
    use tracing::Span;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

    pub(super) fn follow(span: &Span, headers: &HeaderMap) {
        let text = headers
            .get(TRACEPARENT)
            .and_then(|value| value.to_str().ok());
        if let Some(parent) = text.and_then(read) {
            let parent = Context::new().with_remote_span_context(parent);
            // A span nobody exports has no parent to be given.
            let _ = span.set_parent(parent);
        }
    }

    pub(super) fn name_to(headers: &mut HeaderMap) {
        let context = Span::current().context();
        let span = context.span().span_context().clone();
        if !span.is_valid() {
            return;
        }
        let flags = span.trace_flags().to_u8();
        let text = format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id());
        let value = HeaderValue::try_from(text).expect("hexadecimal and dashes");
        headers.insert(TRACEPARENT, value);
    }

    fn read(text: &str) -> Option<SpanContext> {
        let parts: Vec<&str> = text.split('-').collect();
        let [version, trace, span, flags] = parts[..] else {
            return None;
        };
        let is_hex = |text: &str, length: usize| {
            let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            text.len() == length && text.bytes().all(digits)
        };
        if version != "00" || !is_hex(trace, 32) || !is_hex(span, 16) || !is_hex(flags, 2) {
            return None;
        }
        let context = SpanContext::new(
            TraceId::from_hex(trace).ok()?,
            SpanId::from_hex(span).ok()?,
            TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
            true,
            TraceState::default(),
        );
        context.is_valid().then_some(context)
    }

    #[cfg(test)]
    mod tests {
        use super::read;

        #[test]
        fn a_parent_is_read_strictly() {
            let trace = "0af7651916cd43dd8448eb211c80319c";
            let good = format!("00-{trace}-b7ad6b7169203331-01");
            assert_eq!(read(&good).unwrap().trace_id().to_string(), trace);
            for bad in [
                "",
                "00",
                &good.to_uppercase(),
                &good.replace("00-", "01-"),
                &format!("{good}-more"),
                &good.replace(trace, &"0".repeat(32)),
                &good.replace("b7ad", "b7a"),
            ] {
                assert!(read(bad).is_none(), "{bad}");
            }
        }
    }
}
