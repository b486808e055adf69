//! What a request brings along beside text.

use std::borrow::Cow;

use keypurse_core::price::Reach;
use keypurse_core::usage::Class;

use crate::http::json::Json;

/// What a request brings along, as far as its cost depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Parts {
    /// Images read in low detail.
    pub(in crate::gateway) low_images: u64,
    /// All other images.
    pub(in crate::gateway) images: u64,
    /// Bytes of the body that are images and not text.
    pub(in crate::gateway) image_bytes: u64,
    /// Whether there are parts whose tokens neither bytes nor a published
    /// maximum bound: a sound, a stored file.
    pub(in crate::gateway) is_opaque: bool,
    /// Input tokens the provider adds of its own, at most.
    pub(in crate::gateway) added_tokens: u64,
    /// The classes of tokens the request can be charged for.
    pub(in crate::gateway) reach: Reach,
}

impl Parts {
    /// A request of text alone.
    pub(in crate::gateway) fn text() -> Self {
        Self {
            low_images: 0,
            images: 0,
            image_bytes: 0,
            is_opaque: false,
            added_tokens: 0,
            reach: Reach::text(),
        }
    }

    /// How many images there are.
    pub(in crate::gateway) fn all_images(&self) -> u64 {
        self.low_images + self.images
    }

    /// Adds an image, so many bytes of which are in the body.
    pub(in crate::gateway) fn add_image(&mut self, detail: Option<&str>, data_bytes: usize) {
        self.add(Class::InputImage);
        self.image_bytes += u64::try_from(data_bytes).expect("a body fits in u64");
        match detail {
            Some("low") => self.low_images += 1,
            None | Some("auto" | "high") => self.images += 1,
            // `original`, or what comes after it.
            Some(_) => self.is_opaque = true,
        }
    }

    /// Adds something nothing bounds; an image may at least not be a sound.
    pub(in crate::gateway) fn add_opaque(&mut self, kind: Opaque) {
        self.is_opaque = true;
        self.add(Class::InputImage);
        if kind == Opaque::Anything {
            self.add(Class::CachedAudio);
        }
    }

    pub(in crate::gateway) fn add(&mut self, class: Class) {
        self.reach = self.reach.with(class);
    }
}

/// What an unbounded part can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Opaque {
    Image,
    Anything,
}

/// The detail an image is to be read in, if that is said.
pub(in crate::gateway) type Detail<'a> = Option<Cow<'a, str>>;

/// The detail an image is to be read in, and how many bytes of the body it is
/// itself. Some providers take the address alone.
pub(in crate::gateway) fn read_image(image: Json<'_>) -> Option<(Detail<'_>, usize)> {
    if image.is_string() {
        return Some((None, data_bytes(image)));
    }
    let url = image.stated("url")?;
    let detail = match image.stated("detail") {
        Some(detail) => Some(detail.string()?),
        None => None,
    };
    Some((detail, data_bytes(url)))
}

/// Bytes of an image that stands in the body. An address stays text: it may be
/// read as such.
pub(in crate::gateway) fn data_bytes(url: Json<'_>) -> usize {
    let is_image = url.text().starts_with("\"data:image/");
    if is_image { url.text().len() } else { 0 }
}

/// Whether cache writes may be asked for that live longer and cost more: only
/// a `ttl` can.
pub(in crate::gateway) fn may_write_long(body: Json<'_>) -> bool {
    body.has_name_with(b"ttl")
}
