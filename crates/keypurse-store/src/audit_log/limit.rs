//! Keeps what others can cause at will from filling the log.

use keypurse_core::time::Timestamp;

/// Recorded at once; then one a minute.
const BURST: i64 = 20;
const MICROS_PER_RECORD: i64 = 60 * 1_000_000;

/// How many records of one kind are made: a burst, then one a minute, whoever
/// causes them and however often.
#[derive(Debug, Default)]
pub struct RecordLimit {
    /// When the whole burst may be recorded again, in microseconds.
    recovered_at: i64,
    /// How many were not recorded since the last that was.
    left_out: u64,
}

impl RecordLimit {
    /// Counts one: `Some`: it is to be recorded, and so many were not since the
    /// last.
    pub fn count(&mut self, now: Timestamp) -> Option<u64> {
        let next = self.recovered_at.max(now.micros()) + MICROS_PER_RECORD;
        if next - now.micros() > BURST * MICROS_PER_RECORD {
            self.left_out += 1;
            return None;
        }
        self.recovered_at = next;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::RecordLimit;
    use keypurse_core::time::Timestamp;

    #[test]
    fn a_flood_is_recorded_once_a_minute_with_how_many_were_left_out() {
        let mut limit = RecordLimit::default();
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let recorded = (0..1_000).filter_map(|_| limit.count(at(0)));
        assert_eq!(recorded.count(), 20);
        assert_eq!(limit.count(at(59)), None);
        assert_eq!(limit.count(at(60)), Some(981));
        assert_eq!(limit.count(at(60)), None);
        assert_eq!(limit.count(at(120)), Some(1));
    }
}
