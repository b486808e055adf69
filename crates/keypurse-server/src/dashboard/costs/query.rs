//! What the explorer is asked for, as its address says it.

use jiff::ToSpan;
use jiff::civil::Date;
use keypurse_store::{Feature, StatusClass, Step};

use crate::dashboard::form::Form;
use crate::dashboard::usage::{Filters, GroupBy, Metric, Range};

/// Longer lists of hours than a week's are for nobody.
const MOST_DAYS_BY_HOUR: i32 = 7;
const MOST_DAYS_BY_DAY: i32 = 400;

/// A range by its name, or by its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Today,
    Days7,
    Days30,
    Days90,
    ThisMonth,
    LastMonth,
    ThisYear,
    Custom,
}

impl Period {
    pub(super) const ALL: [Self; 8] = [
        Self::Today,
        Self::Days7,
        Self::Days30,
        Self::Days90,
        Self::ThisMonth,
        Self::LastMonth,
        Self::ThisYear,
        Self::Custom,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Days7 => "7d",
            Self::Days30 => "30d",
            Self::Days90 => "90d",
            Self::ThisMonth => "month",
            Self::LastMonth => "last_month",
            Self::ThisYear => "year",
            Self::Custom => "custom",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Days7 => "Last 7 days",
            Self::Days30 => "Last 30 days",
            Self::Days90 => "Last 90 days",
            Self::ThisMonth => "This month",
            Self::LastMonth => "Last month",
            Self::ThisYear => "This year",
            Self::Custom => "These dates",
        }
    }

    /// The days it means; those of `custom` for [`Period::Custom`].
    fn range(self, today: Date, custom: Range) -> Range {
        let last_month = today.first_of_month().saturating_sub(1.day());
        match self {
            Self::Today => Range::last_days(1, today),
            Self::Days7 => Range::last_days(7, today),
            Self::Days30 => Range::last_days(30, today),
            Self::Days90 => Range::last_days(90, today),
            Self::ThisMonth => Range::month_to(today),
            Self::LastMonth => Range::month_to(last_month),
            Self::ThisYear => Range {
                begin: today.first_of_year(),
                end: today,
            },
            Self::Custom => custom,
        }
    }
}

/// Steps one can choose, and their words.
pub(super) const STEPS: [(&str, &str, Option<Step>); 6] = [
    ("auto", "Automatic", None),
    ("hour", "Hours", Some(Step::Hour)),
    ("day", "Days", Some(Step::Day)),
    ("week", "Weeks", Some(Step::Week)),
    ("month", "Months", Some(Step::Month)),
    ("year", "Years", Some(Step::Year)),
];

/// Statuses one can choose, and their words, which the reports have too.
pub(super) const STATUSES: [(&str, StatusClass); 4] = [
    ("success", StatusClass::Success),
    ("client_error", StatusClass::ClientError),
    ("server_error", StatusClass::ServerError),
    ("unanswered", StatusClass::Unanswered),
];

/// A question as it was asked. What cannot be understood is a fault and left
/// out; the rest is kept, so that the form can be corrected.
#[derive(Clone, Debug)]
pub(super) struct CostsQuery {
    pub(super) by: GroupBy,
    pub(super) metric: Metric,
    pub(super) period: Period,
    pub(super) range: Range,
    pub(super) step_word: &'static str,
    pub(super) step: Step,
    pub(super) filters: Filters,
    pub(super) faults: Vec<String>,
}

impl CostsQuery {
    /// Reads a query string.
    pub(super) fn read(form: &Form, today: Date) -> Self {
        let mut faults = Vec::new();
        let period = choice(form, "period", Period::Days30, &mut faults, |word| {
            Period::ALL
                .into_iter()
                .find(|period| period.as_str() == word)
        });
        let by = choice(form, "by", GroupBy::Provider, &mut faults, GroupBy::parse);
        let metric = choice(form, "metric", Metric::Cost, &mut faults, Metric::parse);
        let custom = custom(form, period, today, &mut faults);
        let range = period.range(today, custom);
        let (step_word, _, step) = choice(form, "step", STEPS[0], &mut faults, |word| {
            STEPS.into_iter().find(|(known, _, _)| *known == word)
        });
        let filters = filters(form, &mut faults);
        let mut query = Self {
            by,
            metric,
            period,
            range,
            step_word,
            step: step.unwrap_or(range.natural_step()),
            filters,
            faults,
        };
        query.check_step();
        query
    }

    fn check_step(&mut self) {
        let days = self.range.days();
        let most = match self.step {
            Step::Hour => MOST_DAYS_BY_HOUR,
            Step::Day => MOST_DAYS_BY_DAY,
            Step::Week | Step::Month | Step::Year | Step::Whole => return,
        };
        if days > most {
            let unit = if self.step == Step::Hour {
                "Hours"
            } else {
                "Days"
            };
            self.faults.push(format!(
                "{unit} are shown for at most {most} days, and these are {days}: choose longer \
                 steps or fewer days."
            ));
            self.step = self.range.natural_step();
        }
    }

