//! A form that asks for a change, and is done once however often it is sent.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::Method;
use keypurse_store::{Claim, Once, Render};

use super::Form;
use crate::dashboard::session::Admin;
use crate::dashboard::trouble::Trouble;
use crate::http::idempotency::{Asked, claim};
use crate::state::{AppState, State};

/// The field of a form that names it.
const ONCE: &str = "once";
const LONGEST_ONCE: usize = 64;

/// A form that asks for a change, sent by somebody who may make it.
#[derive(Debug)]
pub(in crate::dashboard) struct Sent {
    pub(in crate::dashboard) admin: Admin,
    pub(in crate::dashboard) form: Form,
    /// Where it was sent to.
    path: String,
}

impl FromRequest<AppState> for Sent {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let admin = Admin::from_request_parts(&mut parts, state).await?;
        let path = parts.uri.path().to_owned();
        let form = Form::from_request(Request::from_parts(parts, body), state).await?;
        Ok(Self { admin, form, path })
    }
}

/// The name of the next form, for a hidden field.
pub(in crate::dashboard) fn once(state: &State) -> String {
    let mut bytes = [0; 16];
    state.entropy.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

impl Sent {
    /// The claim of a form that has a name.
    pub(in crate::dashboard) fn claim(&self) -> Option<Claim> {
        let key = self.form.get(ONCE);
        if !(1..=LONGEST_ONCE).contains(&key.len()) {
            return None;
        }
        let body = self.form.encoded();
        let asked = Asked {
            method: &Method::POST,
            path: &self.path,
            body: body.as_bytes(),
        };
        Some(claim(&self.admin.viewer.account.id, key, &asked))
    }

    /// Asks that it be done once; `render` makes what is told when it is sent
    /// again.
    pub(in crate::dashboard) fn once<T>(&self, render: Render<T>) -> Option<Once<T>> {
        self.claim().map(|claim| Once { claim, render })
    }
}
