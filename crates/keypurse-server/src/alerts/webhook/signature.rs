//! How a receiver tells our events from others'.

use aws_lc_rs::hmac;
use http::{HeaderName, HeaderValue};
use keypurse_core::time::Timestamp;

use super::secret::WebhookSecret;

/// `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`.
pub const SIGNATURE: HeaderName = HeaderName::from_static("x-keypurse-signature");

/// The signature of a body that is sent now. The time is signed too: a receiver
/// can refuse what somebody recorded and sends again.
pub(super) fn signature(secret: &WebhookSecret, now: Timestamp, body: &[u8]) -> HeaderValue {
    use std::fmt::Write as _;

    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let seconds = now.seconds();
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    let mut text = format!("t={seconds},v1=");
    for byte in context.sign().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    HeaderValue::try_from(text).expect("letters, digits and signs")
}

#[cfg(test)]
mod tests {
    use keypurse_core::time::Timestamp;

    use super::signature;
    use crate::alerts::webhook::WebhookSecret;

    /// Computed with Python: `hmac.new(secret, b"1700000000." + body, sha256)`.
    #[test]
    fn a_signature_is_what_other_implementations_compute() {
        let secret = WebhookSecret::parse("whsec_0123456789").unwrap();
        let now = Timestamp::from_micros(1_700_000_000_999_999);
        let signed = signature(&secret, now, br#"{"id":"evt_1"}"#);
        let expected = "t=1700000000,\
             v1=2fec00e092924397533a441c5f5e840ea4c446fb846177802a25de63bbbdd1fe";
        assert_eq!(signed, expected);
    }
}
