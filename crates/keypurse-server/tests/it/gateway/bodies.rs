//! Bodies two parsers could read differently never leave: what the upstream
//! reads is what was priced.

use keypurse_server::gateway::Gateway;
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, ScriptedUpstream, usage};
use serde_json::json;

use super::{CHAT, Shop};

const MESSAGES: &str = r#""messages":[{"role":"user","content":"Hi"}]"#;

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let shop = Shop::open("1").await;
    let nested = format!(r#","x":{}1{}"#, "[".repeat(100), "]".repeat(100));
    for members in [
        r#","model":"up/out""#,
        r#","mod\u0065l":"up/out""#,
        r#","Model":"up/out""#,
        r#","MAX_TOKENS":9"#,
        ",\"max_to\u{212a}ens\":9",
        ",\"ſtream\":true",
        r#","max_tokens":5,"max_tokens":50000"#,
        r#","max_tokens":1e99"#,
        r#","max_tokens":1e2"#,
        r#","max_tokens":-1"#,
        r#","max_tokens":0"#,
        r#","max_tokens":5.0"#,
        r#","max_tokens":"5""#,
        r#","max_tokens":[5]"#,
        r#","max_tokens":NaN"#,
        r#","max_tokens":05"#,
        r#","max_tokens":true"#,
        r#","max_tokens":2147483649"#,
        r#","max_tokens":99999999999999999999999"#,
        r#","max_completion_tokens":0"#,
        r#","n":0"#,
        r#","n":129"#,
        r#","n":1.5"#,
        r#","n":"2""#,
        r#","stream":"true""#,
        r#","stream":1"#,
        r#","stream_options":7"#,
        r#","stream_options":{"include_usage":"yes"}"#,
        r#","stream_options":{"include_usage":true,"include_usage":false}"#,
        r#","tools":{}"#,
        r#","tools":[{}]"#,
        r#","modalities":"text""#,
        r#","x":"\ud800""#,
        r#","x":{"a":1,"a":2}"#,
        &nested,
        ",",
    ] {
        let body = format!(r#"{{"model":"up/m",{MESSAGES}{members}}}"#);
        let answer = shop
            .app
            .post(CHAT)
            .key(&shop.secret)
            .json_text(body.clone())
            .send()
            .await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "invalid_request", "{body}");
    }
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn a_request_needs_a_model_and_messages() {
    let shop = Shop::open("1").await;
    for body in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("{{{MESSAGES}}}"),
        format!(r#"{{"model":null,{MESSAGES}}}"#),
        format!(r#"{{"model":"",{MESSAGES}}}"#),
        format!(r#"{{"model":7,{MESSAGES}}}"#),
        format!(r#"{{"model":"up/{}",{MESSAGES}}}"#, "m".repeat(510)),
        r#"{"model":"up/m"}"#.to_owned(),
        r#"{"model":"up/m","messages":[]}"#.to_owned(),
        r#"{"model":"up/m","messages":"Hi"}"#.to_owned(),
        r#"{"model":"up/m","messages":["Hi"]}"#.to_owned(),
        r#"{"model":"up/m","messages":[[]]}"#.to_owned(),
        r#"{"model":"up/m","messages":[{"role":"user","content":{"type":"image_url"}}]}"#
            .to_owned(),
        r#"{"model":"up/m","messages":[{"role":"user","content":7}]}"#.to_owned(),
        r#"{"model":"up/m","messages":[{"role":"user","content":[7]}]}"#.to_owned(),
    ] {
        let answer = shop
            .app
            .post(CHAT)
            .key(&shop.secret)
            .json_text(body.clone())
            .send()
            .await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn the_upstream_reads_exactly_what_was_priced() {
    let shop = Shop::open("1").await;
    shop.upstream.always(Reply::chat("x", &usage(1, 1)));
    for (members, sent) in [
        ("", r#","max_tokens":1000"#),
        (r#","max_tokens":7"#, r#","max_tokens":7"#),
        (r#","max_tokens" :  7 "#, r#","max_tokens" :  7 "#),
        (r#","max_t\u006fkens":2000"#, r#","max_t\u006fkens":1000"#),
        (r#","n":2,"max_tokens":9"#, r#","n":2,"max_tokens":9"#),
        (
            r#","seed":12345678901234567890123,"temperature":1.50,"user":"\u00fc\/""#,
            r#","seed":12345678901234567890123,"temperature":1.50,"user":"\u00fc\/","max_tokens":1000"#,
        ),
    ] {
        let body = format!(r#"{{"model":"up/m",{MESSAGES}{members}}}"#);
        let answer = shop
            .app
            .post(CHAT)
            .key(&shop.secret)
            .json_text(body)
            .send()
            .await;
        assert_eq!(answer.status, 200, "{members}: {}", answer.text);
        let expected = format!(r#"{{"model":"m",{MESSAGES}{sent}}}"#);
        assert_eq!(shop.upstream.last().body, expected);
    }
    assert_eq!(shop.balance().await, "0.999934");
}

#[tokio::test]
async fn a_body_is_bounded_and_not_compressed() {
    let upstream = ScriptedUpstream::start().await;
    let gateway = Gateway::new(super::config(&upstream)).unwrap();
    let builder = TestApp::builder().gateway(gateway);
    let app = builder
        .settings(|settings| settings.max_body_bytes = 1000)
        .build()
        .await;
    let body = |padding: usize| {
        let body = format!(r#"{{"model":"up/m",{MESSAGES},"x":""}}"#);
        body.replace("\"x\":\"\"", &format!("\"x\":\"{}\"", "a".repeat(padding)))
    };
    let spare = 1000 - body(0).len();
    let ok = app.post(CHAT).json_text(body(spare)).send().await;
    assert_eq!(ok.status, 200, "{}", ok.text);
    let large = app.post(CHAT).json_text(body(spare + 1)).send().await;
    assert_eq!(large.status, 413, "{}", large.text);
    assert_eq!(large.json()["error"]["code"], "request_too_large");
    let zipped = app
        .post(CHAT)
        .header("content-encoding", "gzip")
        .json_text("zip")
        .send()
        .await;
    assert_eq!(zipped.status, 415, "{}", zipped.text);
    let plain = app
        .post(CHAT)
        .header("content-encoding", "identity")
        .json(&json!({}));
    assert_eq!(plain.send().await.status, 400);
    assert_eq!(upstream.received().len(), 1);
}
