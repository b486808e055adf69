//! Commands that ask a node: a running one, or a data directory.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup, keypurse};

fn said(output: &Output) -> (String, String, Option<i32>) {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    (stdout, stderr, output.status.code())
}

/// A command to the running server of `setup`.
fn to_server(setup: &Setup, arguments: &[&str]) -> Command {
    let mut command = keypurse();
    command
        .current_dir(&setup.folder)
        .args(arguments)
        .env("KEYPURSE_URL", format!("http://{}", setup.address))
        .env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
    command
}

/// A command to a data directory.
fn to_folder(folder: &Path, data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = keypurse();
    command
        .current_dir(folder)
        .args(arguments)
        .arg("--data-dir")
        .arg(data_dir);
    command
}

fn done(command: &mut Command) -> String {
    let (stdout, stderr, code) = said(&command.output().unwrap());
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    stdout
}

/// What a refused command says; it has a hint.
fn refused(command: &mut Command) -> String {
    let (stdout, stderr, code) = said(&command.output().unwrap());
    assert_eq!((&*stdout, code), ("", Some(1)), "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(stderr.contains("\n\nhint: "), "{stderr}");
    stderr
}

#[tokio::test]
async fn a_server_and_its_data_directory_answer_alike() {
    let folder = tempfile::tempdir().unwrap();
    let zone = "Pacific/Auckland";
    let mut setup = Setup::new(folder.path())
        .argument("--demo")
        .argument("--time-zone")
        .argument(zone);
    setup.preset_key = false;
    let mut process = setup.start().await;
    let data_dir = setup.data_dir();
    let url = format!("http://{}", setup.address);
    let asked = |arguments: &[&str]| {
        let mut command = to_folder(&setup.folder, &data_dir, arguments);
        command
            .args(["--url", &url])
            .env("KEYPURSE_TIME_ZONE", zone);
        command
    };
    let create = [
        "token",
        "create",
        "ci",
        "--balance",
        "99999.999999999",
        "-q",
    ];
    let secret = done(&mut asked(&create));
    assert!(
        secret.starts_with("kp_live_") && secret.trim().len() == 46,
        "{secret}"
    );
    let exact = done(&mut asked(&["token", "list", "--json"]));
    assert!(exact.contains("\"balance\":99999.999999999,"), "{exact}");
    done(&mut asked(&[
        "alerts",
        "create",
        "low",
        "--kind",
        "exhausted",
    ]));
    call(&setup, secret.trim()).await;
    let commands: [&[&str]; 6] = [
        &["token", "list", "--json"],
        &["token", "get", "ci"],
        &["alerts", "list"],
        &["usage", "--by", "model", "--step", "day", "--json"],
        &["usage", "calls", "--json"],
        &["top", "--once", "--sort", "balance"],
    ];
    let while_it_runs = commands.map(|arguments| done(&mut asked(arguments)));
    let held = refused(&mut to_folder(&setup.folder, &data_dir, &["token", "list"]));
    assert!(held.contains("leave out --data-dir"), "{held}");
    assert!(process.terminate().success());
    let without =
        commands.map(|arguments| done(&mut to_folder(&setup.folder, &data_dir, arguments)));
    let same = |(one, other): (&String, &String)| untimed(one) == untimed(other);
    assert!(
        while_it_runs.iter().zip(&without).all(same),
        "{while_it_runs:#?}\n{without:#?}"
    );
    assert!(without[4].contains("demo"), "{}", without[4]);
    // What is changed without a server is there when it runs again.
    let delete = ["token", "delete", "ci", "--yes"];
    done(&mut to_folder(&setup.folder, &data_dir, &delete));
    let mut process = setup.start().await;
    assert_eq!(done(&mut asked(&["token", "list", "--json"])), "[]\n");
    assert!(process.terminate().success());
}

async fn call(setup: &Setup, secret: &str) {
    let body = json!({"model": "demo/echo", "messages": [{"role": "user", "content": "Hello"}]});
    let client = Client::new(&setup.address);
    let answer = client.post("/v1/chat/completions", secret, &body).await;
    assert_eq!(answer.unwrap().status, 200);
}

/// Without the line that says when it was.
fn untimed(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.contains(" UTC · "))
        .collect()
}

