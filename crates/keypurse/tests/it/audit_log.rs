//! The audit log from the outside: what a process writes, and what the command
//! line says about it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use keypurse_store::AuditRecord;
use keypurse_store_sqlite::{AuditKey, audit_records, entries, purses, verify_audit_log};
use serde_json::json;

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup, keypurse};

const TOKENS: &str = "/v2/user/custom_token/";

fn records(data_dir: &Path) -> Vec<AuditRecord> {
    audit_records(&data_dir.join("keypurse.db"), usize::MAX).unwrap()
}

/// After whatever crash: the chain is whole, and each token was made once and
/// deleted as often as its row says. Names are not used twice in these runs'
/// books without being deleted.
pub(crate) fn assert_tells_what_the_tables_have(data_dir: &Path) {
    let database = data_dir.join("keypurse.db");
    let key: [u8; 32] = std::fs::read(data_dir.join("audit.key"))
        .unwrap()
        .try_into()
        .unwrap();
    verify_audit_log(&database, &[AuditKey::new(&key)], None).unwrap();
    let mut told = BTreeMap::<(String, String), usize>::new();
    for record in records(data_dir) {
        *told.entry((record.action, record.subject)).or_default() += 1;
    }
    let mut expected = BTreeMap::<(String, String), usize>::new();
    for purse in purses(&database).unwrap() {
        let Some(name) = purse.token else { continue };
        let mut expect = |action: &str| {
            *expected
                .entry((action.to_owned(), name.clone()))
                .or_default() += 1;
        };
        expect("token.create");
        if purse.is_deleted {
            expect("token.delete");
        }
    }
    for action in ["token.create", "token.delete"] {
        let of = |counts: &BTreeMap<(String, String), usize>| {
            let counts = counts.iter().filter(|((found, _), _)| found == action);
            counts
                .map(|(key, count)| (key.clone(), *count))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&told), of(&expected), "{action}");
    }
    assert!(!entries(&database).unwrap().is_empty());
}

fn text(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{stdout}{stderr}")
}

fn audit_log(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = keypurse();
    command.arg("audit-log").args(arguments);
    command.arg("--data-dir").arg(data_dir);
    command
}

fn succeeded(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    text(&output)
}

/// A server that made a token and stopped.
async fn served(folder: &Path, config: &str) -> Setup {
    let setup = Setup::new(folder).config(config);
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let body = json!({"name": "team"});
    let answer = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert!(process.terminate().success(), "{}", process.log());
    setup
}

fn provider(api_key: &str) -> String {
    format!(
        "[providers.canary]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         api_key = \"{api_key}\"\nfree = true\n"
    )
}

#[tokio::test]
async fn a_head_in_the_servers_log_shows_that_the_end_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let setup = served(folder.path(), "").await;
    let data_dir = setup.data_dir();
    let log = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    let head = log
        .lines()
        .rfind(|line| line.contains("the audit log has grown"));
    let head = head
        .and_then(|line| line.split("head=").nth(1))
        .unwrap()
        .trim()
        .to_owned();
    let proved = succeeded(audit_log(&data_dir, &["verify", "--head", &head]));
    assert!(proved.contains(&head), "{proved}");
    let shown = succeeded(audit_log(&data_dir, &["show", "--limit", "1"]));
    assert!(
        shown.contains("token.create") && shown.contains("by account_key from 127.0.0.1"),
        "{shown}"
    );
    let lines = succeeded(audit_log(&data_dir, &["show", "--json"]));
    for line in lines.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(record["seq"].is_i64(), "{line}");
    }
    let (hash, seq) = head.split_once(':').unwrap();
    let later = format!("{hash}:{}", seq.parse::<i64>().unwrap() + 1);
    let cut = refused(audit_log(&data_dir, &["verify", "--head", &later]));
    assert!(cut.contains("is missing"), "{cut}");
    let garbled = audit_log(&data_dir, &["verify", "--head", "x"])
        .output()
        .unwrap();
    assert_eq!(garbled.status.code(), Some(2));
}

