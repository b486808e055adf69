use serde_json::json;

use super::{answer, answer_with, asking};
use crate::simulator::Scenario;

#[test]
fn every_scenario_is_known_by_its_name() {
    for scenario in Scenario::ALL {
        assert_eq!(Scenario::parse(scenario.name()), Ok(Some(scenario)));
    }
    assert_eq!(
        Scenario::parse(" Rate_Limit "),
        Ok(Some(Scenario::RateLimit))
    );
    assert_eq!(Scenario::parse(""), Ok(None));
}

#[test]
fn an_unknown_scenario_is_told_the_known_ones() {
    let message = Scenario::parse("explode").unwrap_err().to_string();
    assert!(message.starts_with("unknown sandbox scenario `explode`; use one of `rate_limit`, "));
    for scenario in Scenario::ALL {
        assert!(message.contains(scenario.name()), "{message}");
    }
}

#[test]
fn refusal_length_and_empty_change_the_answer() {
    let body = asking("hello", &json!({}));
    let plain = answer(&body).to_json();
    let play = |scenario| answer_with(&body, Some(scenario)).to_json()["choices"][0].clone();

    let refusal = play(Scenario::Refusal);
    assert!(
        refusal["message"]["refusal"]
            .as_str()
            .unwrap()
            .starts_with("[simulated refusal]")
    );
    assert!(refusal["message"]["content"].is_null());

    let length = play(Scenario::Length);
    let [cut, whole] = [&length, &plain["choices"][0]]
        .map(|choice| choice["message"]["content"].as_str().unwrap());
    assert!(whole.starts_with(cut) && cut.len() < whole.len());
    assert_eq!(length["finish_reason"], "length");

    let empty = play(Scenario::Empty);
    assert_eq!(
        (&empty["message"]["content"], &empty["finish_reason"]),
        (&json!(""), &json!("stop"))
    );
}

#[test]
fn the_scenarios_of_the_server_leave_the_answer_alone() {
    let body = asking("hello", &json!({}));
    for scenario in [
        Scenario::Slow,
        Scenario::CutStream,
        Scenario::MalformedChunk,
    ] {
        assert_eq!(
            answer_with(&body, Some(scenario)).to_json(),
            answer(&body).to_json()
        );
    }
}

#[test]
fn a_model_of_the_sandbox_is_called_like_its_scenario() {
    for scenario in Scenario::ALL {
        let name = format!("sandbox/{}", scenario.name());
        assert_eq!(Scenario::of_model(&name), Some(Ok(Some(scenario))));
    }
    assert_eq!(Scenario::of_model("sandbox/echo"), Some(Ok(None)));
    assert_eq!(Scenario::of_model("openai/gpt-4o"), None);
    assert_eq!(Scenario::of_model("sandbox"), None);
    for unknown in ["sandbox/", "sandbox/explode"] {
        let error = Scenario::of_model(unknown)
            .unwrap()
            .unwrap_err()
            .to_string();
        assert!(error.contains("`rate_limit`"), "{error}");
    }
}
