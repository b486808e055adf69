//! How fast a provider was asked to be, at which of its prices.

/// A provider's tier of service. The same tokens cost something else in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceTier {
    /// What a call gets that asks for nothing.
    #[default]
    Standard,
    /// Slower and cheaper.
    Flex,
    /// Faster and dearer.
    Priority,
}

impl ServiceTier {
    /// Every tier.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Flex, Self::Priority];

    /// Its name in stored prices. Never changed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Flex => "flex",
            Self::Priority => "priority",
        }
    }

    /// Its number in stored calls. Never changed.
    pub const fn code(self) -> u8 {
        match self {
            Self::Standard => 0,
            Self::Flex => 1,
            Self::Priority => 2,
        }
    }

    /// Reads what [`ServiceTier::as_str`] wrote.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == name)
    }

    /// Reads what [`ServiceTier::code`] wrote.
    pub fn from_code(code: u64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|tier| u64::from(tier.code()) == code)
    }
}
