//! What is around every page of somebody who is signed in.

use super::session::Viewer;

/// A page of the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Tokens,
    Sessions,
}

impl Place {
    /// What the sidebar lists, in order. A page joins when it is there.
    pub(super) const LISTED: &'static [Self] = &[Self::Overview, Self::Tokens, Self::Sessions];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Tokens => "Tokens",
            Self::Sessions => "Sessions",
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Tokens => "/tokens",
            Self::Sessions => "/sessions",
        }
    }
}

/// What `layout.html` needs.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) place: Place,
    /// The account's name.
    pub(super) account: String,
    /// Whether forms that change something are left out.
    pub(super) read_only: bool,
    /// What a change that was just made led to.
    pub(super) notice: Option<&'static str>,
}

impl Frame {
    pub(super) fn of(viewer: &Viewer, place: Place) -> Self {
        Self {
            place,
            account: viewer.account.name.clone(),
            read_only: viewer.is_read_only(),
            notice: None,
        }
    }

    /// The same, telling what was just done.
    pub(super) fn with_notice(self, notice: Option<&'static str>) -> Self {
        Self { notice, ..self }
    }
}
