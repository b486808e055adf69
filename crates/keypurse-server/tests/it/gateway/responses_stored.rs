//! `GET` and `DELETE responses/{id}`, and going on from a response.

use http::Method;
use keypurse_server::vault::{Keyring, VersionedKey};
use keypurse_testkit::TestAnswer;
use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::responses::{RESPONSES, answers, responding, response, used};
use super::{Shop, UPSTREAM_KEY, with};

/// A response is made; how its client names it.
async fn made(shop: &Shop) -> String {
    shop.upstream.next(answers("Hello"));
    let answer = shop.call(RESPONSES, &responding()).send().await;
    assert!(!answer.text.contains("resp_up1"), "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn look(shop: &Shop, method: Method, id: &str, secret: &str) -> TestAnswer {
    let path = format!("{RESPONSES}/{id}");
    shop.app.request(method, &path).key(secret).send().await
}

async fn another_token(shop: &Shop, body: Value) -> String {
    shop.app.create_token(body).await.1
}

#[tokio::test]
async fn a_stored_response_is_shown_to_its_owner_and_deleted_for_nothing() {
    let shop = Shop::open("1").await;
    let id = made(&shop).await;
    let mut kept = response("Hello", &used(10, 20));
    kept["previous_response_id"] = json!("resp_up0");
    shop.upstream.next(Reply::json(200, &kept));
    let path = format!("/v3/responses/{id}/?include[]=reasoning.encrypted_content&api-key=x");
    let shown = shop.app.get(&path).key(&shop.secret).send().await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert_eq!(shown.json()["id"], id);
    assert!(!shown.text.contains("resp_up"), "{}", shown.text);
    let asked = shop.upstream.last();
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("GET", "/v1/responses/resp_up1")
    );
    assert_eq!(asked.query, "include%5B%5D=reasoning.encrypted_content");
    let key = asked.headers["authorization"].to_str().unwrap();
    assert_eq!(key, format!("Bearer {UPSTREAM_KEY}"));

    let gone = json!({"id": "resp_up1", "object": "response", "deleted": true});
    shop.upstream.next(Reply::json(200, &gone));
    let deleted = look(&shop, Method::DELETE, &id, &shop.secret).await;
    let expected = json!({"id": id, "object": "response", "deleted": true});
    assert_eq!((deleted.status, deleted.json()), (200, expected));
    assert_eq!(shop.upstream.last().method, Method::DELETE);
    assert_eq!(shop.charged().await, 210_000, "for making it");
    assert_eq!(shop.app.calls().len(), 1);
}

