//! Styles and scripts, in the binary. Their address has a digest of their
//! content: whoever has one need never ask for it again. They are sent
//! compressed, as they hold no secret; pages are not.

use std::io::Write;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use super::trouble::Trouble;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const GZIP: &str = "gzip";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    /// What templates call it: `name.extension`.
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

/// Every asset. A vendored one has its licence beside it.
const ASSETS: &[Asset] = &[
    Asset {
        name: "keypurse.css",
        kind: CSS,
        bytes: include_bytes!("keypurse.css"),
    },
    Asset {
        name: "keypurse.js",
        kind: JS,
        bytes: include_bytes!("keypurse.js"),
    },
    Asset {
        name: "htmx.js",
        kind: JS,
        bytes: include_bytes!("htmx-4.0.1.min.js"),
    },
    Asset {
        name: "uplot.js",
        kind: JS,
        bytes: include_bytes!("uplot-1.6.32.min.js"),
    },
    Asset {
        name: "uplot.css",
        kind: CSS,
        bytes: include_bytes!("uplot-1.6.32.min.css"),
    },
    Asset {
        name: "charts.js",
        kind: JS,
        bytes: include_bytes!("charts.js"),
    },
    Asset {
        name: "live.js",
        kind: JS,
        bytes: include_bytes!("live.js"),
    },
    Asset {
        name: "insight.css",
        kind: CSS,
        bytes: include_bytes!("insight.css"),
    },
    Asset {
        name: "icon.svg",
        kind: SVG,
        bytes: include_bytes!("icon.svg"),
    },
];

/// The address of each, in the order of [`ASSETS`].
static ADDRESSES: LazyLock<Vec<String>> =
    LazyLock::new(|| ASSETS.iter().map(Asset::address).collect());

/// Each as gzip, in the order of [`ASSETS`].
static COMPRESSED: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| ASSETS.iter().map(Asset::compressed).collect());

impl Asset {
    fn compressed(&self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let written = encoder.write_all(self.bytes);
        let compressed = written.and_then(|()| encoder.finish());
        compressed.expect("memory takes what is written to it")
    }

    fn address(&self) -> String {
        let (stem, extension) = self.name.rsplit_once('.').expect("a name has an extension");
        let digest = digest(&SHA256, self.bytes);
        let prefix = digest.as_ref().first_chunk().copied();
        let version = u64::from_be_bytes(prefix.expect("SHA-256 has 32 bytes"));
        format!("/assets/{stem}.{version:016x}.{extension}")
    }
}

/// The address of an asset; templates ask for it by name.
pub(super) fn asset(name: &str) -> &'static str {
    let place = ASSETS.iter().position(|asset| asset.name == name);
    &ADDRESSES[place.expect("a template names an asset that is there")]
}

/// `GET /assets/{file}`
pub(super) async fn serve(
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let is_it = |address: &String| address.strip_prefix("/assets/") == Some(&file);
    let place = ADDRESSES.iter().position(is_it).ok_or(Trouble::NotFound)?;
    let asset = &ASSETS[place];
    let bytes = if takes_gzip(&headers) {
        &*COMPRESSED[place]
    } else {
        asset.bytes
    };
    let told = [
        (CONTENT_TYPE, asset.kind),
        (CACHE_CONTROL, FOR_EVER),
        (VARY, ACCEPT_ENCODING.as_str()),
    ];
    let mut response = (told, bytes).into_response();
    if takes_gzip(&headers) {
        let gzip = HeaderValue::from_static(GZIP);
        response.headers_mut().insert(CONTENT_ENCODING, gzip);
    }
    Ok(response)
}

/// Whether gzip is named, and not as what is unwanted.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter();
    let mut codings = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=");
        let is_unwanted = weight.is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case(GZIP) && !is_unwanted
    })
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, COMPRESSED, takes_gzip};
    use flate2::read::GzDecoder;
    use http::HeaderMap;
    use http::header::ACCEPT_ENCODING;
    use std::io::Read;

    #[test]
    fn a_compressed_asset_is_the_asset_and_much_smaller() {
        for (asset, compressed) in ASSETS.iter().zip(COMPRESSED.iter()) {
            let mut bytes = Vec::new();
            let read = GzDecoder::new(&**compressed).read_to_end(&mut bytes);
            assert_eq!(read.ok(), Some(asset.bytes.len()), "{}", asset.name);
            assert_eq!(bytes, asset.bytes, "{}", asset.name);
            let is_small = asset.bytes.len() < 1024;
            assert!(is_small || compressed.len() < asset.bytes.len() / 2);
        }
    }

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        for (stated, expected) in [
            ("gzip, deflate, br, zstd", true),
            ("br, GZIP", true),
            ("gzip;q=0.5", true),
            ("gzip; q=0", false),
            ("gzip;q=0.0, br", false),
            ("identity", false),
            ("x-gzip-like", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, stated.parse().unwrap());
            assert_eq!(takes_gzip(&headers), expected, "{stated}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
