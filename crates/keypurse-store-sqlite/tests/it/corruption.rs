//! Files that are not what was written: found before anything is served, never
//! mended in silence.

use std::fs;
use std::path::{Path, PathBuf};

use keypurse_store::Store;
use keypurse_store::conformance::{self, floor, new_hold, token, used};
use keypurse_store_sqlite::{OpenError, audit};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::harness::{TestStore, open};

/// Files a start reads, by what follows `keypurse.`.
const FILES: [&str; 4] = ["db", "db-wal", "sums", "tail"];

/// What a killed process left: pages in the database, commits in the log,
/// among them an open hold with a floor.
struct Image {
    folder: TempDir,
    /// Every row there is after recovery.
    rows: Vec<String>,
}

impl Image {
    async fn new() -> Self {
        let first = TestStore::new();
        let owner = conformance::account(first.get(), "owner", 1).await;
        let spender = token(first.get(), owner, "t", 2, 1_000_000).await;
        calls(first.get(), &spender, 1..=150).await;
        let second = TestStore::reopened(first.crash().await).unwrap();
        calls(second.get(), &spender, 151..=200).await;
        hold(second.get(), &spender, 201).await;
        let floor = second.get().open(used(201, 0).call, floor(50)).await;
        floor.unwrap();
        let folder = copy(&second.folder);
        second.crash().await;
        let copied = copy(&folder);
        open(database(&copied)).unwrap().close_now().await;
        let rows = rows(&database(&copied));
        Self { folder, rows }
    }

    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(format!("keypurse.{name}"))).unwrap()
    }

    /// Opens the image with one file changed.
    async fn with(&self, name: &str, content: &[u8]) -> Result<Vec<String>, OpenError> {
        let folder = copy(&self.folder);
        fs::write(folder.path().join(format!("keypurse.{name}")), content).unwrap();
        let path = database(&folder);
        open(path.clone())?.close_now().await;
        audit(&path).unwrap();
        Ok(rows(&path))
    }
}

/// Ends a store as a clean stop does.
trait CloseNow {
    async fn close_now(self);
}

impl CloseNow for keypurse_store_sqlite::SqliteStore {
    async fn close_now(self) {
        keypurse_store::Calls::close(&self).await.unwrap();
    }
}

async fn hold(store: &dyn Store, token: &keypurse_store::Token, call: i64) {
    let new = new_hold(store, token, 2, call, 100).await;
    store.hold(new).await.unwrap();
}

async fn calls(
    store: &dyn Store,
    token: &keypurse_store::Token,
    numbers: std::ops::RangeInclusive<i64>,
) {
    for call in numbers {
        hold(store, token, call).await;
        store.settle(used(call, 40)).await.unwrap();
    }
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("keypurse.db")
}

fn copy(from: &TempDir) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for name in FILES {
        let name = format!("keypurse.{name}");
        fs::copy(from.path().join(&name), to.path().join(&name)).unwrap();
    }
    // Nobody reads the ballast; a link to it saves time.
    let ballast = from.path().join("keypurse.ballast");
    fs::hard_link(ballast, to.path().join("keypurse.ballast")).unwrap();
    to
}

/// Every row of every table.
fn rows(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut names = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    let names: Vec<String> = names.collect::<Result<_, _>>().unwrap();
    let mut all = Vec::new();
    for name in names {
        let mut select = connection
            .prepare(&format!("SELECT * FROM {name}"))
            .unwrap();
        let columns = select.column_count();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values = (0..columns).map(|column| row.get_ref(column).unwrap());
            all.push(format!("{name} {:?}", values.collect::<Vec<_>>()));
        }
    }
    all
}

/// Flips bytes all over the files; returns how many flips were refused.
async fn flip(count: usize) -> usize {
    let image = Image::new().await;
    let (mut refused, mut seed) = (0, 0x2545_f491_4f6c_dd1d_u64);
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for number in 0..count {
        let name = FILES[number % FILES.len()];
        let mut content = image.file(name);
        let (at, bit) = (next(content.len()), next(8));
        content[at] ^= 1 << bit;
        match image.with(name, &content).await {
            Err(OpenError::Damaged(_)) => refused += 1,
            Err(other) => panic!("{name}, byte {at}: {other:?}"),
            Ok(rows) => assert_eq!(rows, image.rows, "{name}, byte {at}, bit {bit}"),
        }
    }
    refused
}

#[tokio::test]
async fn a_flipped_bit_is_refused_or_changes_nothing() {
    let refused = flip(240).await;
    assert!(refused > 120, "only {refused} of 240 were noticed");
}

