use serde_json::{Value, json};

use super::{answer, asking, text};
use crate::simulator::count::{count, pieces};

#[test]
fn the_same_request_gets_the_same_answer() {
    let body = asking("What is a purse?", &json!({ "n": 3 }));
    assert_eq!(answer(&body).to_json(), answer(&body).to_json());
}

#[test]
fn the_text_is_honest_and_fixed_for_all_versions() {
    let expected = "[simulated answer] You wrote: \"What is a purse?\". \
                    Your code has reached the right place; only the model is missing. \
                    Reference c7e7c5da.";
    assert_eq!(
        text(&answer(&asking("What is a purse?", &json!({})))),
        expected
    );
}

#[test]
fn the_text_depends_on_the_last_message() {
    let long = "word ".repeat(200);
    for (one, other) in [
        ("What is a purse?", "What is a hold?"),
        ("a", "b"),
        ("", " "),
        (long.as_str(), &format!("{long}!")),
    ] {
        let texts = [one, other].map(|prompt| text(&answer(&asking(prompt, &json!({})))));
        assert_ne!(texts[0], texts[1], "{one:.20} / {other:.20}");
    }
}

#[test]
fn the_text_repeats_the_last_message_and_names_what_it_cannot_see() {
    let image = json!({ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } });
    let sound =
        json!({ "type": "input_audio", "input_audio": { "data": "AA==", "format": "wav" } });
    let parts = json!([{ "type": "text", "text": "Look  at\nthis" }, image, image, sound]);
    let body = json!({ "messages": [
        { "role": "user", "content": "first" },
        { "role": "assistant", "content": "second" },
        { "role": "user", "content": parts },
    ] });
    let text = text(&answer(&body));
    for part in ["\"Look at this\"", "2 images received", "1 sound received"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("first"));
}

#[test]
fn max_tokens_is_honoured() {
    let whole = answer(&asking("hello", &json!({}))).usage().output_tokens;
    for (limits, expected, finish) in [
        (json!({ "max_tokens": 1 }), 1, "length"),
        (json!({ "max_tokens": 7 }), 7, "length"),
        (json!({ "max_completion_tokens": 7 }), 7, "length"),
        (
            json!({ "max_tokens": 9, "max_completion_tokens": 4 }),
            4,
            "length",
        ),
        (json!({ "max_tokens": whole - 1 }), whole - 1, "length"),
        (json!({ "max_tokens": whole }), whole, "stop"),
        (json!({ "max_tokens": u64::MAX }), whole, "stop"),
        (json!({ "max_tokens": null }), whole, "stop"),
    ] {
        let completion = answer(&asking("hello", &limits));
        let json = completion.to_json();
        assert_eq!(completion.usage().output_tokens, expected, "{limits}");
        assert_eq!(count(&text(&completion)), expected, "{limits}");
        assert_eq!(json["choices"][0]["finish_reason"], finish, "{limits}");
    }
}

#[test]
fn the_text_ends_before_the_first_stop_sequence() {
    for (stop, expected) in [
        (json!("swer"), "[simulated an"),
        (json!(["never there", " You", "swer"]), "[simulated an"),
        (json!(["]"]), "[simulated answer"),
        (json!("["), ""),
    ] {
        let body = asking("hello", &json!({ "stop": stop }));
        let completion = answer(&body);
        assert_eq!(text(&completion), expected);
        assert_eq!(completion.to_json()["choices"][0]["finish_reason"], "stop");
    }
    let body = asking("hello", &json!({ "stop": "Reference", "max_tokens": 2 }));
    assert_eq!(
        answer(&body).to_json()["choices"][0]["finish_reason"],
        "length"
    );
}

#[test]
fn every_choice_differs_and_all_are_counted() {
    let completion = answer(&asking("hello", &json!({ "n": 128 })));
    let json = completion.to_json();
    let choices = json["choices"].as_array().unwrap();
    let texts: std::collections::BTreeSet<_> = choices
        .iter()
        .map(|choice| choice["message"]["content"].as_str().unwrap())
        .collect();
    assert_eq!(texts.len(), 128);
    assert_eq!(
        completion.usage().output_tokens,
        texts.into_iter().map(count).sum::<u64>()
    );
    assert!(
        choices
            .iter()
            .enumerate()
            .all(|(at, choice)| choice["index"] == at)
    );
}

#[test]
fn log_probabilities_spell_the_text() {
    let body = asking("hello", &json!({ "logprobs": true, "top_logprobs": 3 }));
    let completion = answer(&body);
    let json = completion.to_json();
    let entries = json["choices"][0]["logprobs"]["content"]
        .as_array()
        .unwrap();
    let spelled: String = entries
        .iter()
        .map(|entry| entry["token"].as_str().unwrap())
        .collect();
    assert_eq!(spelled, text(&completion));
    for entry in entries {
        let bytes = entry["token"].as_str().unwrap().as_bytes();
        assert_eq!(entry["bytes"], json!(bytes));
        let top = entry["top_logprobs"].as_array().unwrap();
        let values: Vec<_> = top
            .iter()
            .map(|other| other["logprob"].as_f64().unwrap())
            .collect();
        assert_eq!(values.len(), 3);
        assert!(
            values[0] <= 0.0 && values.is_sorted_by(|high, low| high > low),
            "{entry}"
        );
    }
}

#[test]
fn json_mode_answers_with_an_object() {
    let format = json!({ "response_format": { "type": "json_object" }, "n": 2 });
    let json = answer(&asking("as json", &format)).to_json();
    let contents = [0, 1].map(|at| {
        let content = json["choices"][at]["message"]["content"].as_str().unwrap();
        serde_json::from_str::<Value>(content).unwrap()
    });
    assert_eq!(
        contents[0],
        json!({ "simulated": true, "echo": "as json", "choice": 1 })
    );
    assert_ne!(contents[0], contents[1]);
}

#[test]
fn a_text_is_counted_by_words_and_runs_of_punctuation() {
    for (text, expected) in [
        ("", vec![]),
        ("one", vec!["one"]),
        ("one two", vec!["one", " two"]),
        ("Hi, there!?", vec!["Hi", ",", " there", "!?"]),
        ("  a\n\nb ", vec!["  a", "\n\nb", " "]),
        ("snake_case-name", vec!["snake_case", "-", "name"]),
        ("größer 日本", vec!["größer", " 日本"]),
    ] {
        assert_eq!(pieces(text).collect::<Vec<_>>(), expected);
        assert_eq!(count(text), expected.len() as u64, "{text}");
    }
}

#[test]
fn the_whole_conversation_and_the_tools_are_input() {
    let plain = answer(&asking("one two three", &json!({}))).usage();
    assert_eq!(plain.input_tokens, 3);
    let tools = json!([{ "type": "function", "function": { "name": "go" } }]);
    let with_tools = asking("one two three", &json!({ "tools": tools }));
    assert_eq!(
        answer(&with_tools).usage().input_tokens,
        3 + count(&tools.to_string())
    );
    let longer = json!({ "messages": [
        { "role": "system", "content": "be brief" },
        { "role": "user", "content": [{ "type": "text", "text": "one two three" }] },
    ] });
    assert_eq!(answer(&longer).usage().input_tokens, 5);
}
