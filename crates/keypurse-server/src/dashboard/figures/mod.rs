//! How figures are written for people. Exact amounts are in reports; here they
//! are rounded once, when they are shown.

mod money;
mod number;
mod time;

pub(in crate::dashboard) use money::Dollars;
pub(in crate::dashboard) use number::{Change, Grouped, Millis, Share, Short};
pub(in crate::dashboard) use time::{
    Span, ago, clock_time, date, date_of, day_of_month, instant, start_of,
};
