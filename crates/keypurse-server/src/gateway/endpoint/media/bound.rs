//! The most a call of images or sounds can use, and what it is charged when
//! nobody tells.

use std::sync::Arc;

use keypurse_core::money::Money;
use keypurse_core::price::{ImageKind, Price, Reach};
use keypurse_core::usage::{Class, TokenCounts, Units};
use keypurse_providers::media::painted::{self, Asked as AskedImage};
use keypurse_providers::media::{sound, speech};

use super::Media;
use super::images::Images;
use super::speech::Speech;
use super::transcription::Transcription;
use crate::gateway::call::bound::TEMPLATE_TOKENS;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::route::Route;

/// OpenAI, `gpt-4o-transcribe`: the most output tokens. Said in no document for
/// others; what is cut into parts may have as many of each.
const MOST_WORDS: u64 = 2_000;

/// What is known of a model whose images are to be bounded.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Painter<'a> {
    pub(in crate::gateway) provider: &'a str,
    pub(in crate::gateway) model: &'a str,
    pub(in crate::gateway) price: &'a Price,
    pub(in crate::gateway) max_input_tokens: Option<u64>,
    pub(in crate::gateway) max_output_tokens: Option<u64>,
}

impl Painter<'_> {
    /// What nobody publishes about images at this endpoint, so that no call
    /// of it can be bounded. `None`: some can.
    pub(in crate::gateway) fn unpublished(&self, endpoint: Endpoint) -> Option<Unpublished> {
        let changes = endpoint == Endpoint::ImageEdits;
        let makes = changes || endpoint == Endpoint::ImageGenerations;
        if !makes || costs_no_tokens(self.price) {
            return None;
        }
        let (provider, model) = (self.provider, self.model);
        let made = painted::output_tokens(provider, model, &AskedImage::default());
        if made.or(self.max_output_tokens).is_none() {
            return Some(Unpublished::Made);
        }
        let changed = painted::input_tokens(provider, model).or(self.max_input_tokens);
        (changes && changed.is_none()).then_some(Unpublished::Changed)
    }
}

/// How many tokens these images have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Unpublished {
    /// Those a model makes.
    Made,
    /// Those it makes them from.
    Changed,
}

/// What a call can use at most.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Most {
    /// Input and output tokens, and what is no token: what the call is charged
    /// when nobody tells.
    pub(in crate::gateway) counts: TokenCounts,
    /// The classes it can be charged for.
    pub(in crate::gateway) reach: Reach,
}

impl Media {
    /// The most a call can use at this model. An error when nothing bounds it.
    pub(in crate::gateway) fn most(&self, route: &Route) -> Result<Most, GatewayError> {
        let most = match self {
            Self::Images(images) => images.most(route)?,
            Self::Speech(speech) => speech.most(route),
            Self::Transcription(transcription) => transcription.most(route),
        };
        Ok(if prices_no_tokens(route) {
            let units = most.counts.units;
            let counts = TokenCounts {
                units,
                ..TokenCounts::NONE
            };
            Most { counts, ..most }
        } else {
            most
        })
    }

    /// The route with the price of what is asked for.
    pub(in crate::gateway) fn at_its_price(
        &self,
        route: Arc<Route>,
    ) -> Result<Arc<Route>, GatewayError> {
        let Self::Images(images) = self else {
            return Ok(route);
        };
        if !route.prices_images_by_kind() {
            return Ok(route);
        }
        let kind = ImageKind {
            quality: images.quality.as_deref(),
            size: images.size.as_deref(),
        };
        let priced = route.with_image_price(kind).map(Arc::new);
        let why = "this model has no price for images of that quality and size";
        priced.ok_or(GatewayError::unpriced("size", why))
    }

    /// What is known exactly before the call leaves, where the price is of
    /// nothing else: characters, seconds of a sound that could be measured.
    pub(in crate::gateway) fn known(&self, route: &Route) -> Option<TokenCounts> {
        let price = &route.price;
        let is_exact = match self {
            Self::Images(_) => false,
            Self::Speech(_) => {
                price.has_rate(Class::Characters) && !price.has_rate(Class::OutputSeconds)
            }
            Self::Transcription(sound) => {
                sound.length.is_exact && price.has_rate(Class::InputSeconds)
            }
        };
        let counts = self.most(route).ok()?.counts;
        (is_exact && prices_no_tokens(route)).then_some(TokenCounts {
            units: counts.units,
            ..TokenCounts::NONE
        })
    }
}

