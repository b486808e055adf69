//! A form as browsers send it.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use zeroize::Zeroizing;

use crate::dashboard::trouble::Trouble;
use crate::http::pace::TooSlow;

const MAX_BYTES: usize = 64 * 1024;

/// The fields of a form, in its order.
#[derive(Debug)]
pub(in crate::dashboard) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// A field without the white space around it; absent is empty.
    pub(in crate::dashboard) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it came; absent is empty.
    pub(in crate::dashboard) fn raw(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether a box is ticked.
    pub(in crate::dashboard) fn is_ticked(&self, name: &str) -> bool {
        !self.raw(name).is_empty()
    }

    /// All of it, as a browser would send it.
    pub(in crate::dashboard) fn encoded(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&self.fields).finish()
    }

    /// Reads what a query string or a form's body says.
    pub(in crate::dashboard) fn parse(bytes: &[u8]) -> Self {
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
        let bytes = match Limited::new(body, MAX_BYTES).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if TooSlow::is_cause_of(&*error) => return Err(Trouble::TooSlow),
            Err(_) => return Err(Trouble::NotAForm),
        };
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
