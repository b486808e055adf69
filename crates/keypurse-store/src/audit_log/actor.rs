//! Who makes a change, and from where.

use std::fmt;
use std::net::IpAddr;

/// Who makes a change, and from where. Travels with the change to its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// The address of the request; `None`: it did not come over the network.
    pub address: Option<IpAddr>,
}

/// Who makes a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Who {
    /// Whoever has the account key.
    AccountKey,
    /// Whoever has a key that only reads.
    Viewer,
    /// Somebody signed in to the dashboard.
    Session(i64),
    /// Somebody on this machine, through the command line.
    CommandLine,
    /// Keypurse itself.
    #[default]
    System,
}

impl Actor {
    /// Keypurse itself.
    pub const SYSTEM: Self = Self::local(Who::System);

    /// Somebody on this machine, through the command line.
    pub const COMMAND_LINE: Self = Self::local(Who::CommandLine);

    const fn local(who: Who) -> Self {
        Self { who, address: None }
    }

    /// Somebody at an address.
    pub const fn at(who: Who, address: IpAddr) -> Self {
        let address = Some(address);
        Self { who, address }
    }
}

/// As it is stored and shown: `account_key`, `session:7`.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccountKey => f.write_str("account_key"),
            Self::Viewer => f.write_str("viewer"),
            Self::Session(id) => write!(f, "session:{id}"),
            Self::CommandLine => f.write_str("command_line"),
            Self::System => f.write_str("system"),
        }
    }
}
