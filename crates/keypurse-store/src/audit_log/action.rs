//! What can be done that is recorded.

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A token was made.
    TokenCreate,
    /// A token's settings or balance were changed.
    TokenUpdate,
    /// A token got a new secret.
    TokenRotate,
    /// A token got money.
    TokenTopUp,
    /// A token was ended.
    TokenDelete,
    /// An account was made.
    AccountCreate,
    /// An account got a new key.
    AccountResetKey,
    /// An account got credits.
    AccountTopUp,
    /// An account got a key that only reads.
    ViewerKeyCreate,
    /// An account's key that only reads was ended.
    ViewerKeyDelete,
    /// Somebody signed in to the dashboard.
    SignIn,
    /// Somebody tried to sign in to the dashboard with a wrong key.
    SignInFailed,
    /// Somebody signed out.
    SignOut,
    /// A session was ended by another.
    SessionEnd,
    /// A start found other providers or prices configured than the last.
    ConfigurationChange,
    /// A pepper or master key came into use.
    KeyAdopt,
    /// A pepper or master key was removed that nothing relied on.
    KeyRetire,
    /// A pepper or master key was given up, and what relied on it.
    KeyAbandon,
    /// A restored database was allowed to spend.
    RestoreAcknowledge,
    /// The wall clock jumped.
    ClockStep,
    /// A call cost more than its hold and the balance: the house paid.
    Overrun,
    /// Nothing could be recorded, so nothing was spent or changed.
    FailClosed,
    /// An alert rule was made.
    AlertCreate,
    /// An alert rule was changed.
    AlertUpdate,
    /// An alert rule was removed.
    AlertDelete,
    /// The log goes on under another key.
    AuditKeyReplace,
}

impl Action {
    /// Every one.
    pub const ALL: [Self; 26] = [
        Self::TokenCreate,
        Self::TokenUpdate,
        Self::TokenRotate,
        Self::TokenTopUp,
        Self::TokenDelete,
        Self::AccountCreate,
        Self::AccountResetKey,
        Self::AccountTopUp,
        Self::ViewerKeyCreate,
        Self::ViewerKeyDelete,
        Self::SignIn,
        Self::SignInFailed,
        Self::SignOut,
        Self::SessionEnd,
        Self::ConfigurationChange,
        Self::KeyAdopt,
        Self::KeyRetire,
        Self::KeyAbandon,
        Self::RestoreAcknowledge,
        Self::ClockStep,
        Self::Overrun,
        Self::FailClosed,
        Self::AlertCreate,
        Self::AlertUpdate,
        Self::AlertDelete,
        Self::AuditKeyReplace,
    ];

    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenCreate => "token.create",
            Self::TokenUpdate => "token.update",
            Self::TokenRotate => "token.rotate",
            Self::TokenTopUp => "token.top_up",
            Self::TokenDelete => "token.delete",
            Self::AccountCreate => "account.create",
            Self::AccountResetKey => "account.reset_key",
            Self::AccountTopUp => "account.top_up",
            Self::ViewerKeyCreate => "viewer_key.create",
            Self::ViewerKeyDelete => "viewer_key.delete",
            Self::SignIn => "sign_in",
            Self::SignInFailed => "sign_in.failed",
            Self::SignOut => "sign_out",
            Self::SessionEnd => "session.end",
            Self::ConfigurationChange => "configuration.change",
            Self::KeyAdopt => "key.adopt",
            Self::KeyRetire => "key.retire",
            Self::KeyAbandon => "key.abandon",
            Self::RestoreAcknowledge => "restore.acknowledge",
            Self::ClockStep => "clock.step",
            Self::Overrun => "overrun",
            Self::FailClosed => "fail_closed",
            Self::AlertCreate => "alert.create",
            Self::AlertUpdate => "alert.update",
            Self::AlertDelete => "alert.delete",
            Self::AuditKeyReplace => "audit_key.replace",
        }
    }
}
