//! How long a model's vectors are.

use crate::simulator::{
    endpoint::ModelFacts,
    failure::InvalidRequest,
    fields::{Json, whole},
};

/// Models the catalogue is silent about, by the beginning of their name behind
/// any folder, in lower case; as their makers' model cards say (October 2026).
const KNOWN: [(&str, usize); 25] = [
    ("text-embedding-3-large", 3072),
    ("text-embedding-3-small", 1536),
    ("text-embedding-ada", 1536),
    ("ada", 1536),
    ("mistral-embed", 1024),
    ("codestral-embed", 1536),
    ("embed-v4", 1536),
    ("bge-small", 384),
    ("bge-base", 768),
    ("bge-large", 1024),
    ("bge-m3", 1024),
    ("bge-multilingual-gemma2", 3584),
    ("plamo-embedding-1b", 2048),
    ("qwen3-embedding-0.6b", 1024),
    ("qwen3-embedding-4b", 2560),
    ("qwen3-embedding-8b", 4096),
    ("voyage-code-2", 1536),
    ("voyage-large-2-instruct", 1024),
    ("voyage-large-2", 1536),
    ("voyage-lite-01", 1024),
    ("voyage-lite-02", 1024),
    ("voyage-3-lite", 512),
    ("voyage", 1024),
    ("nomic-embed-text", 768),
    ("gemini-embedding", 3072),
];
/// Where nothing is known.
const USUAL: usize = 1536;
/// A catalogue that says more is not believed.
const MOST: usize = 8192;

/// What the client asks for, or all the model has.
pub(super) fn wanted(body: Json<'_>, facts: ModelFacts<'_>) -> Result<usize, InvalidRequest> {
    let of_model = of_model(facts);
    let most = u64::try_from(of_model).expect("a few thousand");
    let asked = whole(body, "dimensions", 1..=most)?;
    if asked.is_some() && facts.model.ends_with("ada-002") {
        let message = "this model does not support choosing its dimensions";
        return Err(InvalidRequest::new("dimensions", message));
    }
    let asked = asked.and_then(|asked| usize::try_from(asked).ok());
    Ok(asked.unwrap_or(of_model))
}

fn of_model(facts: ModelFacts<'_>) -> usize {
    let catalogued = facts
        .dimensions
        .and_then(|dimensions| usize::try_from(dimensions).ok());
    let believed = catalogued.filter(|dimensions| (1..=MOST).contains(dimensions));
    believed.or_else(|| by_name(facts.model)).unwrap_or(USUAL)
}

fn by_name(model: &str) -> Option<usize> {
    let name = model.rsplit('/').next()?.to_ascii_lowercase();
    let mut known = KNOWN.iter();
    known
        .find(|(beginning, _)| name.starts_with(beginning))
        .map(|(_, dimensions)| *dimensions)
}
