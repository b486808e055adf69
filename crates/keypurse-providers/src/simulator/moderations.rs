//! `moderations`: a text is flagged when it says so.
//!
//! A word like `sandbox:violence` or `sandbox:self-harm/intent`, in any case,
//! flags the category it names; `sandbox:flagged` flags `harassment`.

use serde::Serialize;
use serde_json::{Map, json};
use serde_json_borrow::Value;

use super::{
    count::count,
    dice::{Dice, fingerprint},
    endpoint::Call,
    failure::InvalidRequest,
    fields::{Json, NULL, array, get, string},
    reply::{Reply, SimulatedUsage},
    scenario::Scenario,
};

/// Inputs in one call.
const MOST_INPUTS: usize = 1_000;
/// How much of an input is searched for words that flag, in bytes. A marked
/// text is short; an image can be megabytes of base64.
const MOST_READ: usize = 64 * 1024;
/// Words that flag, in one input.
const MOST_MARKS: usize = 64;

/// OpenAI's categories, and whether images are judged by them.
const CATEGORIES: [(&str, bool); 13] = [
    ("harassment", false),
    ("harassment/threatening", false),
    ("hate", false),
    ("hate/threatening", false),
    ("illicit", false),
    ("illicit/violent", false),
    ("self-harm", true),
    ("self-harm/instructions", true),
    ("self-harm/intent", true),
    ("sexual", true),
    ("sexual/minors", false),
    ("violence", true),
    ("violence/graphic", true),
];

/// What gets one verdict.
#[derive(Debug, Default)]
struct Input<'a> {
    texts: Vec<&'a str>,
    images: usize,
}

#[derive(Serialize)]
struct Verdict {
    flagged: bool,
    categories: Map<String, serde_json::Value>,
    category_scores: Map<String, serde_json::Value>,
    category_applied_input_types: Map<String, serde_json::Value>,
}

pub(super) fn reply(body: Json<'_>, call: Call<'_>) -> Result<Reply, InvalidRequest> {
    let inputs = read(body)?;
    let texts = inputs.iter().flat_map(|input| &input.texts);
    let usage = SimulatedUsage {
        input_tokens: texts.map(|text| count(text)).sum(),
        ..SimulatedUsage::default()
    };
    let all = call.scenario == Some(Scenario::Refusal);
    let results: Vec<_> = match call.scenario {
        Some(Scenario::Empty) => Vec::new(),
        _ => inputs.iter().map(|input| judge(input, all)).collect(),
    };
    let answer = json!({
        "id": format!("modr-{}", call.stamp.id),
        "model": call.facts.model,
        "results": serde_json::to_value(results).expect("verdicts are plain data"),
    });
    Ok(Reply::json(&answer, usage))
}

fn read(body: Json<'_>) -> Result<Vec<Input<'_>>, InvalidRequest> {
    if let Some(Value::Str(text)) = get(body, "input") {
        return Ok(vec![Input::of(text)]);
    }
    let inputs = array(body, "input", MOST_INPUTS)?
        .ok_or_else(|| InvalidRequest::new("input", "this field is required"))?;
    if inputs.first().is_some_and(Value::is_string) {
        let texts = inputs.iter().enumerate().map(|(at, input)| match input {
            Value::Str(text) => Ok(Input::of(text)),
            _ => Err(InvalidRequest::new(
                format!("input[{at}]"),
                "expected a string, as the first input is one",
            )),
        });
        return texts.collect();
    }
    let mut whole = Input::default();
    for (at, part) in inputs.iter().enumerate() {
        whole.add(part, at)?;
    }
    Ok(vec![whole])
}

impl<'a> Input<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            texts: vec![text],
            images: 0,
        }
    }

    fn add(&mut self, part: Json<'a>, at: usize) -> Result<(), InvalidRequest> {
        let path = |field: &str| format!("input[{at}].{field}");
        match string(part, "type", || path("type"))? {
            "text" => self.texts.push(string(part, "text", || path("text"))?),
            "image_url" => {
                let carrier = get(part, "image_url").unwrap_or(NULL);
                string(carrier, "url", || path("image_url.url"))?;
                self.images += 1;
            }
            _ => {
                return Err(InvalidRequest::new(
                    path("type"),
                    "expected text or image_url",
                ));
            }
        }
        Ok(())
    }

    /// What stands behind each `sandbox:`.
    fn marks(&self) -> Vec<&'a str> {
        let words = self.texts.iter().flat_map(|text| {
            let beginning = &text[..text.floor_char_boundary(MOST_READ)];
            beginning.split_whitespace()
        });
        let marked = words.filter_map(|word| {
            let (marker, named) = word.split_once(':')?;
            let named = named.trim_end_matches(|char: char| !char.is_alphanumeric());
            marker.eq_ignore_ascii_case("sandbox").then_some(named)
        });
        marked.take(MOST_MARKS).collect()
    }
}

fn flags(mark: &str, category: &str) -> bool {
    let named = if mark.eq_ignore_ascii_case("flagged") {
        "harassment"
    } else {
        mark
    };
    named.eq_ignore_ascii_case(category)
}

fn judge(input: &Input<'_>, all: bool) -> Verdict {
    let seed = fingerprint(input.texts.iter().map(|text| {
        // As much as decides about the flags.
        &text[..text.floor_char_boundary(MOST_READ)]
    }));
    let mut dice = Dice::new(seed, 0);
    let marks = input.marks();
    let mut verdict = Verdict {
        flagged: false,
        categories: Map::new(),
        category_scores: Map::new(),
        category_applied_input_types: Map::new(),
    };
    for (category, judges_images) in CATEGORIES {
        let flagged = all || marks.iter().any(|mark| flags(mark, category));
        let least = if flagged { 0.9 } else { 0.0 };
        let score = least + f64::from(dice.below(1_000)) / 100_000.0;
        let mut applied = Vec::new();
        applied.extend((!input.texts.is_empty()).then_some("text"));
        applied.extend((judges_images && input.images > 0).then_some("image"));
        let name = || category.to_owned();
        verdict.flagged |= flagged;
        verdict.categories.insert(name(), flagged.into());
        verdict.category_scores.insert(name(), score.into());
        verdict
            .category_applied_input_types
            .insert(name(), applied.into());
    }
    verdict
}
