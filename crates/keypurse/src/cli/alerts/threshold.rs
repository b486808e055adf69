//! How much is too much, as typed: dollars, a share, or a length of time.

use std::str::FromStr;

use keypurse_core::money::Money;
use serde_json::Value;

use crate::cli::when::Span;

/// Dollars stay the text they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Threshold {
    Dollars(String),
    Percent(u8),
    Time(Span),
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.parse().map(Self::Percent);
            return percent.map_err(|_| "write a whole number of percent, like 20%".to_owned());
        }
        if let Ok(span) = text.parse() {
            return Ok(Self::Time(span));
        }
        let dollars = Money::parse_text(text.strip_prefix('$').unwrap_or(text));
        dollars
            .map(|dollars| Self::Dollars(dollars.to_fixed()))
            .map_err(|_| "write dollars like 2.50, a share like 20%, or a time like 7d".to_owned())
    }
}

impl From<&Threshold> for Value {
    fn from(threshold: &Threshold) -> Self {
        match threshold {
            Threshold::Dollars(text) => text.clone().into(),
            Threshold::Percent(percent) => (*percent).into(),
            Threshold::Time(span) => span.seconds.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Threshold;
    use serde_json::{Value, json};

    #[test]
    fn a_threshold_says_by_its_form_what_it_is() {
        for (text, expected) in [
            ("2.5", Some(json!("2.500000000"))),
            ("$5", Some(json!("5.000000000"))),
            ("20%", Some(json!(20))),
            ("7d", Some(json!(604_800))),
            ("20.5%", None),
            ("-1%", None),
            ("much", None),
        ] {
            let read = text.parse::<Threshold>().ok();
            assert_eq!(read.as_ref().map(Value::from), expected, "{text}");
        }
    }
}
