//! Reads who is told of an alert.

use keypurse_store::{AlertRule, WebhookFormat};
use serde_json::value::RawValue;

use crate::alerts::wire::FORMATS;
use crate::alerts::{
    AddressFault, MAX_SECRET_CHARS, MAX_URL_CHARS, MIN_SECRET_CHARS, Reach, SecretFault, Webhook,
    WebhookSecret, WebhookUrl,
};
use crate::http::fields::{NULL, REQUIRED, Reason, choice, text};
use crate::http::json::JsonObject;
use crate::http::refusal::FieldFaults;

const WEBHOOK: &str = "webhook";
const URL: &str = "webhook.url";
const FORMAT: &str = "webhook.format";
const SECRET: &str = "webhook.secret";
const NOT_AN_OBJECT: &str = "Send an object with `url`, `format` and `secret`, or null.";

/// A wish for a webhook: `None` leaves a member as it is.
#[derive(Debug, Default)]
pub(crate) struct WebhookWish {
    url: Option<WebhookUrl>,
    format: Option<WebhookFormat>,
    #[expect(
        clippy::option_option,
        reason = "left out, null and a value are three wishes"
    )]
    secret: Option<Option<WebhookSecret>>,
}

/// Reads `webhook`, which is not null.
pub(super) fn read(
    value: &RawValue,
    current: Option<&AlertRule>,
    reach: &Reach,
    faults: &mut FieldFaults,
) -> Option<WebhookWish> {
    let Ok(object) = JsonObject::read(value.get().as_bytes()) else {
        faults.add(WEBHOOK, NOT_AN_OBJECT);
        return None;
    };
    for (name, _) in object.members() {
        if !["url", "format", "secret", "signed"].contains(&&**name) {
            faults.add(WEBHOOK, format!("There is no field `{name}` here."));
        }
    }
    let shown = current.and_then(|rule| rule.webhook.as_ref());
    // As an answer shows it: what it stands for stays.
    let is_as_shown = |value: &RawValue| {
        shown
            .is_some_and(|it| text(value).is_ok_and(|text| text == it.shown && text.ends_with('…')))
    };
    let mut wish = WebhookWish::default();
    match object.get("url") {
        Some(value) if is_as_shown(value) => {}
        Some(value) => wish.url = taken(url(value, reach), URL, faults),
        None if shown.is_none() => faults.add(URL, REQUIRED),
        None => {}
    }
    if let Some(value) = object.get("format") {
        wish.format = taken(choice(value, &FORMATS), FORMAT, faults);
    }
    match object.get("secret") {
        None => {}
        Some(value) if value.get() == "null" => wish.secret = Some(None),
        Some(value) => wish.secret = taken(secret(value), SECRET, faults).map(Some),
    }
    Some(wish)
}

fn taken<T>(read: Result<T, Reason>, name: &'static str, faults: &mut FieldFaults) -> Option<T> {
    read.map_err(|reason| faults.add(name, reason)).ok()
}

fn url(value: &RawValue, reach: &Reach) -> Result<WebhookUrl, Reason> {
    if value.get() == "null" {
        return Err(NULL.into());
    }
    WebhookUrl::parse(&text(value)?, reach).map_err(|fault| match fault {
        AddressFault::TooLong => {
            format!("Ensure this field has no more than {MAX_URL_CHARS} characters.").into()
        }
        AddressFault::NotAnAddress => {
            "Send an address that begins with https:// or http://, in ASCII.".into()
        }
        AddressFault::Credentials => {
            "Leave out user name and password; send a `secret`, which signs every event.".into()
        }
        AddressFault::Fragment => "Leave out the part behind `#`; it is never sent.".into(),
        AddressFault::Private => {
            "This address is private; the operator allows networks by `allow_private_webhooks`."
                .into()
        }
    })
}

fn secret(value: &RawValue) -> Result<WebhookSecret, Reason> {
    WebhookSecret::parse(&text(value)?).map_err(|fault| match fault {
        SecretFault::Length => {
            format!("Send {MIN_SECRET_CHARS} to {MAX_SECRET_CHARS} characters.").into()
        }
        SecretFault::Character => "Send visible ASCII characters only.".into(),
    })
}

impl WebhookWish {
    /// The webhook that is wished for, over the one there is. `None`: what
    /// should stay is not there, or does not open any more.
    pub(super) fn over(self, current: Option<Webhook>) -> Option<Webhook> {
        let (url, format, secret) = match current {
            Some(current) => (Some(current.url), current.format, current.secret),
            None => (None, WebhookFormat::Json, None),
        };
        Some(Webhook {
            url: self.url.or(url)?,
            format: self.format.unwrap_or(format),
            secret: self.secret.unwrap_or(secret),
        })
    }
}
