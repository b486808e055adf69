//! What has to hold whatever comes in, and inputs to try it with.
//!
//! Inputs are made from seeds, valid ones and ones that once broke something, by
//! a seeded generator: a run repeats, and says which input broke what.

mod mutate;
mod parsers;
mod translators;

pub use mutate::Mutator;

/// Something that reads what strangers write. Its check panics when a promise is
/// broken.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Also the folder of its seeds.
    pub name: &'static str,
    /// Reads one input.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "bodies",
        check: parsers::body,
    },
    Target {
        name: "forms",
        check: parsers::form,
    },
    Target {
        name: "secrets",
        check: parsers::secret,
    },
    Target {
        name: "usage",
        check: parsers::usage,
    },
    Target {
        name: "events",
        check: parsers::events,
    },
    Target {
        name: "requests",
        check: translators::requests,
    },
    Target {
        name: "answers",
        check: translators::answers,
    },
    Target {
        name: "streams",
        check: translators::streams,
    },
];
