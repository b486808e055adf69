//! Where a request goes: the model is part of the path.

use std::fmt::Write as _;

/// The path of a call, below the version. A stream comes as server-sent
/// events.
pub fn path(model: &str, streamed: bool) -> String {
    let method = if streamed {
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    };
    format!("models/{}:{method}", encoded(model))
}

/// A model's name must not reach another path.
fn encoded(model: &str) -> String {
    let mut encoded = String::with_capacity(model.len());
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_model_is_part_of_the_path_and_nothing_else() {
        assert_eq!(
            path("gemini-2.5-flash", true),
            "models/gemini-2.5-flash:streamGenerateContent?alt=sse"
        );
        assert_eq!(path("../x?y", false), "models/..%2Fx%3Fy:generateContent");
    }
}
