//! A start on files that are not what was written, and on a folder that cannot
//! be written.

use std::path::Path;
use std::process::Output;

use crate::client::Client;
use crate::process::Setup;
use crate::provider::Provider;
use crate::shop::{CHAT, hello, token};
use crate::small_disk::SmallDisk;

/// What a killed node left.
async fn left_by_a_kill(folder: &Path) -> Setup {
    let provider = Provider::start().await;
    let setup = Setup::new(folder).config(&provider.config());
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let secret = token(&client, "t").await;
    for _ in 0..20 {
        let answer = client.post(CHAT, &secret, &hello()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    process.kill();
    setup
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_damaged_file_says_which_and_what_to_do_and_changes_nothing() {
    for (name, at) in [("keypurse.db", 5000), ("keypurse.db-wal", 5000)] {
        let folder = tempfile::tempdir().unwrap();
        let setup = left_by_a_kill(folder.path()).await;
        let path = setup.data_dir().join(name);
        let mut content = std::fs::read(&path).unwrap();
        content[at] ^= 0x10;
        std::fs::write(&path, &content).unwrap();
        let output = setup.command().output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in [
            name,
            "is damaged",
            "restore your last backup",
            "keypurse audit",
        ] {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
        assert!(
            std::fs::read(&path).unwrap() == content,
            "{name} was changed"
        );
        content[at] ^= 0x10;
        std::fs::write(&path, &content).unwrap();
        assert!(setup.start().await.terminate().success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_in_a_folder_that_cannot_be_written_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let name = "corruption::a_start_in_a_folder_that_cannot_be_written_says_so";
    let setup = Setup::new(folder.path());
    let Some(disk) = SmallDisk::mount(&setup.data_dir(), name) else {
        return;
    };
    assert!(setup.start().await.terminate().success());
    disk.make_read_only();
    let output = setup.command().output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("data directory") && said.contains("Read-only"),
        "{said}"
    );
}
