//! Webhooks at rest: address and secret in one text under the master key,
//! bound to the rule they belong to.

use aws_lc_rs::digest::{SHA256, digest};
use keypurse_core::alert::AlertId;
use keypurse_core::id::AccountId;
use keypurse_core::secret::TokenSecret;
use keypurse_store::{AlertRule, Digest, ResealedWebhook, SealedWebhook, WebhookFormat};

use super::address::WebhookUrl;
use super::secret::WebhookSecret;
use crate::vault::{Keyring, SealBroken};

/// Where events are posted to, and what they are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub url: WebhookUrl,
    /// `None`: they are not signed.
    pub secret: Option<WebhookSecret>,
    /// How the receiver is told.
    pub format: WebhookFormat,
}

/// What a copy is bound to: moved to another rule it does not open.
fn place(account: AccountId, rule: AlertId) -> Digest {
    let text = format!("keypurse: webhook\n{account}\n{rule}");
    let digest = digest(&SHA256, text.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Seals a webhook of a rule.
pub fn seal(
    keyring: &Keyring,
    (account, rule): (AccountId, AlertId),
    webhook: &Webhook,
) -> SealedWebhook {
    let secret = webhook.secret.as_ref().map_or("", |it| it.expose());
    // Neither has a line break.
    let text = TokenSecret::from_text(format!("{}\n{secret}", webhook.url.expose()));
    SealedWebhook {
        sealed: keyring.seal(&text, &place(account, rule)),
        master: keyring.current().master,
        shown: webhook.url.shown(),
        format: webhook.format,
        is_signed: webhook.secret.is_some(),
    }
}

/// Opens the webhook of a rule. `Ok(None)`: it has none.
pub fn unseal(keyring: &Keyring, rule: &AlertRule) -> Result<Option<Webhook>, SealBroken> {
    let Some(sealed) = &rule.webhook else {
        return Ok(None);
    };
    let text = keyring.unseal(&sealed.sealed, &place(rule.account, rule.id))?;
    let (url, secret) = text.expose().split_once('\n').ok_or(SealBroken)?;
    let secret = match secret {
        "" => None,
        secret => Some(WebhookSecret::parse(secret).map_err(|_| SealBroken)?),
    };
    Ok(Some(Webhook {
        url: WebhookUrl::read(url).ok_or(SealBroken)?,
        secret,
        format: sealed.format,
    }))
}

/// The webhook of a rule under the current master key. `Ok(None)`: it has none.
pub fn renewed(keyring: &Keyring, rule: &AlertRule) -> Result<Option<ResealedWebhook>, SealBroken> {
    let (Some(webhook), Some(before)) = (unseal(keyring, rule)?, &rule.webhook) else {
        return Ok(None);
    };
    let after = seal(keyring, (rule.account, rule.id), &webhook);
    Ok(Some(ResealedWebhook {
        rule: rule.id,
        from: before.sealed.clone(),
        to: after.sealed,
        master: after.master,
    }))
}
