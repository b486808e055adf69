//! Who is signed in: the cookie, the proofs that handlers ask for, and the
//! pages to sign in, out and to see one's sessions.

mod cookie;
mod list;
mod proofs;
mod sign_in;

pub(super) use list::{end, list};
pub(super) use proofs::{Admin, Viewer};
pub(super) use sign_in::{SignInPage, form, sign_in, sign_out};
