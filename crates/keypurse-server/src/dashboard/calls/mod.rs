//! Lists of finished calls, as pages show them.

use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::usage::Certainty;
use keypurse_store::{CallState, CallsPage, ListedCall, StatusClass, Token, Whose};

use super::figures::{Dollars, Grouped, Millis, ago, instant};
use super::tokens::path_of;
use super::usage::{ACCOUNT_KEY, Calendar, feature_name, status_name};

/// A line of a list of calls.
#[derive(Clone, Debug)]
pub(in crate::dashboard) struct CallLine {
    pub(in crate::dashboard) request_id: String,
    pub(in crate::dashboard) at: String,
    pub(in crate::dashboard) ago: String,
    /// `provider/model`.
    pub(in crate::dashboard) model: String,
    pub(in crate::dashboard) feature: &'static str,
    /// `200`, or `–` where nobody was answered.
    pub(in crate::dashboard) status: String,
    pub(in crate::dashboard) outcome: &'static str,
    pub(in crate::dashboard) failed: bool,
    pub(in crate::dashboard) simulated: bool,
    pub(in crate::dashboard) estimated: bool,
    pub(in crate::dashboard) input_tokens: Grouped,
    pub(in crate::dashboard) output_tokens: Grouped,
    pub(in crate::dashboard) took: Millis,
    pub(in crate::dashboard) cost: String,
    pub(in crate::dashboard) exact_cost: String,
    /// Whose it was, where that is told.
    pub(in crate::dashboard) token: String,
    pub(in crate::dashboard) token_path: Option<String>,
}

/// The newest calls of an account.
pub(in crate::dashboard) fn page(account: AccountId, limit: usize) -> CallsPage {
    CallsPage {
        account,
        whose: Whose::All,
        from: None,
        until: None,
        provider: None,
        model: None,
        feature: None,
        status: None,
        before: None,
        limit,
    }
}

impl CallLine {
    pub(in crate::dashboard) fn of(call: &ListedCall, calendar: &Calendar) -> Self {
        let record = &call.record;
        let micros = call.finished_at.micros() - record.started_at.micros();
        let class = StatusClass::of(record.state, record.status);
        Self {
            request_id: record.call.to_string(),
            at: instant(call.finished_at, &calendar.zone),
            ago: ago(call.finished_at, calendar.now),
            model: format!("{}/{}", record.provider, record.model),
            feature: feature_name(record.feature),
            status: match record.status {
                0 => "–".to_owned(),
                status => status.to_string(),
            },
            outcome: class.map_or("Did not happen", status_name),
            failed: has_failed(call),
            simulated: record.state == CallState::Simulated,
            estimated: record.certainty == Certainty::Estimated,
            input_tokens: Grouped(record.counts.input),
            output_tokens: Grouped(record.counts.output),
            took: Millis(u64::try_from(micros / 1000).unwrap_or(0)),
            cost: Dollars(call.charged).to_string(),
            exact_cost: Dollars(call.charged).exact(),
            token: String::new(),
            token_path: None,
        }
    }

    /// The same, telling whose it was; a token that is not live is only told
    /// by its id.
    pub(in crate::dashboard) fn of_token(
        mut self,
        id: Option<TokenId>,
        token: Option<&Token>,
    ) -> Self {
        self.token = match (id, token) {
            (None, _) => ACCOUNT_KEY.to_owned(),
            (Some(_), Some(token)) => token.settings.name.as_str().to_owned(),
            (Some(id), None) => format!("{id} (deleted)"),
        };
        self.token_path = token.map(|token| path_of(token.id));
        self
    }
}

/// Whether a call did not end in success.
pub(in crate::dashboard) fn has_failed(call: &ListedCall) -> bool {
    let class = StatusClass::of(call.record.state, call.record.status);
    class.is_some_and(|class| class != StatusClass::Success)
}
