//! `/docs`: the document of `/openapi.json` as a page for people. Made here
//! from the document, with one style sheet and no script: it works offline and
//! under the strictest policy.

mod html;
mod operation;
mod schema;
mod walk;
mod whole;

pub(in crate::management) use whole::{show, style};
