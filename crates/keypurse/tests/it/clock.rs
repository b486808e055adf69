//! A machine whose clock is behind what it was, across a restart.

use serde_json::json;

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup};
use crate::provider::Provider;
use crate::shop::{CHAT, TOKENS, hello, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_key_does_not_revive_when_the_clock_is_behind_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let setup = Setup::new(folder.path()).config(&provider.config());
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let lasting = token(&client, "lasting").await;
    let body = json!({"name": "expiring", "expire_time": "2099-01-01T00:00:00Z"});
    let created = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    let expiring = created.json()["token"].as_str().unwrap().to_owned();
    assert!(process.terminate().success(), "{}", process.log());

    // As if the earlier run had seen a time that the clock has not now.
    let note = setup.data_dir().join("keypurse.clock");
    let noted = std::fs::read_to_string(&note).unwrap();
    assert!(noted.starts_with("20") && noted.ends_with("Z\n"), "{noted}");
    std::fs::write(&note, "2098-12-31T00:00:00Z\n").unwrap();
    let mut process = setup.start_listening();
    let client = Client::new(&setup.address);
    assert_eq!(client.get("/readyz", "").await.unwrap().status, 503);
    assert_eq!(client.get("/livez", "").await.unwrap().status, 200);
    let refused = client.post(CHAT, &expiring, &hello()).await.unwrap();
    assert_eq!(refused.status, 503, "{}", refused.text);
    let served = client.post(CHAT, &lasting, &hello()).await.unwrap();
    assert_eq!(served.status, 200, "{}", served.text);
    assert!(process.terminate().success(), "{}", process.log());
    assert!(process.log().contains("the clock is behind what it was"));
    let kept = std::fs::read_to_string(&note).unwrap();
    assert!(kept.starts_with("2098-12-31"), "the floor stays: {kept}");

    // What the operator does when the note is wrong and the clock is right.
    std::fs::remove_file(&note).unwrap();
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let served = client.post(CHAT, &expiring, &hello()).await.unwrap();
    assert_eq!(served.status, 200, "{}", served.text);
    assert!(process.terminate().success(), "{}", process.log());
}
