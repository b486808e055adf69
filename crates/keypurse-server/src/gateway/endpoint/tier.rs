//! Tiers of service: what a request asks for, what an answer says it had.

use keypurse_core::price::Price;
use keypurse_core::usage::ServiceTier;
use serde_json::value::RawValue;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum AskedTier {
    /// Nothing, or whatever the account's project has as its default.
    Unsaid,
    /// This one.
    Of(ServiceTier),
    /// One no price is known for by any name: `scale`, `batch`.
    Unknown,
}

impl AskedTier {
    /// Reads the member's value; null is the same as none.
    pub(in crate::gateway) fn read(value: Option<&str>) -> Self {
        let Some(value) = value.filter(|value| *value != "null") else {
            return Self::Unsaid;
        };
        let name: Option<String> = serde_json::from_str(value).ok();
        match name.as_deref() {
            Some("auto") => Self::Unsaid,
            Some("default") => Self::Of(ServiceTier::Standard),
            Some("flex") => Self::Of(ServiceTier::Flex),
            Some("priority" | "fast") => Self::Of(ServiceTier::Priority),
            _ => Self::Unknown,
        }
    }

    /// The tier whose price is held, beside the standard one. `None`: it has no
    /// price.
    pub(in crate::gateway) fn held(self, price: &Price) -> Option<ServiceTier> {
        match self {
            Self::Unsaid => Some(ServiceTier::Standard),
            Self::Of(tier) => price.has_tier(tier).then_some(tier),
            Self::Unknown => None,
        }
    }

    /// The tier a call is charged at.
    ///
    /// What the answer says it had, if the request could reach it: a provider
    /// lowers the tier when it has no room. When it says nothing the dearer of
    /// what could be is charged, so that nothing is given away.
    pub(in crate::gateway) fn charged(self, price: &Price, told: Option<&RawValue>) -> ServiceTier {
        let asked = self.held(price).unwrap_or_default();
        let told: Option<String> = told.and_then(|told| serde_json::from_str(told.get()).ok());
        let told = match told.as_deref() {
            Some("default" | "standard" | "auto" | "scale") => Some(ServiceTier::Standard),
            Some("flex") => Some(ServiceTier::Flex),
            Some("priority" | "fast") => Some(ServiceTier::Priority),
            _ => None,
        };
        let reached = told.filter(|told| *told == ServiceTier::Standard || *told == asked);
        reached.unwrap_or(match asked {
            ServiceTier::Priority => ServiceTier::Priority,
            ServiceTier::Standard | ServiceTier::Flex => ServiceTier::Standard,
        })
    }
}

#[cfg(test)]
mod tests {
    use keypurse_core::price::{Band, Price, Rates};
    use keypurse_core::usage::ServiceTier;
    use serde_json::value::RawValue;

    use super::AskedTier;

    fn price() -> Price {
        let bands = || {
            vec![Band {
                above: 0,
                rates: Rates::default(),
            }]
        };
        let price = Price::free().with_tier(ServiceTier::Flex, bands());
        price
            .unwrap()
            .with_tier(ServiceTier::Priority, bands())
            .unwrap()
    }

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn a_call_is_charged_at_the_tier_it_had_and_could_reach() {
        use ServiceTier::{Flex, Priority, Standard};
        for (asked, told, expected) in [
            ("null", None, Standard),
            ("null", Some("\"default\""), Standard),
            ("\"auto\"", Some("\"priority\""), Standard),
            ("\"default\"", Some("\"flex\""), Standard),
            ("\"flex\"", Some("\"flex\""), Flex),
            ("\"flex\"", Some("\"default\""), Standard),
            ("\"flex\"", Some("\"priority\""), Standard),
            ("\"flex\"", None, Standard),
            ("\"priority\"", Some("\"priority\""), Priority),
            ("\"fast\"", Some("\"fast\""), Priority),
            ("\"priority\"", Some("\"default\""), Standard),
            ("\"priority\"", Some("\"flex\""), Priority),
            ("\"priority\"", Some("7"), Priority),
            ("\"priority\"", None, Priority),
        ] {
            let asked_tier = AskedTier::read(Some(asked));
            let told_value = told.map(raw);
            let charged = asked_tier.charged(&price(), told_value.as_deref());
            assert_eq!(charged, expected, "asked {asked}, told {told:?}");
        }
    }

    #[test]
    fn a_tier_without_a_price_is_not_held() {
        let free = Price::free();
        for (asked, of_price, of_free) in [
            (
                "null",
                Some(ServiceTier::Standard),
                Some(ServiceTier::Standard),
            ),
            (
                "\"default\"",
                Some(ServiceTier::Standard),
                Some(ServiceTier::Standard),
            ),
            ("\"flex\"", Some(ServiceTier::Flex), None),
            ("\"fast\"", Some(ServiceTier::Priority), None),
            ("\"batch\"", None, None),
            ("\"scale\"", None, None),
            ("1", None, None),
        ] {
            let asked_tier = AskedTier::read(Some(asked));
            assert_eq!(asked_tier.held(&price()), of_price, "{asked}");
            assert_eq!(asked_tier.held(&free), of_free, "{asked}");
        }
    }
}
