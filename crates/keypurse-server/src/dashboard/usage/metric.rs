//! What lines are large or small by.

use super::totals::Totals;

/// What lines are large or small by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) enum Metric {
    #[default]
    Cost,
    Calls,
    Errors,
    InputTokens,
    OutputTokens,
}

impl Metric {
    pub(in crate::dashboard) const ALL: [Self; 5] = [
        Self::Cost,
        Self::Calls,
        Self::Errors,
        Self::InputTokens,
        Self::OutputTokens,
    ];

    /// The word in addresses.
    pub(in crate::dashboard) const fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Calls => "calls",
            Self::Errors => "errors",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
        }
    }

    pub(in crate::dashboard) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == word)
    }

    /// The word on pages.
    pub(in crate::dashboard) const fn title(self) -> &'static str {
        match self {
            Self::Cost => "Spend",
            Self::Calls => "Calls",
            Self::Errors => "Errors",
            Self::InputTokens => "Input tokens",
            Self::OutputTokens => "Output tokens",
        }
    }

    /// How large totals are by it; money in nano-dollars.
    pub(in crate::dashboard) const fn size(self, totals: &Totals) -> i64 {
        match self {
            Self::Cost => totals.cost.nanos(),
            Self::Calls => totals.calls.cast_signed(),
            Self::Errors => totals.errors.cast_signed(),
            Self::InputTokens => totals.input_tokens.cast_signed(),
            Self::OutputTokens => totals.output_tokens.cast_signed(),
        }
    }
}
