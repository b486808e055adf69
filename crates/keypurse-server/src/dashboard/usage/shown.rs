//! Totals as templates write them.

use super::totals::Totals;
use crate::dashboard::figures::{Change, Dollars, Grouped, Millis, Share, Short};

impl Totals {
    pub(in crate::dashboard) fn dollars(&self) -> Dollars {
        Dollars(self.cost)
    }

    /// For a tooltip: all digits.
    pub(in crate::dashboard) fn exact(&self) -> String {
        format!("{} US dollars", self.cost)
    }

    pub(in crate::dashboard) fn call_count(&self) -> Grouped {
        Grouped(self.calls)
    }

    pub(in crate::dashboard) fn error_count(&self) -> Grouped {
        Grouped(self.errors)
    }

    pub(in crate::dashboard) fn error_share(&self) -> Share {
        Share::of(self.errors, self.calls)
    }

    pub(in crate::dashboard) fn input(&self) -> Short {
        Short(self.input_tokens)
    }

    pub(in crate::dashboard) fn output(&self) -> Short {
        Short(self.output_tokens)
    }

    /// How fast so many percent of calls were answered.
    pub(in crate::dashboard) fn within(&self, percent: u32) -> String {
        Millis::or_none(self.latency.percentile_ms(percent))
    }

    /// Of the money.
    pub(in crate::dashboard) fn share_of(&self, whole: &Self) -> Share {
        Share::of_money(self.cost, whole.cost)
    }

    /// Of the money, from before to now.
    pub(in crate::dashboard) fn change_from(&self, before: &Self) -> Change {
        Change::of(before.cost, self.cost)
    }
}
