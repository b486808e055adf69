//! Tells the audit log when a start finds other providers or prices than the
//! last one did.
//!
//! Each is told by a mark, which shows that something changed and, to nobody
//! without the audit key, what: credentials are part of it.

use std::fmt::{Debug, Write as _};

use keypurse_core::time::Timestamp;
use keypurse_server::gateway::{GatewayConfig, ProviderConfig, ProviderKind};
use keypurse_store::{Action, Actor, AuditEvent, AuditLog, Details};
use keypurse_store_sqlite::AuditKey;
use serde_json::{Map, Value};

/// What is configured, each thing with its mark.
pub(super) struct Configured(Map<String, Value>);

impl Configured {
    pub(super) fn of(config: &GatewayConfig, prices_date: &str, key: &AuditKey) -> Self {
        let mut marks = Marks {
            key,
            found: Map::new(),
        };
        marks.tell("version", env!("CARGO_PKG_VERSION"));
        marks.tell("catalogue", prices_date);
        for provider in &config.providers {
            marks.add(
                &format!("provider {}", provider.name),
                provider,
                credential(provider),
            );
        }
        for price in &config.prices {
            let name = format!("price {}/{}", price.provider, price.model);
            marks.add(&name, price, "");
        }
        for (name, models) in &config.aliases {
            marks.tell(&format!("alias {name}"), &models.join(", "));
        }
        for (provider, calls) in &config.max_concurrency {
            marks.tell(&format!("max_concurrency {provider}"), &calls.to_string());
        }
        let limit = config.default_output_limit.to_string();
        marks.tell("default_max_output_tokens", &limit);
        Self(marks.found)
    }

    /// Records what differs from the last start, if anything does.
    pub(super) async fn record<S: AuditLog + ?Sized>(
        self,
        store: &S,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let last = store.last_audited(Action::ConfigurationChange).await?;
        let last = last.and_then(|record| serde_json::from_str::<Value>(&record.details).ok());
        let was = last.as_ref().and_then(|details| details["is"].as_object());
        let none = Map::new();
        let changed = differences(was.unwrap_or(&none), &self.0);
        if changed.is_empty() {
            return Ok(());
        }
        let details = Details::none().with("changed", changed).with("is", self.0);
        let event = AuditEvent {
            account: None,
            actor: Actor::SYSTEM,
            action: Action::ConfigurationChange,
            subject: "providers and prices".to_owned(),
            details,
            at: now,
        };
        Ok(store.record_event(event).await?)
    }
}

/// Names of what came, went or is other than it was.
fn differences(was: &Map<String, Value>, is: &Map<String, Value>) -> Vec<String> {
    let gone = was.keys().filter(|name| !is.contains_key(*name));
    let other = is
        .iter()
        .filter(|(name, mark)| was.get(*name) != Some(mark));
    other.map(|(name, _)| name).chain(gone).cloned().collect()
}

fn credential(provider: &ProviderConfig) -> &str {
    match &provider.kind {
        ProviderKind::Http(upstream) => upstream.api_key.as_ref().map_or("", |key| key.expose()),
        ProviderKind::Demo => "",
    }
}

struct Marks<'a> {
    key: &'a AuditKey,
    found: Map<String, Value>,
}

impl Marks<'_> {
    /// What may be told as it is.
    fn tell(&mut self, name: &str, value: &str) {
        self.found.insert(name.to_owned(), value.into());
    }

    /// What is told by a mark.
    fn add(&mut self, name: &str, value: &impl Debug, credential: &str) {
        let mark = self.key.mark(format!("{value:?}\n{credential}").as_bytes());
        let mut told = String::new();
        for byte in mark {
            write!(told, "{byte:02x}").expect("a text takes everything");
        }
        self.found.insert(name.to_owned(), told.into());
    }
}

#[cfg(test)]
mod tests {
    use super::{Configured, differences};
    use keypurse_server::gateway::{
        Dialect, GatewayConfig, HttpUpstream, OutputLimitField, ProviderConfig, ProviderKey,
        ProviderKind, StreamHold, Timeouts,
    };
    use keypurse_store_sqlite::AuditKey;

    fn configured(api_key: &str, prices_date: &str) -> Configured {
        let upstream = HttpUpstream {
            dialect: Dialect::OpenAi,
            has_responses: true,
            wants_reasoning: false,
            base_url: "https://a.test".to_owned(),
            api_key: Some(ProviderKey::new(api_key.to_owned())),
            output_limit_field: OutputLimitField::MaxTokens,
            timeouts: Timeouts::default(),
        };
        let provider = ProviderConfig {
            name: "a".to_owned(),
            kind: ProviderKind::Http(upstream),
            free: false,
            stream_hold: StreamHold::ByModel,
        };
        let config = GatewayConfig {
            providers: vec![provider],
            ..GatewayConfig::default()
        };
        Configured::of(&config, prices_date, &AuditKey::new(&[3; 32]))
    }

    #[test]
    fn a_new_credential_is_noticed_and_not_told() {
        let first = configured("sk-canary-1", "2026-01-01");
        let told = serde_json::to_string(&first.0).unwrap();
        assert!(!told.contains("canary"), "{told}");
        for (other, expected) in [
            (configured("sk-canary-1", "2026-01-01"), &[][..]),
            (configured("sk-canary-2", "2026-01-01"), &["provider a"]),
            (configured("sk-canary-1", "2026-02-01"), &["catalogue"]),
        ] {
            assert_eq!(differences(&first.0, &other.0), expected);
        }
    }
}
