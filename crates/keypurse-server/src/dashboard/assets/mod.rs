//! Styles and scripts, in the binary. Their address has a digest of their
//! content: whoever has one need never ask for it again.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::trouble::Trouble;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
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

impl Asset {
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
pub(super) async fn serve(Path(file): Path<String>) -> Result<Response, Trouble> {
    let is_it = |address: &String| address.strip_prefix("/assets/") == Some(&file);
    let place = ADDRESSES.iter().position(is_it).ok_or(Trouble::NotFound)?;
    let asset = &ASSETS[place];
    let headers = [(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, FOR_EVER)];
    Ok((headers, asset.bytes).into_response())
}
