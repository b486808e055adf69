//! What a model's name tells.

/// The version in a name such as `claude-sonnet-4-5-20250929` or
/// `claude-3-7-sonnet`. A name without one is taken for a new model's.
pub(super) fn version(model: &str) -> (u32, u32) {
    let name = model.rsplit('/').next().unwrap_or(model);
    // Dates are longer than version numbers.
    let parts = name.split(['-', '.', '@']).filter(|part| part.len() < 3);
    let mut numbers = parts.filter_map(|part| part.parse().ok());
    match numbers.next() {
        Some(major) => (major, numbers.next().unwrap_or(0)),
        None => (u32::MAX, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_name_tells_the_version() {
        for (model, expected) in [
            ("claude-3-opus-20240229", (3, 0)),
            ("claude-3-5-sonnet-20241022", (3, 5)),
            ("claude-2.1", (2, 1)),
            ("claude-3-7-sonnet-latest", (3, 7)),
            ("claude-sonnet-4-20250514", (4, 0)),
            ("claude-haiku-4-5-20251001", (4, 5)),
            ("anthropic/claude-sonnet-4.6", (4, 6)),
            ("claude-opus-5", (5, 0)),
            ("claude-next", (u32::MAX, 0)),
        ] {
            assert_eq!(version(model), expected, "{model}");
        }
    }
}
