//! Pages that look at a long history: what is around them is sent before what
//! they show is known.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;

use super::frame::Frame;
use super::page::{self, HTML};
use super::trouble::Trouble;

/// Most pages are known by then, and sent whole, with the status that suits
/// them.
const SOON: Duration = Duration::from_millis(8);
/// Where the layout's part ends that does not depend on what is shown.
const CONTENT: &str = "<main class=\"main\" id=\"content\" tabindex=\"-1\">\n";

/// What is sent first.
#[derive(Debug, Template)]
#[template(path = "begun.html")]
pub(super) struct Begun {
    pub(super) frame: Frame,
    pub(super) title: String,
    /// Whether parts of the page renew themselves.
    pub(super) is_live: bool,
}

/// What is sent in the place of what could not be read.
#[derive(Template)]
#[template(path = "unfinished.html")]
struct Unfinished {
    frame: Frame,
    heading: &'static str,
    text: &'static str,
}

impl Begun {
    /// The page, in two parts if it takes long. A failure that comes late is
    /// told where the content would be.
    pub(super) async fn show<P: Template>(
        self,
        page: impl Future<Output = Result<P, Trouble>> + Send + 'static,
    ) -> Result<Response, Trouble> {
        let mut page = Box::pin(page);
        match tokio::time::timeout(SOON, &mut page).await {
            Ok(page) => Ok(page::show(&page?)),
            Err(_) => Ok(self.followed_by(page)),
        }
    }

    fn followed_by<P: Template>(
        self,
        page: Pin<Box<impl Future<Output = Result<P, Trouble>> + Send + 'static>>,
    ) -> Response {
        let begun = page::html(&self);
        let (begun, _) = at_content(&begun);
        let rest = async {
            let html = match page.await {
                Ok(page) => page::html(&page),
                Err(trouble) => page::html(&unfinished(self.frame, &trouble)),
            };
            Bytes::copy_from_slice(at_content(&html).1.as_bytes())
        };
        let begun = Bytes::copy_from_slice(begun.as_bytes());
        let parts = stream::iter([begun]).chain(stream::once(rest));
        let body = Body::from_stream(parts.map(Ok::<_, Infallible>));
        (StatusCode::OK, HTML, body).into_response()
    }
}

/// A page before and from its content on.
fn at_content(html: &str) -> (&str, &str) {
    let place = html.find(CONTENT).expect("every page has the layout");
    html.split_at(place + CONTENT.len())
}

fn unfinished(frame: Frame, trouble: &Trouble) -> Unfinished {
    if let Trouble::Unavailable(error) = trouble {
        tracing::error!(%error, "a page that was begun could not be read");
    }
    let (_, heading, text) = trouble.words();
    Unfinished {
        frame,
        heading,
        text,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use http::StatusCode;
    use keypurse_store::StoreError;

    use super::{Begun, SOON};
    use crate::dashboard::frame::{Frame, Place};
    use crate::dashboard::trouble::Trouble;

    fn begun(title: &str) -> Begun {
        Begun {
            frame: Frame {
                place: Place::Costs,
                account: "acme".to_owned(),
                read_only: false,
                notice: None,
            },
            title: title.to_owned(),
            is_live: true,
        }
    }

    async fn told(takes: Duration, page: Result<Begun, Trouble>) -> (StatusCode, bool, String) {
        let page = async move {
            tokio::time::sleep(takes).await;
            page
        };
        let shown = begun("Costs").show(page).await;
        let shown = shown.unwrap_or_else(IntoResponse::into_response);
        let is_whole = http_body::Body::size_hint(shown.body()).exact().is_some();
        let status = shown.status();
        let html = to_bytes(shown.into_body(), 1 << 20).await.unwrap();
        (status, is_whole, String::from_utf8(html.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_in_two_parts_is_the_page() {
        let (status, is_whole, at_once) = told(Duration::ZERO, Ok(begun("Costs"))).await;
        assert_eq!((status, is_whole), (StatusCode::OK, true));
        let (status, is_whole, late) = told(SOON * 2, Ok(begun("Costs"))).await;
        assert_eq!((status, is_whole), (StatusCode::OK, false));
        assert_eq!(late, at_once);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_failure_is_told_within_the_page() {
        let failure = || Err(Trouble::Unavailable(StoreError::Closed));
        let (status, ..) = told(Duration::ZERO, failure()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let (status, _, html) = told(SOON * 2, failure()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(html.contains("Not available now") && html.trim_end().ends_with("</html>"));
        assert_eq!(html.matches("<main").count(), 1);
    }
}