#[tokio::test]
async fn what_cannot_be_reached_or_entered_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let list = ["token", "list"];
    let nobody = refused(&mut to_server(&setup, &list));
    assert!(
        nobody.contains("there is no server at") && nobody.contains("keypurse serve"),
        "{nobody}"
    );
    let no_key = refused(to_server(&setup, &list).env_remove("KEYPURSE_ACCOUNT_KEY"));
    assert!(no_key.contains("keypurse-data/account.key"), "{no_key}");
    let no_folder = refused(&mut to_folder(folder.path(), &setup.data_dir(), &list));
    assert!(no_folder.contains("there is no database in"), "{no_folder}");
    let no_address = refused(to_server(&setup, &list).args(["--url", "127.0.0.1:8787"]));
    assert!(
        no_address.contains("is no address of a server"),
        "{no_address}"
    );
    let mut process = setup.start().await;
    let wrong = refused(to_server(&setup, &list).env("KEYPURSE_ACCOUNT_KEY", "x".repeat(40)));
    assert!(wrong.contains("This API key is not valid"), "{wrong}");
    let secret = done(&mut to_server(
        &setup,
        &["token", "create", "ci", "--secret-only"],
    ));
    let token = refused(to_server(&setup, &list).env("KEYPURSE_ACCOUNT_KEY", secret.trim()));
    assert!(token.contains("use the account key"), "{token}");
    assert!(!token.contains(secret.trim()), "{token}");
    assert!(process.terminate().success());
}

#[tokio::test]
async fn a_key_is_found_in_a_file_before_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    let file = folder.path().join("right.key");
    std::fs::write(&file, format!("{ACCOUNT_KEY}\n")).unwrap();
    let mut command = to_server(&setup, &["token", "list", "--json", "--key-file"]);
    command
        .arg(&file)
        .env("KEYPURSE_ACCOUNT_KEY", "wrong".repeat(8));
    assert_eq!(done(&mut command), "[]\n");
    std::fs::write(&file, "\n").unwrap();
    assert!(refused(&mut command).contains("is empty"));
    assert!(process.terminate().success());
}

#[tokio::test]
async fn top_writes_a_line_of_json_each_time_until_it_is_ended() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    done(&mut to_server(
        &setup,
        &["token", "create", "ci", "--balance", "0.000000001"],
    ));
    let mut top = to_server(&setup, &["top", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(top.stdout.take().unwrap()).lines();
    let lines: Vec<String> = lines.take(2).map(Result::unwrap).collect();
    for line in &lines {
        let read: Value = serde_json::from_str(line).unwrap();
        assert_eq!(read["keys"][0]["token"], "ci");
        assert!(line.contains("\"balance\":0.000000001"), "{line}");
    }
    let pid = top.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(top.wait().unwrap().code(), Some(0));
    assert!(process.terminate().success());
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = done(keypurse().args(["completions", shell]));
        for word in ["top-up", "deliveries", "secret-only", "balance-share-below"] {
            assert!(script.contains(word), "{word} is not in what {shell} gets");
        }
    }
    let bash = done(keypurse().args(["completions", "bash"]));
    let checked = Command::new("bash")
        .args(["-n", "-c", &bash])
        .output()
        .unwrap();
    assert!(checked.status.success(), "{:?}", said(&checked));
    let (_, stderr, code) = said(&keypurse().args(["completions", "tcsh"]).output().unwrap());
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let script = format!(
        "{} completions bash | head -1",
        env!("CARGO_BIN_EXE_keypurse")
    );
    let output = Command::new("bash")
        .args(["-o", "pipefail", "-c", &script])
        .output()
        .unwrap();
    assert!(output.status.success(), "{:?}", said(&output));
}

#[tokio::test]
async fn the_lines_of_the_reference_run() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    let reference = include_str!("../../../../docs/cli.md");
    let blocks = reference.split("```sh\n").skip(1);
    let lines: String = blocks.filter_map(|rest| rest.split("```").next()).collect();
    let lines = lines.replace("127.0.0.1:8787", &setup.address);
    let program = Path::new(env!("CARGO_BIN_EXE_keypurse")).parent().unwrap();
    let output = Command::new("sh")
        .args(["-euc", &lines])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
        .env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY)
        .output()
        .unwrap();
    let (stdout, stderr, code) = said(&output);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    for word in ["kp_test_", "$7.50", "balance below $1.00", "calls/s"] {
        assert!(stdout.contains(word), "{word}: {stdout}");
    }
    assert!(process.terminate().success());
}
