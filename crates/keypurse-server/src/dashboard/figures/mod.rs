//! How figures are written for people. Exact amounts are in reports; here they
//! are rounded once, when they are shown.

mod money;
mod number;

pub(in crate::dashboard) use money::Dollars;
pub(in crate::dashboard) use number::Grouped;
