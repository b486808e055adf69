//! Where media is: in the body or on the web.

/// Where an image or a file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the request itself, as base64.
    Inline { media_type: String, base64: String },
    /// At an address.
    Web(String),
}

/// Reads an address. `None` when it is neither on the web nor base64.
pub(super) fn place(url: &str) -> Option<Place> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Some(Place::Web(url.to_owned()));
    }
    let (header, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = header.strip_suffix(";base64")?;
    let media_type = media_type.split(';').next()?.to_ascii_lowercase();
    // A common mistake that providers refuse.
    let media_type = if media_type == "image/jpg" {
        "image/jpeg".to_owned()
    } else {
        media_type
    };
    (!media_type.is_empty()).then(|| Place::Inline {
        media_type,
        base64: data.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Place, place};

    #[test]
    fn an_address_is_on_the_web_or_in_the_body() {
        let inline = |media_type: &str, base64: &str| {
            Some(Place::Inline {
                media_type: media_type.to_owned(),
                base64: base64.to_owned(),
            })
        };
        for (url, expected) in [
            (
                "https://x/y.png",
                Some(Place::Web("https://x/y.png".to_owned())),
            ),
            ("data:image/png;base64,aGk=", inline("image/png", "aGk=")),
            ("data:IMAGE/JPG;base64,aGk=", inline("image/jpeg", "aGk=")),
            (
                "data:text/plain;charset=utf-8;base64,aGk=",
                inline("text/plain", "aGk="),
            ),
            ("data:image/png,hi", None),
            ("data:;base64,aGk=", None),
            ("file:///etc/passwd", None),
            ("gs://bucket/x", None),
            ("", None),
        ] {
            assert_eq!(place(url), expected, "{url}");
        }
    }
}
