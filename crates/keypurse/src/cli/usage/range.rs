//! Which days a report is about.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;

use crate::cli::session::Session;
use crate::hint::Hint;

/// The days; without any, those of this month so far.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct RangeArgs {
    /// First day [default: the first of this month]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// Last day [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Date>,
    #[command(flatten)]
    zone: ZoneArgs,
}

/// Whose days: the server knows its own, a command has to be told.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ZoneArgs {
    /// The server's time zone, which decides what today is
    #[arg(long, env = "KEYPURSE_TIME_ZONE", value_name = "ZONE")]
    time_zone: Option<String>,
}

impl RangeArgs {
    /// The first and the last day.
    pub(super) fn days(&self, session: &Session<'_, '_>) -> anyhow::Result<(Date, Date)> {
        let today = self.zone.today(session)?;
        let end = self
            .to
            .unwrap_or_else(|| today.max(self.from.unwrap_or(today)));
        let begin = self.from.unwrap_or_else(|| end.first_of_month());
        Ok((begin, end))
    }
}

impl ZoneArgs {
    pub(crate) fn today(&self, session: &Session<'_, '_>) -> anyhow::Result<Date> {
        let zone = match (&self.time_zone, session.api.zone()) {
            (None, Some(zone)) => zone.clone(),
            (None, None) => TimeZone::UTC,
            (Some(name), _) => TimeZone::get(name).map_err(|_| {
                let hint = Hint("use a name like UTC or Europe/Paris".to_owned());
                anyhow::Error::new(hint).context(format!("there is no time zone `{name}`"))
            })?,
        };
        Ok(day_of(session.console.now(), zone))
    }
}

fn day(text: &str) -> Result<Date, String> {
    let day = text
        .parse()
        .ok()
        .filter(|day: &Date| day.to_string() == text);
    day.ok_or_else(|| "write a day like 2026-11-21".to_owned())
}

fn day_of(at: Timestamp, zone: TimeZone) -> Date {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(zone).date()
}
