//! What one token's page shows of its calls: how fast it spends, when it will
//! be empty, a chart, and its calls as they come.

mod burn;
mod spending;

pub(super) use spending::{Spending, calls, live};
