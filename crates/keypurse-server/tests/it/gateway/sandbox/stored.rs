//! `GET` and `DELETE responses/{id}` of what was simulated.

use http::Method;
use keypurse_testkit::TestAnswer;
use serde_json::{Value, json};

use super::rehearsal::rehearsing;
use super::{Call, Shop, sandbox, with};
use crate::gateway::data;

fn responding() -> Value {
    json!({"model": "openai/gpt-4o", "input": "Tell me about the sea."})
}

/// A response, without what only the answer to its request tells.
async fn made(shop: &Shop, body: &Value) -> Value {
    let answer = Call::json("/v1/responses", body).ask(shop).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut response = if body["stream"] == true {
        let last: Value = serde_json::from_str(data(&answer.text).last().unwrap()).unwrap();
        last["response"].clone()
    } else {
        answer.json()
    };
    let members = response.as_object_mut().unwrap();
    for paid in ["cost", "provider", "simulated_cost"] {
        members.remove(paid);
    }
    if let Some(usage) = response["usage"].as_object_mut() {
        usage.remove("cost");
    }
    response
}

async fn look(shop: &Shop, method: Method, response: &Value, secret: &str) -> TestAnswer {
    let path = format!("/v1/responses/{}", response["id"].as_str().unwrap());
    shop.app.request(method, &path).key(secret).send().await
}

#[tokio::test]
async fn l12_a_simulated_response_is_shown_and_deleted_for_its_token_by_nobody() {
    for shop in [sandbox().await, rehearsing("1").await] {
        let other = json!({"name": "other", "token_type": "sandbox_api_token"});
        let (_, other) = shop.app.create_token(other).await;
        for stream in [false, true] {
            let response = made(&shop, &with(responding(), "stream", json!(stream))).await;
            assert_eq!(response["store"], true);
            for secret in [&other, shop.app.account_key()] {
                for method in [Method::GET, Method::DELETE] {
                    assert_eq!(look(&shop, method, &response, secret).await.status, 404);
                }
            }
            for _ in 0..2 {
                let shown = look(&shop, Method::GET, &response, &shop.secret).await;
                assert_eq!(shown.status, 200, "{}", shown.text);
                assert_eq!(shown.header("content-type"), "application/json");
                assert_eq!(shown.json(), response);
            }
            let gone = look(&shop, Method::DELETE, &response, &shop.secret).await;
            let expected = json!({"id": response["id"], "object": "response", "deleted": true});
            assert_eq!((gone.status, gone.json()), (200, expected));
            for method in [Method::GET, Method::DELETE] {
                let again = look(&shop, method, &response, &shop.secret).await;
                assert_eq!(again.status, 404, "{}", again.text);
                assert_eq!(again.json()["error"]["code"], "response_not_found");
            }
        }
        assert!(shop.upstream.received().is_empty());
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn a_response_that_is_not_to_be_stored_is_not() {
    let shop = sandbox().await;
    let response = made(&shop, &with(responding(), "store", json!(false))).await;
    assert_eq!(response["store"], false);
    let shown = look(&shop, Method::GET, &response, &shop.secret).await;
    assert_eq!(shown.status, 404, "{}", shown.text);
}
