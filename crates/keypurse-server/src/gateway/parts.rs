//! What the messages of a request bring along beside text.

use std::borrow::Cow;

use keypurse_core::price::Reach;
use keypurse_core::usage::Class;
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::GatewayError;

/// What a request brings along, as far as its cost depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Images read in low detail.
    pub(super) low_images: u64,
    /// All other images.
    pub(super) images: u64,
    /// Bytes of the body that are images and not text.
    pub(super) image_bytes: u64,
    /// Whether there are parts whose tokens neither bytes nor a published
    /// maximum bound: a sound, a stored file.
    pub(super) is_opaque: bool,
    /// The classes of tokens the request can be charged for.
    pub(super) reach: Reach,
}

impl Parts {
    /// How many images there are.
    pub(super) fn all_images(&self) -> u64 {
        self.low_images + self.images
    }
}

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    /// An earlier spoken answer, named by its id.
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    url: &'a RawValue,
    #[serde(borrow, default)]
    detail: Option<Cow<'a, str>>,
}

/// Reads what the messages of this body bring along.
pub(super) fn read(messages: &[Message<'_>], body: &[u8]) -> Result<Parts, GatewayError> {
    let mut parts = Parts {
        low_images: 0,
        images: 0,
        image_bytes: 0,
        is_opaque: false,
        reach: Reach::text(),
    };
    if may_write_long(body) {
        parts.add(Class::CacheWriteLong);
    }
    for message in messages {
        if message.audio.is_some() {
            parts.add_opaque("input_audio");
        }
        let content = message.content.map(RawValue::get);
        if let Some(content) = content.filter(|content| !content.starts_with('"')) {
            let wrong = "a message's `content` must be a text or a list of parts";
            let listed: Vec<Part<'_>> = serde_json::from_str(content)
                .map_err(|_| GatewayError::invalid(Some("messages"), wrong))?;
            for part in &listed {
                parts.add_part(part);
            }
        }
    }
    Ok(parts)
}

impl Parts {
    fn add_part(&mut self, part: &Part<'_>) {
        match part.kind.as_deref() {
            Some("text" | "refusal") => {}
            Some("image_url") => match part.image_url.and_then(read_image) {
                Some((detail, data_bytes)) => self.add_image(detail.as_deref(), data_bytes),
                None => self.add_opaque("image_url"),
            },
            other => self.add_opaque(other.unwrap_or_default()),
        }
    }

    fn add_image(&mut self, detail: Option<&str>, data_bytes: usize) {
        self.add(Class::InputImage);
        self.image_bytes += u64::try_from(data_bytes).expect("a body fits in u64");
        match detail {
            Some("low") => self.low_images += 1,
            None | Some("auto" | "high") => self.images += 1,
            // `original`, or what comes after it.
            Some(_) => self.is_opaque = true,
        }
    }

    fn add_opaque(&mut self, kind: &str) {
        self.is_opaque = true;
        self.add(Class::InputImage);
        if !matches!(kind, "image_url" | "image") {
            self.add(Class::CachedAudio);
        }
    }

    fn add(&mut self, class: Class) {
        self.reach = self.reach.with(class);
    }
}

type Detail<'a> = Option<Cow<'a, str>>;

/// The detail an image is to be read in, and how many bytes of the body it is
/// itself. Some providers take the address alone.
fn read_image(image: &RawValue) -> Option<(Detail<'_>, usize)> {
    if image.get().starts_with('"') {
        return Some((None, data_bytes(image)));
    }
    let image: Image<'_> = serde_json::from_str(image.get()).ok()?;
    Some((image.detail, data_bytes(image.url)))
}

/// Bytes of an image that stands in the body. An address stays text: it may be
/// read as such.
fn data_bytes(url: &RawValue) -> usize {
    let is_image = url.get().starts_with("\"data:image/");
    if is_image { url.get().len() } else { 0 }
}

/// Whether cache writes may be asked for that live longer and cost more: only
/// a `ttl` can, and letters can be written as escapes.
fn may_write_long(body: &[u8]) -> bool {
    memmem::find(body, b"ttl").is_some() || memmem::find(body, b"\\u00").is_some()
}
