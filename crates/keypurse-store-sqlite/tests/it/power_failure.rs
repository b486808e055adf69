//! What was written and not flushed may be on the disk in any part when the
//! power fails.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use keypurse_core::money::Money;
use keypurse_store::Token;
use keypurse_store::conformance::{self, balance, new_hold, token, used};
use keypurse_store_sqlite::audit;
use tempfile::TempDir;

use crate::harness::TestStore;

/// What a disk writes at once.
const SECTOR: usize = 512;
const CALLS: i64 = 25;
const CUTS: u64 = 500;
/// Nobody reads what is in it.
const BALLAST: &str = "keypurse.ballast";
const LOG: &str = "keypurse.db-wal";

/// The files when an operation was on disk, and what the token had then.
struct Moment {
    files: BTreeMap<String, Vec<u8>>,
    balance: Money,
}

impl Moment {
    fn of(store: &TestStore, balance: Money) -> Self {
        let mut files = BTreeMap::new();
        for file in fs::read_dir(store.folder.path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            if name.starts_with("keypurse.") && name != BALLAST {
                files.insert(name, fs::read(file.path()).unwrap());
            }
        }
        Self { files, balance }
    }

    fn log(&self) -> &[u8] {
        &self.files[LOG]
    }
}

/// Each operation of some calls, one commit after the other.
async fn history(store: &TestStore) -> (Token, Vec<Moment>) {
    let owner = conformance::account(store.get(), "owner", 1).await;
    let spender = token(store.get(), owner, "t", 2, 1_000_000).await;
    let mut left = balance(store.get(), &spender).await;
    let mut moments = vec![Moment::of(store, left)];
    for call in 1..=CALLS {
        let new = new_hold(store.get(), &spender, 2, call, 100).await;
        store.get().hold(new).await.unwrap();
        moments.push(Moment::of(store, left));
        store
            .get()
            .settle(used(call, u32::try_from(call).unwrap()))
            .await
            .unwrap();
        left -= Money::from_nanos(call);
        moments.push(Moment::of(store, left));
    }
    (spender, moments)
}

/// Sectors in which two logs differ.
fn written(before: &[u8], after: &[u8]) -> Vec<Range<usize>> {
    let sectors = (0..after.len().div_ceil(SECTOR)).map(|sector| {
        let start = sector * SECTOR;
        start..after.len().min(start + SECTOR)
    });
    let differs =
        |sector: &Range<usize>| before.get(sector.clone()) != Some(&after[sector.clone()]);
    sectors.filter(differs).collect()
}

/// The log with some of what was written after it was flushed.
fn torn(before: &[u8], after: &[u8], reached: &[Range<usize>]) -> Vec<u8> {
    let mut log = before.to_vec();
    // The file's length may be on disk before what is in it.
    log.resize(before.len().max(after.len()), 0);
    for sector in reached {
        log[sector.clone()].copy_from_slice(&after[sector.clone()]);
    }
    log
}

fn restored(moment: &Moment, log: Vec<u8>, from: &TestStore) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in &moment.files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    fs::write(folder.path().join(LOG), log).unwrap();
    let ballast = from.folder.path().join(BALLAST);
    fs::hard_link(ballast, folder.path().join(BALLAST)).unwrap();
    folder
}

fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[tokio::test]
async fn whatever_part_of_a_commit_reached_the_disk_all_before_it_is_there_and_no_part_of_it() {
    let store = TestStore::new();
    let (token, moments) = history(&store).await;
    let (mut seed, mut undone) = (0x9e37_79b9_7f4a_7c15, 0);
    for cut in 0..CUTS {
        let at = usize::try_from(next(&mut seed)).unwrap() % (moments.len() - 1);
        let (before, after) = (&moments[at], &moments[at + 1]);
        let sectors = written(before.log(), after.log());
        // From none of them to all, in any order.
        let share = next(&mut seed) % 5;
        let reaches = |_: &&Range<usize>| next(&mut seed) % 4 < share;
        let reached: Vec<_> = sectors.iter().filter(reaches).cloned().collect();
        let log = torn(before.log(), after.log(), &reached);
        let after_failure = TestStore::reopened(restored(before, log, &store))
            .unwrap_or_else(|refused| panic!("cut {cut} after operation {at}: {refused}"));
        audit(&after_failure.path()).unwrap();
        let left = balance(after_failure.get(), &token).await;
        let is_done = reached.len() == sectors.len();
        assert!(
            (left == before.balance && !is_done) || (left == after.balance && !reached.is_empty()),
            "cut {cut} after operation {at}: {left}"
        );
        undone += u64::from(left == before.balance);
        after_failure.stop().await;
    }
    assert!(undone > CUTS / 2, "{undone} of {CUTS} were torn");
    store.finish().await;
}
