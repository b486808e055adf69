//! Costs told apart, compared with the range before, and over time.

use std::collections::HashMap;

use keypurse_core::id::{AccountId, TokenId};
use keypurse_store::{Step, Store, StoreError, TokenLabel, UsageQuery, UsageRow, Whose};

use super::calendar::{Calendar, Range};
use super::group::{Filters, GroupBy, Labels};
use super::metric::Metric;
use super::totals::Totals;

/// A question about costs.
#[derive(Clone, Debug)]
pub(in crate::dashboard) struct Question {
    pub(in crate::dashboard) account: AccountId,
    pub(in crate::dashboard) calendar: Calendar,
    pub(in crate::dashboard) range: Range,
    pub(in crate::dashboard) by: GroupBy,
    pub(in crate::dashboard) filters: Filters,
    pub(in crate::dashboard) metric: Metric,
    /// Whether tokens and latency are wanted.
    pub(in crate::dashboard) detail: bool,
}

/// Somebody who can answer a question.
#[derive(Debug)]
pub(in crate::dashboard) struct Explorer<'a> {
    pub(super) question: Question,
    pub(super) usage: &'a dyn Store,
    pub(super) labels: Labels,
    /// `None`: nobody's calls are meant.
    pub(super) whose: Option<Whose>,
}

/// One line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Line {
    /// Empty: without a tag.
    pub(in crate::dashboard) name: String,
    /// The live token of this name, when lines are tokens.
    pub(in crate::dashboard) token: Option<TokenId>,
    pub(in crate::dashboard) now: Totals,
    /// In the range before.
    pub(in crate::dashboard) before: Totals,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Explored {
    /// The largest first.
    pub(in crate::dashboard) lines: Vec<Line>,
    pub(in crate::dashboard) total: Totals,
    pub(in crate::dashboard) total_before: Totals,
}

impl<'a> Explorer<'a> {
    /// Finds out whose calls are meant.
    pub(in crate::dashboard) async fn new(
        question: Question,
        usage: &'a dyn Store,
    ) -> Result<Self, StoreError> {
        let names_tokens = question.by.is_of_tokens() || question.filters.name_tokens();
        let labels: Vec<TokenLabel> = if names_tokens {
            usage.token_labels(question.account).await?
        } else {
            Vec::new()
        };
        let labels = Labels::new(labels);
        Ok(Self {
            whose: question.filters.whose(&labels),
            question,
            usage,
            labels,
        })
    }

    /// What was used in the range, line by line.
    pub(in crate::dashboard) async fn explore(&self) -> Result<Explored, StoreError> {
        let now = self.whole(self.question.range).await?;
        Ok(self.sorted(&now, &[]))
    }

    /// The same beside the range before.
    pub(in crate::dashboard) async fn compare(&self) -> Result<Explored, StoreError> {
        let now = self.whole(self.question.range).await?;
        let before = self.whole(self.question.range.before()).await?;
        Ok(self.sorted(&now, &before))
    }

    async fn whole(&self, range: Range) -> Result<Vec<UsageRow>, StoreError> {
        let Some(whose) = self.whose.clone() else {
            return Ok(Vec::new());
        };
        let query = UsageQuery {
            by: vec![self.question.by.dimension()],
            ..self.query(range, Step::Whole, whose)
        };
        self.usage.usage(query).await
    }

    pub(super) fn query(&self, range: Range, step: Step, whose: Whose) -> UsageQuery {
        let filters = &self.question.filters;
        UsageQuery {
            account: self.question.account,
            whose,
            begin: range.begin,
            end: range.end,
            step,
            by: Vec::new(),
            provider: filters.provider.clone(),
            model: filters.model.clone(),
            feature: filters.feature,
            status: filters.status,
            detail: self.question.detail,
        }
    }

    fn sorted(&self, now: &[UsageRow], before: &[UsageRow]) -> Explored {
        let by = self.question.by;
        let now_by_name = self.by_name(now);
        let mut before_by_name = self.by_name(before);
        let mut lines: Vec<Line> = now_by_name
            .into_iter()
            .map(|(name, now)| Line {
                before: before_by_name.remove(&name).unwrap_or_default(),
                name,
                token: None,
                now,
            })
            .collect();
        lines.extend(before_by_name.into_iter().map(|(name, before)| Line {
            name,
            token: None,
            now: Totals::default(),
            before,
        }));
        if by == GroupBy::Token {
            let live = self.labels.live();
            for line in &mut lines {
                line.token = live.get(&*line.name).copied();
            }
        }
        let size = |line: &Line| self.question.metric.size(&line.now);
        lines.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name)));
        Explored {
            lines,
            total: Totals::of(now),
            total_before: Totals::of(before),
        }
    }

    fn by_name(&self, rows: &[UsageRow]) -> HashMap<String, Totals> {
        let mut by_name: HashMap<String, Totals> = HashMap::new();
        for row in rows {
            for name in self.question.by.names(&row.key, &self.labels) {
                by_name.entry(name).or_default().add(&row.sums);
            }
        }
        by_name
    }
}
