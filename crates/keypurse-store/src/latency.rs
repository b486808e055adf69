//! How long calls took, told from counts.

use crate::usage::Latency;

impl Latency {
    /// How long so many percent of the calls took at most, in milliseconds:
    /// the 50th percentile is the median. As exact as its bucket, in which
    /// calls are taken to lie evenly; what took longer than the last bound is
    /// told as that bound. `None`: there were no calls.
    pub fn percentile_ms(&self, percent: u32) -> Option<u32> {
        let calls: u64 = self.buckets.iter().sum();
        let rank = (u128::from(calls) * u128::from(percent))
            .div_ceil(100)
            .max(1);
        let mut before = 0;
        let mut lower = 0;
        for (count, upper) in self.buckets.into_iter().zip(Self::BOUNDS_MS) {
            let count = u128::from(count);
            if rank <= before + count {
                let part = u128::from(upper - lower) * (rank - before) / count;
                return Some(lower + u32::try_from(part).ok()?);
            }
            before += count;
            lower = upper;
        }
        (calls > 0).then_some(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::Latency;

    fn latency(counts: &[(usize, u64)]) -> Latency {
        let mut latency = Latency::default();
        for (bucket, count) in counts {
            latency.buckets[*bucket] = *count;
        }
        latency
    }

    #[test]
    fn a_percentile_is_as_exact_as_its_bucket() {
        let last = Latency::BOUNDS_MS.len();
        for (counts, expected) in [
            (&[][..], [None, None, None]),
            (&[(0, 1)], [Some(5), Some(5), Some(5)]),
            // A hundred calls between 150 and 250 ms.
            (&[(8, 100)], [Some(200), Some(240), Some(249)]),
            (&[(0, 50), (8, 50)], [Some(5), Some(230), Some(248)]),
            (&[(0, 98), (last, 2)], [Some(2), Some(4), Some(300_000)]),
            (&[(last, 7)], [Some(300_000); 3]),
            (&[(1, u64::MAX)], [Some(7), Some(9), Some(9)]),
        ] {
            let latency = latency(counts);
            let found = [50, 90, 99].map(|percent| latency.percentile_ms(percent));
            assert_eq!(found, expected, "{counts:?}");
        }
    }

    #[test]
    fn percentiles_never_fall() {
        let latency = latency(&[(2, 3), (5, 1), (9, 40), (17, 2)]);
        let found: Vec<_> = (1..=100).map(|at| latency.percentile_ms(at)).collect();
        assert!(found.is_sorted() && found.iter().all(Option::is_some));
    }
}
