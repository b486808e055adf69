//! Reads a request, from JSON or from a form.

use crate::simulator::{
    body::Form,
    failure::InvalidRequest,
    fields::{Json, array, boolean, one_of, present, string, text, whole},
};

/// OpenAI's own limits.
const LONGEST_PROMPT: usize = 32_000;
const MOST_PICTURES: u64 = 10;
const MOST_PARTIAL: u64 = 3;
const MOST_INPUTS: usize = 16;
/// Longer sides than any model makes.
const LONGEST_SIDE: u32 = 8_192;

const QUALITIES: [&str; 8] = [
    "auto", "low", "medium", "high", "xhigh", "max", "standard", "hd",
];
const FORMATS: [&str; 5] = ["png", "jpeg", "webp", "gif", "svg"];

#[derive(Debug)]
pub(super) struct ImageRequest<'a> {
    pub(super) prompt: &'a str,
    pub(super) count: u64,
    /// Width and height in pixels, as asked for.
    pub(super) size: (u32, u32),
    pub(super) quality: &'a str,
    pub(super) as_url: bool,
    pub(super) streamed: bool,
    pub(super) partial_images: u64,
    /// Images that came with the request.
    pub(super) inputs: u64,
    pub(super) priced_by_token: bool,
}

/// The fields that look the same in JSON and in a form, once read.
struct Fields<'a> {
    prompt: Option<&'a str>,
    count: Option<u64>,
    size: Option<&'a str>,
    quality: Option<&'a str>,
    response_format: Option<&'a str>,
    streamed: bool,
    partial_images: Option<u64>,
    inputs: usize,
}

impl<'a> ImageRequest<'a> {
    pub(super) fn read(body: Json<'a>, model: &str) -> Result<Self, InvalidRequest> {
        Self::new(&json_fields(body, 0)?, model)
    }

    /// An edit whose images are named by address.
    pub(super) fn read_edit(body: Json<'a>, model: &str) -> Result<Self, InvalidRequest> {
        let images = array(body, "images", MOST_INPUTS)?
            .ok_or_else(|| InvalidRequest::new("images", "this array is required"))?;
        Self::new(&json_fields(body, images.len())?, model)
    }

    pub(super) fn read_form(form: Form<'a>, model: &str) -> Result<Self, InvalidRequest> {
        let inputs = form.each("image").count();
        if inputs == 0 || inputs > MOST_INPUTS {
            let message = format!("expected 1 to {MOST_INPUTS} files");
            return Err(InvalidRequest::new("image", message));
        }
        if form.each("image").any(|image| image.bytes.is_empty()) {
            return Err(InvalidRequest::new("image", "the file is empty"));
        }
        form.one_of("output_format", &FORMATS)?;
        let fields = Fields {
            prompt: form.text("prompt")?,
            count: number(form, "n", 1..=MOST_PICTURES)?,
            size: form.text("size")?,
            quality: form.one_of("quality", &QUALITIES)?,
            response_format: form.one_of("response_format", &["url", "b64_json"])?,
            streamed: form.boolean("stream")?,
            partial_images: number(form, "partial_images", 0..=MOST_PARTIAL)?,
            inputs,
        };
        Self::new(&fields, model)
    }

    fn new(fields: &Fields<'a>, model: &str) -> Result<Self, InvalidRequest> {
        let prompt = fields.prompt.unwrap_or_default();
        if prompt.is_empty() || prompt.len() > 4 * LONGEST_PROMPT {
            let message = format!("expected 1 to {LONGEST_PROMPT} characters");
            return Err(InvalidRequest::new("prompt", message));
        }
        let priced_by_token = !model.starts_with("dall-e");
        let usual = if priced_by_token { "b64_json" } else { "url" };
        let quality = match fields.quality {
            Some("auto" | "standard") | None => "medium",
            Some("hd") => "high",
            Some(quality) => quality,
        };
        Ok(Self {
            prompt,
            count: fields.count.unwrap_or(1),
            size: size(fields.size)?,
            quality,
            as_url: fields.response_format.unwrap_or(usual) == "url",
            streamed: fields.streamed,
            partial_images: fields.partial_images.unwrap_or(0),
            inputs: u64::try_from(fields.inputs).unwrap_or(u64::MAX),
            priced_by_token,
        })
    }
}

fn json_fields(body: Json<'_>, inputs: usize) -> Result<Fields<'_>, InvalidRequest> {
    string(body, "prompt", || "prompt".to_owned())?;
    one_of(body, "output_format", &FORMATS)?;
    let size = match present(body, "size") {
        None => None,
        Some(_) => text(body, "size")?,
    };
    Ok(Fields {
        prompt: text(body, "prompt")?,
        count: whole(body, "n", 1..=MOST_PICTURES)?,
        size,
        quality: one_of(body, "quality", &QUALITIES)?,
        response_format: one_of(body, "response_format", &["url", "b64_json"])?,
        streamed: boolean(body, "stream")?,
        partial_images: whole(body, "partial_images", 0..=MOST_PARTIAL)?,
        inputs,
    })
}

fn number(
    form: Form<'_>,
    name: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, InvalidRequest> {
    let Some(text) = form.text(name)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => Err(InvalidRequest::new(
            name,
            format!(
                "expected a whole number from {} to {}",
                range.start(),
                range.end()
            ),
        )),
    }
}

/// `1024x1536`; `auto` is a square.
fn size(asked: Option<&str>) -> Result<(u32, u32), InvalidRequest> {
    let asked = match asked {
        None | Some("auto") => return Ok((1024, 1024)),
        Some(asked) => asked,
    };
    let side = |text: &str| {
        let side = text.parse().ok()?;
        (1..=LONGEST_SIDE).contains(&side).then_some(side)
    };
    let sides = asked.split_once('x');
    sides
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| {
            let message = "expected auto, or width and height as in 1024x1024";
            InvalidRequest::new("size", message)
        })
}
