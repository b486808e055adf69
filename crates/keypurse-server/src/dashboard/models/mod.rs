//! `GET /models`: what can be called, what it costs and what has no price.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use keypurse_core::price::{Price, Rate, Rates};
use keypurse_providers::catalogue::Mode;

use super::figures::{Dollars, Grouped, Short};
use super::form::Form;
use super::frame::{Frame, Place};
use super::page;
use super::session::Viewer;
use super::trouble::Trouble;
use crate::facts::{ModelFacts, PriceSource};
use crate::state::AppState;

/// Models on one page.
const ON_A_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "models.html")]
struct ModelsPage {
    frame: Frame,
    query: ModelsQuery,
    providers: Vec<String>,
    modes: Vec<&'static str>,
    counts: Counts,
    prices_date: String,
    models: Vec<Row>,
    found: usize,
    /// `51 to 100 of 2,267`
    position: String,
    previous: Option<String>,
    next: Option<String>,
}

/// How many there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    all: usize,
    available: usize,
    overridden: usize,
    unpriced: usize,
}

/// A model as the page has it.
struct Row {
    provider: String,
    model: String,
    mode: &'static str,
    is_available: bool,
    badge: Option<(&'static str, &'static str)>,
    unpriced: Option<String>,
    input: String,
    cached: String,
    output: String,
    /// What is not paid by input and output tokens, and longer input's price.
    also: Vec<String>,
    max_input: String,
    max_output: String,
}

/// Which models are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ModelsQuery {
    text: String,
    provider: String,
    mode: String,
    show: Show,
    page: usize,
}

/// Which of four kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Show {
    #[default]
    All,
    Available,
    Overridden,
    Unpriced,
}

impl Show {
    const ALL: [Self; 4] = [Self::All, Self::Available, Self::Overridden, Self::Unpriced];

    const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Available => "available",
            Self::Overridden => "overridden",
            Self::Unpriced => "unpriced",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Available => "Provider configured",
            Self::Overridden => "Priced by you",
            Self::Unpriced => "Without a price",
        }
    }

    fn shows(self, model: &ModelFacts) -> bool {
        match self {
            Self::All => true,
            Self::Available => model.is_available,
            Self::Overridden => matches!(model.price, PriceSource::Operator(_)),
            Self::Unpriced => matches!(model.price, PriceSource::Unpriced(_)),
        }
    }

    fn count(self, counts: &Counts) -> Grouped {
        grouped(match self {
            Self::All => counts.all,
            Self::Available => counts.available,
            Self::Overridden => counts.overridden,
            Self::Unpriced => counts.unpriced,
        })
    }
}

impl ModelsQuery {
    fn read(form: &Form) -> Self {
        let mut show = Show::ALL.into_iter();
        Self {
            text: form.get("q").to_owned(),
            provider: form.get("provider").to_owned(),
            mode: form.get("mode").to_owned(),
            show: show
                .find(|show| show.as_str() == form.get("show"))
                .unwrap_or_default(),
            page: form.get("page").parse().unwrap_or(1).clamp(1, 100_000),
        }
    }

    fn fits(&self, model: &ModelFacts) -> bool {
        let name = || format!("{}/{}", model.provider, model.model).to_lowercase();
        let mode = model.mode.map_or("", Mode::as_str);
        self.show.shows(model)
            && (self.provider.is_empty() || model.provider == self.provider)
            && (self.mode.is_empty() || mode == self.mode)
            && (self.text.is_empty() || name().contains(&self.text.to_lowercase()))
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they name"
    )]
    fn address(&self, show: &Show, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let page = if page == 1 {
            String::new()
        } else {
            page.to_string()
        };
        for (name, value) in [
            ("q", &*self.text),
            ("provider", &*self.provider),
            ("mode", &*self.mode),
            (
                "show",
                if *show == Show::All {
                    ""
                } else {
                    show.as_str()
                },
            ),
            ("page", &*page),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/models?{}", query.finish())
    }
}

