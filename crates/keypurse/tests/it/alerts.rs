//! A running node tells its operator, also after it was killed.

use std::time::Duration;

use keypurse_testkit::upstream::{Received, Reply, ScriptedUpstream};
use serde_json::json;

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup};
use crate::shop::TOKENS;

const ALERTS: &str = "/v2/alerts/";
/// A look every two seconds, a try, and a second one after a second; far less
/// than this unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

async fn told(receiver: &ScriptedUpstream, times: usize) -> Vec<Received> {
    let told = tokio::time::timeout(PATIENCE, receiver.wait_for(times)).await;
    told.expect("the receiver is told in time");
    receiver.received()
}

#[tokio::test]
async fn a_killed_node_goes_on_telling_what_it_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = ScriptedUpstream::start().await;
    receiver.always(Reply::text(500, "text/plain", "not now"));
    let setup = Setup::new(folder.path()).config("allow_private_webhooks = [\"127.0.0.0/8\"]\n");
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    for (path, body) in [
        (TOKENS, json!({"name": "empty", "active_balance": true})),
        (
            ALERTS,
            json!({
                "name": "n", "kind": "exhausted", "token": "*",
                "webhook": {"url": receiver.base_url(), "secret": "whsec_0123456789"},
            }),
        ),
    ] {
        let made = client.post(path, ACCOUNT_KEY, &body).await.unwrap();
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let before = told(&receiver, 1).await;
    process.kill();
    let known = receiver.received().len();
    receiver.always(Reply::text(200, "text/plain", ""));
    let mut process = setup.start().await;
    let after = told(&receiver, known + 1).await;
    assert_eq!(after[known].body, before[0].body, "the same event");
    let events = format!("{ALERTS}events/");
    let events = Client::new(&setup.address)
        .get(&events, ACCOUNT_KEY)
        .await
        .unwrap();
    assert_eq!(events.json()["events"].as_array().unwrap().len(), 1);
    assert!(process.terminate().success());
}