/// The long half: `cargo test -p keypurse-store-sqlite --test it thousands_of -- --ignored`.
#[tokio::test]
#[ignore = "takes minutes; the slow suite runs it"]
async fn thousands_of_flipped_bits_are_refused_or_change_nothing() {
    let refused = flip(6_000).await;
    assert!(refused > 3_000, "only {refused} of 6,000 were noticed");
}

#[tokio::test]
async fn a_cut_or_missing_file_is_refused_by_name() {
    let image = Image::new().await;
    for (name, shorter_by, expected) in [
        // The last commit was answered: its loss is damage, torn or not.
        ("db-wal", 1, "frames were committed"),
        ("db-wal", 4120, "frames were committed"),
        ("db-wal", 4120 * 20 + 7, "frames were committed"),
        ("db-wal", usize::MAX, "missing or empty"),
        ("db", 4096 * 8, "ends before page"),
        ("db", usize::MAX, "ends before page"),
        ("sums", usize::MAX, "no list of checksums"),
        ("tail", 3, "checksum is wrong"),
    ] {
        let content = image.file(name);
        let kept = content.len().saturating_sub(shorter_by);
        let Err(refused) = image.with(name, &content[..kept]).await else {
            panic!("{name} cut by {shorter_by} was not noticed")
        };
        let shown = refused.to_string();
        assert!(
            shown.contains(&format!("keypurse.{name}")) && shown.contains(expected),
            "{name} cut by {shorter_by}: {shown}"
        );
    }
}

#[tokio::test]
async fn a_commit_torn_by_a_power_failure_is_no_damage() {
    let image = Image::new().await;
    // The note of the log's end had not reached the disk, and the last commit,
    // which nobody was told of, did so in part.
    let folder = copy(&image.folder);
    let wal = image.file("db-wal");
    fs::write(folder.path().join("keypurse.tail"), []).unwrap();
    fs::write(
        folder.path().join("keypurse.db-wal"),
        &wal[..wal.len() - 100],
    )
    .unwrap();
    open(database(&folder)).unwrap().close_now().await;
    audit(&database(&folder)).unwrap();
    // Two commits damaged in a row are more than a crash can tear.
    let mut torn = wal.clone();
    let middle = wal.len() / 2;
    torn[middle] ^= 1;
    let folder = copy(&image.folder);
    fs::write(folder.path().join("keypurse.tail"), []).unwrap();
    fs::write(folder.path().join("keypurse.db-wal"), torn).unwrap();
    let refused = open(database(&folder)).unwrap_err();
    assert!(refused.to_string().contains("commits follow"), "{refused}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_without_checksums_too() {
    let image = Image::new().await;
    let folder = copy(&image.folder);
    for name in ["sums", "tail"] {
        fs::remove_file(folder.path().join(format!("keypurse.{name}"))).unwrap();
    }
    let edit = Connection::open(database(&folder)).unwrap();
    let nonsense = "INSERT INTO journal VALUES (1000, x'07')";
    edit.execute(nonsense, []).unwrap();
    drop(edit);
    let refused = open(database(&folder)).unwrap_err().to_string();
    assert!(refused.contains("journal row 1000"), "{refused}");
    let folder = copy(&image.folder);
    for name in ["sums", "tail", "db-wal"] {
        fs::remove_file(folder.path().join(format!("keypurse.{name}"))).unwrap();
    }
    let mut header = image.file("db");
    header[..16].copy_from_slice(b"not a database!!");
    fs::write(database(&folder), header).unwrap();
    let refused = open(database(&folder)).unwrap_err();
    assert!(matches!(refused, OpenError::Damaged(_)), "{refused:?}");
}

#[tokio::test]
async fn a_clean_stop_is_checked_as_well() {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    token(store.get(), owner, "t", 2, 1_000).await;
    let folder = store.stop().await;
    let length = usize::try_from(fs::metadata(database(&folder)).unwrap().len()).unwrap();
    for at in (0..length).step_by(length / 40) {
        let mut content = fs::read(database(&folder)).unwrap();
        content[at] ^= 4;
        fs::write(database(&folder), &content).unwrap();
        let refused = open(database(&folder));
        assert!(matches!(refused, Err(OpenError::Damaged(_))), "byte {at}");
        content[at] ^= 4;
        fs::write(database(&folder), &content).unwrap();
    }
    TestStore::reopened(folder).unwrap().finish().await;
}