/// Whether tokens cost nothing at this model, and so are not counted.
pub(super) fn prices_no_tokens(route: &Route) -> bool {
    costs_no_tokens(&route.price)
}

fn costs_no_tokens(price: &Price) -> bool {
    price.bound(1, 1) == Some(Money::ZERO)
}

/// A class's amount, where it has a rate: what has none is not counted.
fn priced(route: &Route, class: Class, amount: u64) -> u64 {
    if route.price.has_rate(class) {
        amount
    } else {
        0
    }
}

impl Images {
    fn most(&self, route: &Route) -> Result<Most, GatewayError> {
        let units = Units {
            images: priced(route, Class::Images, self.count),
            ..Units::NONE
        };
        let (each, inputs) = if prices_no_tokens(route) {
            (0, 0)
        } else {
            (self.output_tokens(route)?, self.input_tokens(route)?)
        };
        let output = each.checked_mul(self.count).ok_or_else(unbounded_output)?;
        let input = self.text_bytes + TEMPLATE_TOKENS + inputs;
        Ok(Most {
            counts: TokenCounts {
                input,
                input_image: inputs,
                output,
                output_image: output,
                units,
                ..TokenCounts::NONE
            },
            reach: Reach::text()
                .with(Class::InputImage)
                .with(Class::OutputImage)
                .with(Class::Images),
        })
    }

    fn output_tokens(&self, route: &Route) -> Result<u64, GatewayError> {
        let asked = AskedImage {
            quality: self.quality.as_deref(),
            size: self.size.as_deref(),
            partial_images: self.partial,
        };
        let of = |model: &str| painted::output_tokens(&route.provider.name, model, &asked);
        let published = of(&route.model).or_else(|| of(&route.id));
        let most = route.max_output_tokens.filter(|_| published.is_none());
        published.or(most).ok_or_else(unbounded_output)
    }

    fn input_tokens(&self, route: &Route) -> Result<u64, GatewayError> {
        if self.inputs == 0 {
            return Ok(0);
        }
        let of = |model: &str| painted::input_tokens(&route.provider.name, model);
        let published = of(&route.model).or_else(|| of(&route.id));
        let all = published.and_then(|each| each.checked_mul(self.inputs));
        all.or(route.max_input_tokens).ok_or_else(|| {
            let why = "nobody publishes how many tokens its images come to; set \
                       max_input_tokens in its [[prices]]";
            GatewayError::unpriced("image", why)
        })
    }
}

fn unbounded_output() -> GatewayError {
    let why = "nobody publishes how many tokens such an image of this model comes to; ask for \
               another size or quality, or set max_output_tokens in its [[prices]]";
    GatewayError::unpriced("size", why)
}

impl Speech {
    fn most(&self, route: &Route) -> Most {
        let seconds = speech::seconds(self.characters, self.speed);
        let units = Units {
            characters: priced(route, Class::Characters, self.characters),
            output_seconds: priced(route, Class::OutputSeconds, seconds),
            ..Units::NONE
        };
        let output = speech::tokens(seconds);
        Most {
            counts: TokenCounts {
                input: self.text_bytes + TEMPLATE_TOKENS,
                output,
                output_audio: output,
                units,
                ..TokenCounts::NONE
            },
            reach: Reach::text()
                .with(Class::OutputAudio)
                .with(Class::Characters)
                .with(Class::OutputSeconds),
        }
    }
}

impl Transcription {
    fn most(&self, route: &Route) -> Most {
        let least = sound::least_seconds(&route.provider.name);
        let seconds = self.length.most.max(least);
        let units = Units {
            input_seconds: priced(route, Class::InputSeconds, seconds),
            ..Units::NONE
        };
        let is_openais = matches!(&*route.provider.name, "openai" | "azure");
        let heard = if is_openais {
            seconds.min(sound::LONGEST_TRANSCRIPTION_SECONDS)
        } else {
            seconds
        };
        let sound = heard.saturating_mul(sound::TOKENS_A_SECOND);
        let words = route.max_output_tokens.unwrap_or(MOST_WORDS);
        let words = if self.is_chunked || route.max_output_tokens.is_none() {
            words.saturating_add(sound)
        } else {
            words
        };
        Most {
            counts: TokenCounts {
                input: sound + self.text_bytes + TEMPLATE_TOKENS,
                input_audio: sound,
                output: words,
                units,
                ..TokenCounts::NONE
            },
            reach: Reach::text()
                .with(Class::InputAudio)
                .with(Class::InputSeconds),
        }
    }
}
