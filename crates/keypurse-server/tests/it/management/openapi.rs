//! `/openapi.json`

use std::path::Path;
use std::{env, fs};

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::token_path;

/// After a change that is meant:
/// `UPDATE_SNAPSHOTS=1 cargo test -p keypurse-server openapi`
#[test]
fn the_document_is_the_one_in_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let document = keypurse_server::management::document();
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "docs/openapi.json differs; if that is meant, run \
         `UPDATE_SNAPSHOTS=1 cargo test -p keypurse-server openapi` and look at the diff"
    );
}

#[tokio::test]
async fn the_document_is_served_to_anyone() {
    let app = TestApp::new().await;
    let answer = app.get("/openapi.json").without_key().send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), keypurse_server::management::document());
    app.finish().await;
}

#[tokio::test]
async fn every_documented_operation_exists_and_every_reference_leads_somewhere() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let document = keypurse_server::management::document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
        {
            let method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{name}", "team").replace("{id}", "alr_0");
            let answer = app.request(method, &path).without_key().send().await;
            assert_eq!(answer.status, 401, "{path}");
        }
    }
    assert_eq!(app.get(&token_path("team")).send().await.status, 200);
    check_references(&document, &document);
    app.finish().await;
}

fn check_references(document: &Value, value: &Value) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some(), "{reference} leads nowhere");
    }
    let members = value
        .as_object()
        .into_iter()
        .flat_map(|object| object.values());
    let items = value.as_array().into_iter().flatten();
    for inner in members.chain(items) {
        check_references(document, inner);
    }
}

#[test]
fn changes_and_answers_promise_no_default() {
    let document = keypurse_server::management::document();
    let all = document["components"]["schemas"].as_object().unwrap();
    let names = ["UpdateToken", "UpdateAlert", "Token", "CreatedToken"];
    let others = ["UpdatedToken", "RotatedToken", "Oneself", "Alert"];
    for name in names.iter().chain(&others) {
        assert!(!all[*name].to_string().contains("\"default\""), "{name}");
    }
    let made = &all["CreateToken"]["properties"];
    assert_eq!(made["overdraft"]["default"], "clamp");
}
