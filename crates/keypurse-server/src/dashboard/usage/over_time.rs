//! The largest lines of an answer, over time.

use keypurse_store::{Step, StoreError, UsageQuery, UsageRow, Whose};

use super::calendar::Period;
use super::explore::{Explorer, Line};
use super::group::GroupBy;
use super::plot::{Plot, Series};

/// Lines a chart tells apart; the rest is one more.
const MOST_SERIES: usize = 7;
/// What the rest of a chart is called.
const OTHER: &str = "Other";

impl Explorer<'_> {
    /// The largest lines over time, and what they leave of the total.
    ///
    /// Of ten thousand tokens only those that are shown are asked for: the
    /// others are what is left.
    pub(in crate::dashboard) async fn plot(
        &self,
        lines: &[Line],
        step: Step,
    ) -> Result<Plot, StoreError> {
        let periods = self.question.calendar.periods(self.question.range, step);
        let metric = self.question.metric;
        let used = lines.iter().filter(|line| metric.size(&line.now) > 0);
        let names: Vec<&str> = used.take(MOST_SERIES).map(|line| &*line.name).collect();
        let Some(whose) = self.whose.clone() else {
            return Ok(Plot::new(periods, Vec::new()));
        };
        let mut series = if self.question.by.is_of_tokens() {
            self.of_tokens(&periods, step, &names).await?
        } else {
            self.of_dimension(&periods, step, &names).await?
        };
        // A call counts under each tag of its token: tags leave no rest.
        if self.question.by != GroupBy::Tag && names.len() < lines.len() {
            let rows = self
                .usage
                .usage(self.query(self.question.range, step, whose));
            let mut other = Series::of(OTHER, &periods, &rows.await?);
            other.without(&series);
            if other.totals.iter().any(|total| metric.size(total) > 0) {
                series.push(other);
            }
        }
        Ok(Plot::new(periods, series))
    }

    async fn of_tokens(
        &self,
        periods: &[Period],
        step: Step,
        names: &[&str],
    ) -> Result<Vec<Series>, StoreError> {
        let mut series = Vec::with_capacity(names.len());
        for name in names {
            let mut one = Series::empty(self.question.by.shown(name), periods.len());
            for whose in self.whose_is(name) {
                let query = self.query(self.question.range, step, whose);
                one.add(periods, &self.usage.usage(query).await?);
            }
            series.push(one);
        }
        Ok(series)
    }

    /// Whose calls are summed up under a name.
    fn whose_is(&self, name: &str) -> Vec<Whose> {
        let by = self.question.by;
        let mut whose = Vec::new();
        let has_account_key = matches!(self.whose, Some(Whose::All | Whose::AccountKey));
        if has_account_key && by.shows_account_key_as(name) {
            whose.push(Whose::AccountKey);
        }
        let is_meant = |id: &_| match &self.whose {
            Some(Whose::Tokens(meant)) => meant.contains(id),
            Some(Whose::All) => true,
            Some(Whose::AccountKey) | None => false,
        };
        let ids: Vec<_> = self.labels.ids(by, name).filter(is_meant).collect();
        if !ids.is_empty() {
            whose.push(Whose::Tokens(ids));
        }
        whose
    }

    async fn of_dimension(
        &self,
        periods: &[Period],
        step: Step,
        names: &[&str],
    ) -> Result<Vec<Series>, StoreError> {
        let Some(whose) = self.whose.clone() else {
            return Ok(Vec::new());
        };
        let query = UsageQuery {
            by: vec![self.question.by.dimension()],
            ..self.query(self.question.range, step, whose)
        };
        let rows = self.usage.usage(query).await?;
        let named = |row: &UsageRow| self.question.by.names(&row.key, &self.labels).pop();
        let of = |name: &&str| {
            let rows = rows
                .iter()
                .filter(|row| named(row).as_deref() == Some(name));
            Series::of(*name, periods, rows)
        };
        Ok(names.iter().map(of).collect())
    }
}
