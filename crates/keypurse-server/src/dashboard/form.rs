//! Forms as browsers send them.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use zeroize::Zeroizing;

use super::trouble::Trouble;

const MAX_BYTES: usize = 64 * 1024;

/// The fields of a form, in its order.
#[derive(Debug)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// A field without the white space around it; absent is empty.
    pub(super) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it came; absent is empty.
    pub(super) fn raw(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether a box is ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        !self.raw(name).is_empty()
    }

    /// All of it, as a browser would send it.
    pub(super) fn encoded(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&self.fields).finish()
    }

    /// Reads what a query string or a form's body says.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let fields = form_urlencoded::parse(bytes).into_owned().collect();
        Self { fields }
    }
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Trouble;

    async fn from_request(request: Request, _: &S) -> Result<Self, Trouble> {
        if !is_form(request.headers()) {
            return Err(Trouble::NotAForm);
        }
        let body: Body = request.into_body();
        let collected = Limited::new(body, MAX_BYTES).collect().await;
        let bytes = collected.map_err(|_| Trouble::NotAForm)?.to_bytes();
        // It may hold a key.
        let bytes = Zeroizing::new(bytes.to_vec());
        Ok(Self::parse(&bytes))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let stated = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = stated.and_then(|stated| stated.split(';').next());
    essence.is_some_and(|essence| {
        essence
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}
