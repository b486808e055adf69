//! The oracle: judges what a run left behind, by what everybody else knows.
//!
//! It is told what the provider produced, what each client received, what the
//! operator was told, and reads the books. It trusts none of the gateway's own
//! words: a charge is right when it is the price of what the provider billed,
//! and a promise is kept when somebody outside saw it kept. What it finds is
//! named by the invariant of `ARCHITECTURE.md` that is broken.
//!
//! One [`Oracle`] follows a run through as many lives of the gateway as there
//! are: it also checks that what was written once is never changed.

mod answers;
mod books;
mod calls;
mod judge;
mod logs;
mod operator;
#[cfg(test)]
mod tests;

pub use answers::Reading;
pub use books::Books;
pub use judge::{Oracle, Rules, Verdict, Violation};
pub use logs::{Act, ActKind, ClientSaw, Witnesses};
