//! File descriptors: each client's connection needs one, and its call another.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What files, idle connections to providers and operators' own requests need.
const SPARE: usize = 512;

/// How many connections there may be: `wanted`, or as many as there are file
/// descriptors for. The process takes all its user may have.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = raise();
    let connections = affordable(limit);
    if connections >= wanted {
        return wanted;
    }
    tracing::warn!(
        limit,
        connections,
        wanted,
        "there are too few file descriptors for that many connections; raise the limit of open \
         files (ulimit -n), or lower max_connections"
    );
    connections
}

/// The limit of open files, as high as it goes.
fn raise() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    // None: no limit at all.
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

/// Two descriptors for each, beside what is spared for the rest: at most half.
fn affordable(limit: usize) -> usize {
    (limit - SPARE.min(limit / 2)) / 2
}

#[cfg(test)]
mod tests {
    use super::affordable;

    #[test]
    fn every_connection_leaves_descriptors_for_its_call_and_for_the_rest() {
        for (limit, connections) in [
            (256, 64),
            (1024, 256),
            (4096, 1792),
            (65_536, 32_512),
            (2, 0),
            (0, 0),
        ] {
            assert_eq!(affordable(limit), connections, "{limit}");
        }
    }
}