#[tokio::test]
async fn a_start_tells_what_was_configured_differently_and_no_credential() {
    let folder = tempfile::tempdir().unwrap();
    let setup = served(folder.path(), &provider("sk-first-canary")).await;
    let mut process = setup.start().await;
    assert!(process.terminate().success());
    std::fs::write(
        folder.path().join("keypurse.toml"),
        provider("sk-other-canary"),
    )
    .unwrap();
    let mut process = setup.start().await;
    assert!(process.terminate().success());
    let records = records(&setup.data_dir());
    let changes: Vec<&AuditRecord> = records
        .iter()
        .filter(|record| record.action == "configuration.change")
        .collect();
    assert_eq!(changes.len(), 2, "{records:?}");
    let last = &changes[1].details;
    assert!(
        last.starts_with(r#"{"changed":["provider canary"]"#),
        "{last}"
    );
    for record in &records {
        assert!(!record.details.contains("sk-"), "{record:?}");
    }
    let adopted: Vec<_> = records
        .iter()
        .filter(|record| record.action == "key.adopt")
        .map(|record| (record.subject.as_str(), record.actor.as_str()))
        .collect();
    assert_eq!(adopted, [("pepper 1", "system"), ("master 1", "system")]);
}

#[tokio::test]
async fn what_the_command_line_does_is_told_and_keys_rotate_without_breaking_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = served(folder.path(), "").await.data_dir();
    let run = |arguments: &[&str]| {
        let mut command = keypurse();
        command.args(arguments).arg("--data-dir").arg(&data_dir);
        succeeded(command)
    };
    run(&["account", "create", "other", "--credits", "5"]);
    run(&["account", "reset-key", "other"]);
    run(&["keys", "rotate"]);
    run(&["keys", "retire", "--force"]);
    let records = records(&data_dir);
    let by_hand: Vec<_> = records
        .iter()
        .filter(|record| record.actor == "command_line")
        .map(|record| (record.action.as_str(), record.subject.as_str()))
        .collect();
    assert_eq!(
        by_hand,
        [
            ("account.create", "other"),
            ("account.reset_key", "other"),
            ("key.adopt", "pepper 2"),
            ("key.adopt", "master 2"),
            ("key.abandon", "pepper 1"),
            ("key.abandon", "master 1"),
        ]
    );
    succeeded(audit_log(&data_dir, &["verify"]));
}

#[tokio::test]
async fn a_lost_audit_key_is_noticed_and_replaced_only_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let setup = served(folder.path(), "").await;
    let data_dir = setup.data_dir();
    let key = data_dir.join("audit.key");
    let kept = folder.path().join("kept.key");
    std::fs::rename(&key, &kept).unwrap();
    let output = setup.command().output().unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output).contains("audit.key is missing"),
        "{}",
        text(&output)
    );
    let replaced = succeeded(audit_log(&data_dir, &["new-key"]));
    assert!(replaced.contains("goes on under"), "{replaced}");
    let refused = refused(audit_log(&data_dir, &["verify"]));
    assert!(
        refused.contains("record 1") && refused.contains("not at hand"),
        "{refused}"
    );
    let older = ["verify", "--older-key", kept.to_str().unwrap()];
    succeeded(audit_log(&data_dir, &older));
    let mut process = setup.start().await;
    assert!(process.terminate().success());
    let told = records(&data_dir);
    assert!(
        told.iter()
            .any(|record| record.action == "audit_key.replace")
    );
}

#[tokio::test]
async fn a_restored_log_goes_on_and_tells_the_acknowledgement() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = served(folder.path(), "").await.data_dir();
    for (with_keys, name) in [(true, "whole"), (false, "bare")] {
        let backup = folder.path().join(format!("{name}-backup"));
        let target = folder.path().join(name);
        let mut command = keypurse();
        command.args(["backup", "--data-dir"]).arg(&data_dir);
        command.arg("--to").arg(&backup);
        command.args(with_keys.then_some("--with-keys"));
        succeeded(command);
        let mut command = keypurse();
        command.args(["restore", "--from"]).arg(&backup);
        command.arg("--data-dir").arg(&target);
        if !with_keys {
            command.arg("--pepper").arg(data_dir.join("pepper.key"));
            command.arg("--master-key").arg(data_dir.join("master.key"));
        }
        let said = succeeded(command);
        assert_eq!(said.contains("under a new audit.key"), !with_keys, "{said}");
        let mut command = keypurse();
        command
            .args(["restore", "--ack", "--data-dir"])
            .arg(&target);
        succeeded(command);
        let older_key = data_dir.join("audit.key");
        let older = ["verify", "--older-key", older_key.to_str().unwrap()];
        succeeded(audit_log(&target, &older));
        let last = records(&target).pop().unwrap();
        assert_eq!(
            (last.action.as_str(), last.actor.as_str()),
            ("restore.acknowledge", "command_line")
        );
    }
}