    /// The same question as an address, but for some fields.
    pub(super) fn address(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let mut fields = self.fields();
        for (name, value) in changes {
            fields.retain(|(field, _)| field != name);
            fields.push((name, (*value).to_owned()));
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("{path}?{}", query.finish())
    }

    fn fields(&self) -> Vec<(&str, String)> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut fields = vec![
            ("by", self.by.as_str().to_owned()),
            ("metric", self.metric.as_str().to_owned()),
            ("period", self.period.as_str().to_owned()),
            ("step", self.step_word.to_owned()),
            ("token", text(&self.filters.token)),
            ("provider", text(&self.filters.provider)),
            ("model", text(&self.filters.model)),
            ("feature", self.feature_word().to_owned()),
            ("tag", text(&self.filters.tag)),
            ("status", self.status_word().to_owned()),
        ];
        if self.period == Period::Custom {
            fields.push(("begin", self.range.begin.to_string()));
            fields.push(("end", self.range.end.to_string()));
        }
        fields
    }

    /// Whether only some calls are meant.
    pub(super) fn is_narrowed(&self) -> bool {
        self.filters != Filters::default()
    }

    pub(super) fn feature_word(&self) -> &'static str {
        self.filters.feature.map_or("", Feature::as_str)
    }

    pub(super) fn status_word(&self) -> &'static str {
        let known = STATUSES.iter();
        let mut chosen = known.filter(|(_, status)| Some(*status) == self.filters.status);
        chosen.next().map_or("", |(word, _)| word)
    }
}

/// A field with a closed list of words. Absent: what it usually is.
fn choice<T>(
    form: &Form,
    name: &str,
    usual: T,
    faults: &mut Vec<String>,
    parse: impl Fn(&str) -> Option<T>,
) -> T {
    let word = form.get(name);
    if word.is_empty() {
        return usual;
    }
    parse(word).unwrap_or_else(|| {
        faults.push(format!(
            "There is no `{name}={word}`: choose from the list."
        ));
        usual
    })
}

fn custom(form: &Form, period: Period, today: Date, faults: &mut Vec<String>) -> Range {
    let usual = Range::last_days(30, today);
    if period != Period::Custom {
        return usual;
    }
    let mut day = |name: &str, title: &str| {
        let day = form.get(name).parse::<Date>().ok();
        if day.is_none() {
            faults.push(format!(
                "The {title} day is no date: write it as 2026-01-31."
            ));
        }
        day
    };
    let days = day("begin", "first").zip(day("end", "last"));
    match days {
        Some((begin, end)) if begin <= end => Range { begin, end },
        Some(_) => {
            faults.push("The first day is after the last: exchange them.".to_owned());
            usual
        }
        None => usual,
    }
}

fn filters(form: &Form, faults: &mut Vec<String>) -> Filters {
    let text = |name: &str| Some(form.get(name).to_owned()).filter(|text| !text.is_empty());
    let feature = choice(form, "feature", None, faults, |word| {
        let mut all = Feature::ALL.into_iter();
        all.find(|feature| feature.as_str() == word).map(Some)
    });
    let status = choice(form, "status", None, faults, |word| {
        let found = STATUSES.into_iter().find(|(known, _)| *known == word);
        found.map(|(_, status)| Some(status))
    });
    Filters {
        token: text("token"),
        provider: text("provider"),
        model: text("model"),
        feature,
        tag: text("tag"),
        status,
    }
}

#[cfg(test)]
mod tests {
    use super::{CostsQuery, Period};
    use crate::dashboard::form::Form;
    use jiff::civil::date;
    use keypurse_store::Step;

    fn read(query: &str) -> CostsQuery {
        CostsQuery::read(&Form::parse(query.as_bytes()), date(2026, 11, 21))
    }

    #[test]
    fn a_period_means_its_days() {
        for (period, begin, end) in [
            ("", date(2026, 10, 23), date(2026, 11, 21)),
            ("period=today", date(2026, 11, 21), date(2026, 11, 21)),
            ("period=month", date(2026, 11, 1), date(2026, 11, 21)),
            ("period=last_month", date(2026, 10, 1), date(2026, 10, 31)),
            ("period=year", date(2026, 1, 1), date(2026, 11, 21)),
            (
                "period=custom&begin=2025-02-03&end=2025-02-04",
                date(2025, 2, 3),
                date(2025, 2, 4),
            ),
        ] {
            let query = read(period);
            assert_eq!(
                (query.range.begin, query.range.end),
                (begin, end),
                "{period}"
            );
            assert!(query.faults.is_empty(), "{period}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_said_and_left_out() {
        for (query, expected) in [
            (
                "by=colour",
                "There is no `by=colour`: choose from the list.",
            ),
            (
                "period=custom&begin=2026-02-30&end=2026-03-01",
                "The first day is no date: write it as 2026-01-31.",
            ),
            (
                "period=custom&begin=2026-03-02&end=2026-03-01",
                "The first day is after the last: exchange them.",
            ),
            (
                "period=90d&step=hour",
                "Hours are shown for at most 7 days, and these are 90: choose longer steps or \
                 fewer days.",
            ),
        ] {
            assert_eq!(read(query).faults, [expected], "{query}");
        }
    }

    #[test]
    fn an_address_says_the_same_question() {
        let asked = "by=model&period=custom&begin=2026-11-01&end=2026-11-02&step=hour\
                     &provider=a%26b&status=server_error&metric=calls";
        let query = read(asked);
        assert_eq!(query.step, Step::Hour);
        let address = query.address("/costs", &[]);
        let again = read(address.strip_prefix("/costs?").unwrap());
        assert_eq!(again.address("/costs", &[]), address);
        assert_eq!(
            (again.filters, again.range),
            (query.filters.clone(), query.range)
        );
        let changed = query.address("/costs", &[("provider", ""), ("by", "tag")]);
        assert!(
            changed.contains("by=tag") && !changed.contains("provider"),
            "{changed}"
        );
        assert_eq!(query.period, Period::Custom);
    }
}
