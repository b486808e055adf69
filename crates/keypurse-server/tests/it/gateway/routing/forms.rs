//! Forms say about routing what JSON says.

use keypurse_core::price::{Price, Rates};
use keypurse_server::gateway::ModelPrice;
use keypurse_testkit::upstream::Reply;
use serde_json::json;

use super::super::{price, rate};
use super::{Mall, broken};

const PATH: &str = "/v1/audio/transcriptions";

/// A mall in which both providers listen to sounds.
async fn mall() -> Mall {
    let mall = Mall::with("1", |config| {
        for provider in ["up", "other"] {
            config.prices.push(ModelPrice {
                provider: provider.to_owned(),
                price: Price::flat(Rates {
                    input_seconds: Some(rate("1000")),
                    ..Rates::default()
                }),
                ..price("hear", "0", "0")
            });
        }
    })
    .await;
    let told = json!({"text": "Hi", "usage": {"type": "duration", "seconds": 1}});
    mall.shop.upstream.always(Reply::json(200, &told));
    mall.other.always(Reply::json(200, &told));
    mall
}

fn form(model: &str, more: &[(&str, &str)]) -> String {
    let mut fields = vec![("\"model\"", model)];
    fields.extend(more);
    fields.push(("\"file\"; filename=\"a.webm\"", "sound"));
    let parts = fields.iter().map(|(name, content)| {
        format!("--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n{content}\r\n")
    });
    parts.collect::<String>() + "--b--\r\n"
}

impl Mall {
    async fn hear(&self, model: &str, more: &[(&str, &str)]) -> keypurse_testkit::TestAnswer {
        let request = self.shop.app.post(PATH).key(&self.shop.secret);
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        request.body(form(model, more)).send().await
    }
}

#[tokio::test]
async fn a_form_is_answered_by_whom_it_allows_and_no_provider_sees_that() {
    let mall = mall().await;
    for allowed in [
        ("\"allowed_providers[]\"", "up"),
        ("\"allowed_providers\"", "[\"up\"]"),
        ("\"routing[allowed_providers][]\"", "up"),
        ("\"routing\"", "{\"allowed_providers\": [\"up\"]}"),
    ] {
        let answer = mall.hear("hear", &[allowed]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["provider"], "up", "{allowed:?}");
        assert_eq!(mall.shop.upstream.last().body, form("hear", &[]));
    }
    let nobody = mall
        .hear("up/hear", &[("\"allowed_providers[]\"", "other")])
        .await;
    assert_eq!(nobody.status, 404, "{}", nobody.text);
    assert!(nobody.text.contains("allowed_providers"), "{}", nobody.text);
    assert_eq!(mall.asked(), (4, 0));
}

#[tokio::test]
async fn a_form_falls_back_as_json_does() {
    let mall = mall().await;
    mall.shop.upstream.next(broken());
    let answer = mall
        .hear("up/hear", &[("\"fallbacks[]\"", "other/hear")])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["provider"], "other");
    assert_eq!(answer.header("x-keypurse-attempts"), "2");
    for provider in [&mall.shop.upstream, &mall.other] {
        assert_eq!(provider.last().body, form("hear", &[]));
    }
}

#[tokio::test]
async fn a_form_that_says_it_otherwise_is_refused_by_name() {
    let mall = mall().await;
    for (field, expected) in [
        (
            ("\"allowed_providers\"", "up"),
            "`allowed_providers` must be a list",
        ),
        (
            ("\"Allowed_Providers[]\"", "up"),
            "no such field as `Allowed_Providers[]`",
        ),
        (
            ("\"routing[order]\"", "up"),
            "no such field as `routing[order]`",
        ),
        (("\"routing[sort]\"", "speed"), "`routing.sort` must be"),
        (
            ("\"fallbacks\"; filename=\"f\"", "[]"),
            "the field `fallbacks` must be a text",
        ),
    ] {
        let answer = mall.hear("up/hear", &[field]).await;
        assert_eq!(answer.status, 400, "{field:?}: {}", answer.text);
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(expected), "{field:?}: {message}");
    }
    assert_eq!(mall.asked(), (0, 0));
}
