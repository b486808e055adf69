//! The lines before a part's content.

/// What they say.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) name: &'a str,
    pub(super) is_file: bool,
}

/// Reads the lines of one part. `None` when they are not as every parser reads
/// them.
pub(super) fn read(lines: &[u8]) -> Option<Head<'_>> {
    let lines = std::str::from_utf8(lines).ok()?;
    let mut head = None;
    for line in lines.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_plain) || has_controls(value) {
            return None;
        }
        if name.eq_ignore_ascii_case("content-disposition") {
            if head.replace(disposition(value)?).is_some() {
                return None;
            }
        } else if !is_known(name, value.trim()) {
            return None;
        }
    }
    head
}

fn has_controls(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\t')
}

/// Lines that change nothing about how a content is read.
fn is_known(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    match name.to_ascii_lowercase().as_str() {
        "content-type" => {
            !value.starts_with("multipart/")
                && (!value.contains("charset") || value.contains("utf-8"))
        }
        "content-transfer-encoding" => ["7bit", "8bit", "binary"].contains(&value.as_str()),
        "content-length" => true,
        _ => false,
    }
}

/// `form-data; name="file"; filename="a.wav"`, in this order or the other.
fn disposition(value: &str) -> Option<Head<'_>> {
    let mut rest = value.trim().strip_prefix("form-data")?;
    let (mut name, mut is_file) = (None, false);
    while !rest.is_empty() {
        let parameter = rest.strip_prefix(';')?.trim_start();
        let (key, after) = parameter.split_once('=')?;
        let (text, after) = text_of(after)?;
        rest = after.trim_start();
        match key {
            "name" if name.is_none() && is_exact(text) => name = Some(text),
            "filename" if !is_file => is_file = true,
            // RFC 7578 forbids it beside forms, and some clients send both.
            "filename*" => is_file = true,
            _ => return None,
        }
    }
    Some(Head {
        name: name?,
        is_file,
    })
}

/// A value in quotes, or a bare one, and what follows it.
fn text_of(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find(['"', '\\'])?;
        return (quoted.as_bytes()[end] == b'"').then(|| (&quoted[..end], &quoted[end + 1..]));
    }
    let end = text.find(';').unwrap_or(text.len());
    let (bare, rest) = text.split_at(end);
    let is_bare = !bare.is_empty() && !bare.contains([' ', '\t', '"', '\\', ',']);
    is_bare.then_some((bare, rest))
}

/// Names that no parser unescapes.
fn is_exact(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-[].".contains(&byte);
    !name.is_empty() && name.bytes().all(is_plain)
}
