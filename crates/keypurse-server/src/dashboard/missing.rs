//! What a browser is shown where no route is.

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::ACCEPT;
use http::request::Parts;

use super::fence::{self, is_harmless};
use super::frame::Place;
use super::page;
use super::transport::Way;
use super::trouble::Trouble;
use crate::state::State;

/// Where programs call: they are told in their own way.
const PROGRAMS: [&str; 3] = ["/v1", "/v2", "/v3"];

/// The page for an address that nothing is at, if a browser asks for one. A
/// slash too many leads to the page that was meant.
pub(crate) fn page_for(state: &State, asked: &Parts) -> Option<Response> {
    let path = asked.uri.path();
    let first = path.match_indices('/').nth(1);
    let first = first.map_or(path, |(end, _)| &path[..end]);
    let is_for_people =
        is_harmless(&asked.method) && accepts_pages(&asked.headers) && !PROGRAMS.contains(&first);
    if !is_for_people {
        return None;
    }
    let meant = path.strip_suffix('/');
    let place = Place::LISTED
        .iter()
        .find(|place| Some(place.path()) == meant);
    let mut response = match place {
        Some(place) => page::redirect(place.path()),
        None => Trouble::NotFound.into_response(),
    };
    let way = Way::of(state.settings.transport, asked);
    fence::harden(way, response.headers_mut());
    Some(response)
}

/// Browsers name pages when somebody goes to an address; programs say `*/*`.
fn accepts_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter();
    let mut kinds = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']));
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}