/// `GET /models`
pub(super) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let mut query = ModelsQuery::read(&Form::parse(query.unwrap_or_default().as_bytes()));
    let all = state.gateway.model_facts(state.now());
    let mut providers: Vec<_> = all.iter().map(|model| model.provider.clone()).collect();
    providers.dedup();
    let mut modes: Vec<_> = all
        .iter()
        .filter_map(|model| model.mode)
        .map(Mode::as_str)
        .collect();
    modes.sort_unstable();
    modes.dedup();
    let found: Vec<_> = all.iter().filter(|model| query.fits(model)).collect();
    let pages = found.len().div_ceil(ON_A_PAGE).max(1);
    query.page = query.page.min(pages);
    let first = (query.page - 1) * ON_A_PAGE;
    let shown = found.iter().skip(first).take(ON_A_PAGE);
    let has_next = query.page < pages;
    Ok(page::show(&ModelsPage {
        frame: Frame::of(&viewer, Place::Models),
        providers,
        modes,
        counts: Counts::of(&all),
        prices_date: state.gateway.prices_date().to_owned(),
        models: shown.map(|model| Row::of(model)).collect(),
        position: format!(
            "{} to {} of {}",
            grouped(first + 1),
            grouped(found.len().min(first + ON_A_PAGE)),
            grouped(found.len())
        ),
        found: found.len(),
        previous: (query.page > 1).then(|| query.address(&query.show, query.page - 1)),
        next: has_next.then(|| query.address(&query.show, query.page + 1)),
        query,
    }))
}

impl Counts {
    fn of(all: &[ModelFacts]) -> Self {
        let count = |show: Show| all.iter().filter(|model| show.shows(model)).count();
        Self {
            all: all.len(),
            available: count(Show::Available),
            overridden: count(Show::Overridden),
            unpriced: count(Show::Unpriced),
        }
    }
}

impl Row {
    fn of(model: &ModelFacts) -> Self {
        let tokens =
            |most: Option<u64>| most.map_or("–".to_owned(), |most| Short(most).to_string());
        let (badge, unpriced, price) = match &model.price {
            PriceSource::Catalogue(price) => (None, None, Some(price.clone())),
            PriceSource::Operator(price) => {
                (Some(("accent", "your price")), None, Some(price.clone()))
            }
            PriceSource::Free => (Some(("good", "free")), None, Some(Price::free())),
            PriceSource::Unpriced(reason) => {
                (Some(("warn", "no price")), Some(reason.clone()), None)
            }
        };
        let rates = price.as_ref().map(|price| price.bands()[0].rates);
        let rate = |of: &dyn Fn(&Rates) -> Option<Rate>| {
            let rate = rates.as_ref().and_then(of);
            rate.map_or_else(|| "–".to_owned(), per_million)
        };
        Self {
            provider: model.provider.clone(),
            model: model.model.clone(),
            mode: model.mode.map_or("–", Mode::as_str),
            is_available: model.is_available,
            badge,
            unpriced,
            input: rate(&|rates| Some(rates.input)),
            cached: rate(&|rates| rates.cached_input),
            output: rate(&|rates| Some(rates.output)),
            also: price.as_ref().map(also).unwrap_or_default(),
            max_input: tokens(model.max_input_tokens),
            max_output: tokens(model.max_output_tokens),
        }
    }
}

fn grouped(count: usize) -> Grouped {
    Grouped(u64::try_from(count).expect("a count of models is small"))
}

fn per_million(rate: Rate) -> String {
    Dollars(rate.dollars_per_million()).to_string()
}

/// What else is paid for, in a few words each.
fn also(price: &Price) -> Vec<String> {
    let bands = price.bands();
    let rates = &bands[0].rates;
    let mut also: Vec<String> = bands[1..]
        .iter()
        .map(|band| {
            let (input, output) = (
                per_million(band.rates.input),
                per_million(band.rates.output),
            );
            format!("over {} input: {input} / {output}", Short(band.above))
        })
        .collect();
    for (rate, unit, per) in [
        (rates.images, "an image", 1),
        (rates.request, "a call", 1),
        (rates.characters, "1M characters", 1_000_000),
        (rates.input_seconds, "a minute heard", 60),
        (rates.output_seconds, "a minute made", 60),
    ] {
        if let Some(rate) = rate.filter(|rate| *rate > Rate::FREE) {
            also.push(format!("{} {unit}", per_units(rate, per)));
        }
    }
    for (rate, what) in [
        (rates.cache_write, "cache writes"),
        (rates.reasoning, "reasoning"),
        (rates.input_audio, "audio in"),
        (rates.output_audio, "audio out"),
        (rates.input_image, "image in"),
        (rates.output_image, "image out"),
    ] {
        if let Some(rate) = rate {
            also.push(format!("{what} {}", per_million(rate)));
        }
    }
    let tiers: Vec<_> = price.tiers().map(|(tier, _)| tier.as_str()).collect();
    if !tiers.is_empty() {
        also.push(format!("other prices for tier {}", tiers.join(", ")));
    }
    also
}

/// What so many units cost, rounded down for show.
fn per_units(rate: Rate, units: i64) -> Dollars {
    let nanos = i128::from(rate.dollars_per_million().nanos()) * i128::from(units) / 1_000_000;
    let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
    Dollars(keypurse_core::money::Money::from_nanos(nanos))
}
