use serde_json::{Value, json};

use super::{json_of, param_of, play, post};
use crate::simulator::{Endpoint, RequestBody, Scenario};

fn results(input: &Value) -> Vec<Value> {
    let reply = post(Endpoint::Moderations, &json!({ "input": input })).unwrap();
    json_of(&reply)["results"].as_array().unwrap().clone()
}

#[test]
fn a_text_is_flagged_when_it_says_so() {
    for (text, flagged) in [
        ("hello", vec![]),
        ("violence", vec![]),
        ("sandbox:violence", vec!["violence"]),
        (
            "Please, SANDBOX:Hate/Threatening!",
            vec!["hate/threatening"],
        ),
        ("sandbox:flagged", vec!["harassment"]),
        (
            "sandbox:sexual and sandbox:self-harm/intent.",
            vec!["self-harm/intent", "sexual"],
        ),
        ("sandbox:nothing", vec![]),
    ] {
        let [result] = results(&json!(text)).try_into().unwrap();
        assert_eq!(result["flagged"], !flagged.is_empty(), "{text}");
        let categories = result["categories"].as_object().unwrap();
        assert_eq!(categories.len(), 13);
        for (category, set) in categories {
            assert_eq!(
                *set,
                flagged.contains(&category.as_str()),
                "{text} {category}"
            );
            let score = result["category_scores"][category].as_f64().unwrap();
            assert_eq!(score >= 0.9, set.as_bool().unwrap(), "{text} {category}");
            assert!((0.0..=1.0).contains(&score));
        }
    }
}

#[test]
fn each_text_gets_its_verdict_and_parts_get_one() {
    let texts = results(&json!(["hello", "sandbox:hate"]));
    let flagged: Vec<_> = texts.iter().map(|result| &result["flagged"]).collect();
    assert_eq!(flagged, [false, true]);
    assert_eq!(
        texts[0]["category_applied_input_types"]["violence"],
        json!(["text"])
    );

    let image = json!({ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } });
    let [result] = results(&json!([{ "type": "text", "text": "hi" }, image]))
        .try_into()
        .unwrap();
    let applied = &result["category_applied_input_types"];
    assert_eq!(applied["violence"], json!(["text", "image"]));
    assert_eq!(applied["hate"], json!(["text"]));
    let [result] = results(&json!([image])).try_into().unwrap();
    assert_eq!(result["category_applied_input_types"]["hate"], json!([]));
}

#[test]
fn a_refusal_flags_everything_and_empty_nothing() {
    let judged = |scenario| {
        let body = RequestBody::Json(b"{\"input\":[\"a\",\"b\"]}");
        let reply = play(Endpoint::Moderations, body, "m", Some(scenario)).unwrap();
        json_of(&reply)["results"].clone()
    };
    let all = judged(Scenario::Refusal);
    assert_eq!(
        (&all[0]["flagged"], &all[1]["flagged"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(judged(Scenario::Empty), json!([]));
}

#[test]
fn a_wrong_request_is_refused_by_the_name_of_the_field() {
    for (input, param) in [
        (json!(null), "input"),
        (json!([]), "input"),
        (json!(5), "input"),
        (json!(["a", 5]), "input[1]"),
        (json!([5]), "input[0].type"),
        (json!([{ "type": "text" }]), "input[0].text"),
        (json!([{ "type": "image_url" }]), "input[0].image_url.url"),
    ] {
        let reply = post(Endpoint::Moderations, &json!({ "input": input }));
        assert_eq!(param_of(reply), param, "{input}");
    }
}