#[tokio::test]
async fn nobody_sees_deletes_or_goes_on_from_anothers_response() {
    let shop = Shop::open("1").await;
    let id = made(&shop).await;
    let other = another_token(&shop, json!({"name": "other"})).await;
    let sandbox = json!({"name": "sandbox", "token_type": "sandbox_api_token"});
    let sandbox = another_token(&shop, sandbox).await;
    let account = shop.app.account_key().to_owned();
    let stranger = shop.app.account("stranger").await;
    let seen = shop.upstream.received().len();
    for secret in [&other, &sandbox, &account, &stranger] {
        for method in [Method::GET, Method::DELETE] {
            let answer = look(&shop, method, &id, secret).await;
            assert_eq!(answer.status, 404, "{}", answer.text);
            assert_eq!(answer.json()["error"]["code"], "response_not_found");
        }
    }
    for secret in [&other, &account, &stranger] {
        let body = with(responding(), "previous_response_id", json!(id));
        let answer = shop
            .app
            .post(RESPONSES)
            .key(secret)
            .json(&body)
            .send()
            .await;
        // Opaque input has no bound at `up/m`, which has no input limit; who
        // asks is refused before that is of interest, or for it.
        assert!(matches!(answer.status, 400 | 404), "{}", answer.text);
    }
    assert_eq!(shop.upstream.received().len(), seen, "nobody was asked");
    assert_eq!(
        look(&shop, Method::GET, &id, "kp_live_nonsense")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_forged_or_foreign_id_is_not_found() {
    let shop = Shop::open("1").await;
    let id = made(&shop).await;
    let seen = shop.upstream.received().len();
    let mut forged = id.clone();
    forged.replace_range(5..6, if id.as_bytes()[5] == b'A' { "B" } else { "A" });
    for id in [&*forged, "resp_up1", "resp_", "..%2Ffiles", "resp_%00", "x"] {
        let answer = look(&shop, Method::GET, id, &shop.secret).await;
        assert_eq!(answer.status, 404, "{id}: {}", answer.text);
    }
    assert_eq!(shop.upstream.received().len(), seen);
    for path in [
        format!("{RESPONSES}/{id}/input_items"),
        format!("{RESPONSES}/{id}/cancel"),
    ] {
        let answer = shop.app.get(&path).key(&shop.secret).send().await;
        assert_eq!(answer.json()["error"]["code"], "unknown_url", "{path}");
    }
    for absent in ["compact", "input_tokens", "input_tokens/"] {
        let call = shop.call(&format!("{RESPONSES}/{absent}"), &responding());
        let answer = call.send().await;
        assert_eq!(answer.status, 404, "{absent}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "unknown_url");
    }
    let streamed = look(
        &shop,
        Method::GET,
        &format!("{id}?stream=true"),
        &shop.secret,
    )
    .await;
    assert_eq!(streamed.status, 400, "{}", streamed.text);
}

#[tokio::test]
async fn one_goes_on_from_ones_own_response_under_the_providers_name() {
    let shop = Shop::named("openai", "1").await;
    let ask = json!({"model": "gpt-4o", "input": "Hi", "max_output_tokens": 16});
    shop.upstream.next(answers("Hello"));
    let first = shop.call(RESPONSES, &ask).send().await.json();
    let id = first["id"].as_str().unwrap();
    let mut next = response("Hello", &used(10, 20));
    next["previous_response_id"] = json!("resp_up1");
    shop.upstream.next(Reply::json(200, &next));
    let body = with(ask.clone(), "previous_response_id", json!(id));
    let answer = shop.call(RESPONSES, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        shop.upstream.last().json()["previous_response_id"],
        "resp_up1"
    );
    assert_eq!(answer.json()["previous_response_id"], id);

    let other = another_token(&shop, json!({"name": "other"})).await;
    let seen = shop.upstream.received().len();
    for (secret, id) in [(&other, id), (&shop.secret, "resp_up1")] {
        let body = with(ask.clone(), "previous_response_id", json!(id));
        let answer = shop
            .app
            .post(RESPONSES)
            .key(secret)
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.status, 404, "{}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(error["param"], "previous_response_id");
        assert_eq!(error["code"], "response_not_found");
    }
    assert_eq!(shop.upstream.received().len(), seen);
}

#[tokio::test]
async fn an_id_outlives_a_new_pepper_and_its_owners_new_secret() {
    let shop = Shop::open("1").await;
    let id = made(&shop).await;
    let rotated = shop
        .app
        .post("/v2/user/custom_token/t/rotate/")
        .send()
        .await;
    let secret = rotated.json()["token"].as_str().unwrap().to_owned();
    let key = |version: u32, byte: u8| VersionedKey {
        version,
        key: [byte; 32],
    };
    let both = Keyring::new(&[key(1, 1), key(2, 7)], &[key(1, 2)]);
    shop.app.state().vault.replace(both);
    shop.upstream
        .next(Reply::json(200, &response("Hello", &used(10, 20))));
    let shown = look(&shop, Method::GET, &id, &secret).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
}

#[tokio::test]
async fn what_the_provider_says_of_a_stored_response_follows_the_usual_rules() {
    let shop = Shop::open("1").await;
    let id = made(&shop).await;
    for (status, shown) in [(404, 404), (429, 429), (500, 500), (401, 502), (403, 502)] {
        let error = json!({"error": {"message": "no", "type": "x", "param": null, "code": null}});
        shop.upstream.next(Reply::json(status, &error));
        let answer = look(&shop, Method::GET, &id, &shop.secret).await;
        assert_eq!(answer.status, shown, "{}", answer.text);
    }
    let leaks = json!({"id": "resp_up1", "key": UPSTREAM_KEY});
    shop.upstream.next(Reply::json(200, &leaks));
    let answer = look(&shop, Method::GET, &id, &shop.secret).await;
    assert!(answer.status == 502 && !answer.text.contains(UPSTREAM_KEY));
    shop.app.state().draining.cancel();
    assert_eq!(
        look(&shop, Method::GET, &id, &shop.secret).await.status,
        503
    );
}

#[tokio::test]
async fn a_stored_response_is_shown_where_its_key_may_be_used() {
    let shop = Shop::open("1").await;
    let id = made(&shop).await;
    let token = shop.app.patch("/v2/user/custom_token/t/");
    let rules = json!({"allowed_ips": ["203.0.113.7"]});
    assert_eq!(token.json(&rules).send().await.status, 200);
    let before = shop.upstream.received().len();
    for method in [Method::GET, Method::DELETE] {
        let answer = look(&shop, method, &id, &shop.secret).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "ip_not_allowed");
    }
    assert_eq!(shop.upstream.received().len(), before);
}
