//! What one image costs, where that depends on what was asked for.

use super::rates::Rate;

/// What kind of image is asked for; `None` and `auto`: whichever the provider
/// takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageKind<'a> {
    /// `low`, `high`, `hd`, …
    pub quality: Option<&'a str>,
    /// `1024x1536`, …
    pub size: Option<&'a str>,
}

/// Prices of one image by quality and size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePrices {
    prices: Vec<ImagePrice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ImagePrice {
    /// `None`: of any quality.
    quality: Option<Box<str>>,
    /// `None`: of any size.
    size: Option<Box<str>>,
    rate: Rate,
}

impl ImagePrices {
    /// Adds a price for images of this kind; what the kind leaves open, the
    /// price is for all of.
    #[must_use]
    pub fn with(mut self, kind: ImageKind<'_>, rate: Rate) -> Self {
        self.prices.push(ImagePrice {
            quality: kind.quality.map(Into::into),
            size: kind.size.map(Into::into),
            rate,
        });
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.prices.is_empty()
    }

    /// What an image of this kind costs at most: the dearest price it can
    /// have. `None` when there is none for such images.
    pub fn dearest(&self, kind: ImageKind<'_>) -> Option<Rate> {
        let possible = self.prices.iter().filter(|price| {
            may_be(price.quality.as_deref(), kind.quality)
                && may_be(price.size.as_deref(), kind.size)
        });
        possible.map(|price| price.rate).max()
    }
}

fn may_be(priced: Option<&str>, asked: Option<&str>) -> bool {
    match (priced, asked) {
        (None, _) | (_, None | Some("auto")) => true,
        (Some(priced), Some(asked)) => priced == asked,
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageKind, ImagePrices};
    use crate::money::Money;
    use crate::price::Rate;

    fn kind<'a>(quality: &'a str, size: &'a str) -> ImageKind<'a> {
        let stated = |text: &'a str| (!text.is_empty()).then_some(text);
        ImageKind {
            quality: stated(quality),
            size: stated(size),
        }
    }

    #[test]
    fn an_image_costs_the_dearest_that_it_can_be() {
        let prices = [
            ("standard", "1024x1024", "0.04"),
            ("hd", "1024x1024", "0.08"),
            ("hd", "1792x1024", "0.12"),
            ("low", "", "0.01"),
        ];
        let rate = |dollars| Rate::per_unit(Money::parse_text(dollars).unwrap()).unwrap();
        let prices = prices.into_iter().fold(
            ImagePrices::default(),
            |prices, (quality, size, dollars)| prices.with(kind(quality, size), rate(dollars)),
        );
        for (quality, size, expected) in [
            ("standard", "1024x1024", Some("0.04")),
            ("hd", "1024x1024", Some("0.08")),
            ("hd", "auto", Some("0.12")),
            ("hd", "", Some("0.12")),
            ("auto", "1024x1024", Some("0.08")),
            ("", "", Some("0.12")),
            ("low", "512x512", Some("0.01")),
            ("", "512x512", Some("0.01")),
            ("hd", "512x512", None),
            ("ultra", "1024x1024", None),
        ] {
            let dearest = prices.dearest(kind(quality, size));
            assert_eq!(dearest, expected.map(rate), "{quality} {size}");
        }
        assert!(ImagePrices::default().is_empty() && !prices.is_empty());
        assert_eq!(ImagePrices::default().dearest(kind("", "")), None);
    }
}
