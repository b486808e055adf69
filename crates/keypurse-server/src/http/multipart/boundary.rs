//! What separates the parts of a form, from its `Content-Type`.

/// RFC 2046, section 5.1.1: no longer than this.
const LONGEST: usize = 70;

/// The boundary a content type states. `None` when it is not
/// `multipart/form-data`, or states none, two, or one that is not allowed.
pub(super) fn of(content_type: &str) -> Option<&str> {
    let (essence, parameters) = content_type.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut found = None;
    for parameter in parameters.split(';') {
        let (name, value) = parameter.trim().split_once('=')?;
        if name.eq_ignore_ascii_case("boundary") && found.replace(value).is_some() {
            return None;
        }
    }
    let value = found?;
    let bare = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => value,
    };
    let is_allowed = (1..=LONGEST).contains(&bare.len()) && bare.bytes().all(is_of_boundary);
    is_allowed.then_some(bare)
}

/// Without the space and the marks that would need quotes: no client makes
/// them, and not every parser knows them.
fn is_of_boundary(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte)
}
