//! Places where a crash matters, and where a test can make one happen.
//!
//! [`reach`] does nothing unless the feature `failpoints` is on, which only
//! the development dependencies of the binary switch on. Then a process that
//! was started with `FAILPOINTS="writer.after-commit=3*off->return"` ends at
//! once, as by `kill -9`, when it comes to that place for the fourth time.
//! With `return(100)` it lingers there for 100 ms first: the rest of it goes
//! on, and whoever should have waited for this place gives itself away.
//!
//! | Name | A crash there finds |
//! |---|---|
//! | `store.migrate` | a schema change that is written and not committed |
//! | `recovery.between-rows` | some open holds resolved, others not, nothing committed |
//! | `recovery.before-commit` | all of them resolved, nothing committed |
//! | `writer.before-decide` | a batch taken from the queue |
//! | `writer.after-decide` | a batch decided in memory alone |
//! | `writer.before-commit` | a batch written, not committed |
//! | `writer.after-commit` | a batch on disk whose callers do not know |
//! | `writer.carry-forward` | an old hold about to be written again |
//! | `writer.journal-trim` | journal rows about to be deleted |
//! | `writer.checkpoint` | a log about to be written back into the file |
//! | `call.authenticated` | a call that is known, not bounded |
//! | `call.before-hold` | a call bounded, without money |
//! | `call.after-hold` | money set aside, nothing sent |
//! | `call.dispatched` | a request at the provider, its answer begun |
//! | `call.before-charge` | an answer's end known, its charge not on disk |
//! | `call.after-charge` | the charge on disk, the last byte not sent |
//! | `call.before-void` | a failure known, its hold not released |
//! | `stream.before-floor` | text here that nothing covers yet |
//! | `stream.after-floor` | text covered on disk, not delivered |
//! | `stream.delivered` | text on its way to the client |
//! | `stream.draining` | a provider still sending after its client left |
//! | `token.before-create` | a token decided on |
//! | `token.created` | a token on disk, its secret not told |
//! | `token.before-rotate` | a new secret made |
//! | `token.rotated` | the old secret dead, the new one not told |
//! | `token.before-delete` | a deletion asked for |
//! | `token.deleted` | a token gone, its streams running, nobody told |

/// Every place there is, in the order of the table.
pub const ALL: [&str; 27] = [
    "store.migrate",
    "recovery.between-rows",
    "recovery.before-commit",
    "writer.before-decide",
    "writer.after-decide",
    "writer.before-commit",
    "writer.after-commit",
    "writer.carry-forward",
    "writer.journal-trim",
    "writer.checkpoint",
    "call.authenticated",
    "call.before-hold",
    "call.after-hold",
    "call.dispatched",
    "call.before-charge",
    "call.after-charge",
    "call.before-void",
    "stream.before-floor",
    "stream.after-floor",
    "stream.delivered",
    "stream.draining",
    "token.before-create",
    "token.created",
    "token.before-rotate",
    "token.rotated",
    "token.before-delete",
    "token.deleted",
];

#[cfg(all(feature = "failpoints", not(debug_assertions)))]
compile_error!("a release build must not end at a failpoint: leave out the feature `failpoints`");

/// Whether a process can end at a failpoint, so that what is rare may happen
/// more often.
pub const ARE_THERE: bool = cfg!(feature = "failpoints");

/// Ends the process here, without a trace, when `FAILPOINTS` says so; perhaps
/// after a while.
#[cfg(feature = "failpoints")]
pub fn reach(name: &'static str) {
    debug_assert!(ALL.contains(&name), "{name} is not in the table");
    if let Some(linger_ms) = fail::eval(name, |linger_ms| linger_ms) {
        linger(
            linger_ms
                .and_then(|millis| millis.parse().ok())
                .unwrap_or(0),
        );
        std::process::abort();
    }
}

#[cfg(feature = "failpoints")]
#[expect(clippy::disallowed_methods, reason = "this thread shall go no further")]
fn linger(millis: u64) {
    std::thread::sleep(std::time::Duration::from_millis(millis));
}

/// Does nothing: the feature `failpoints` is off.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn reach(_: &'static str) {}

/// Reads `FAILPOINTS`, once, before anything is reached.
#[cfg(feature = "failpoints")]
pub fn arm() {
    // Dropping it would disarm all of them again.
    std::mem::forget(fail::FailScenario::setup());
}

/// Does nothing: the feature `failpoints` is off.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn arm() {}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_lists_every_place_in_order() {
        let listed: Vec<&str> = include_str!("failpoint.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | `")?.split('`').next())
            .collect();
        assert_eq!(listed, super::ALL);
    }
}
