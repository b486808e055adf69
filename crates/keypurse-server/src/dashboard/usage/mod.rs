//! Questions to [`keypurse_store::Usage`], and what pages make of the answers.
//!
//! Sums are the reports' own. What is cut off a page (all but the largest
//! lines of a chart) is summed up as `Other`, never dropped.

mod calendar;
mod explore;
mod group;
mod metric;
mod over_time;
mod plot;
mod shown;
mod totals;

pub(in crate::dashboard) use calendar::{Calendar, Range};
pub(in crate::dashboard) use explore::{Explored, Explorer, Line, Question};
pub(in crate::dashboard) use group::{ACCOUNT_KEY, Filters, GroupBy, feature_name, status_name};
pub(in crate::dashboard) use metric::Metric;
pub(in crate::dashboard) use plot::{Plot, Series};
pub(in crate::dashboard) use totals::Totals;

use keypurse_core::id::AccountId;
use keypurse_store::{Step, UsageQuery, Whose};

/// A question about all of an account's calls, to be narrowed.
pub(in crate::dashboard) fn query(account: AccountId, range: Range, step: Step) -> UsageQuery {
    UsageQuery {
        account,
        whose: Whose::All,
        begin: range.begin,
        end: range.end,
        step,
        by: Vec::new(),
        provider: None,
        model: None,
        feature: None,
        status: None,
        detail: false,
    }
}
