//! What is refused, and what is read of the rest.

mod oracle;

use proptest::prelude::*;

use super::{JsonObject, MAX_DEPTH};

fn is_accepted(body: &str) -> bool {
    JsonObject::read(body.as_bytes()).is_ok()
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    for body in [
        "",
        "null",
        "[]",
        "\"text\"",
        "{",
        "{} {}",
        "{}x",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"m\":{\"a\":1,\"a\":2}}",
        "{\"m\":[[{\"a\":1,\"a\":2}]]}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":[\"\\udc00x\"]}",
        "{\"\\ud800\":1}",
        "{\"a\":\"\u{0}\"}",
        "{\"a\":[1e999]}",
        "\u{feff}{}",
    ] {
        assert!(!is_accepted(body), "{body}");
    }
    assert!(JsonObject::read(b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn members_keep_their_text() {
    let body = br#" {"a": 1e-09, "b":"\u00e9", "c":{"d":[true,null]}, "e": 1e999} "#;
    let object = JsonObject::read(body).unwrap();
    let texts: Vec<&str> = object
        .members()
        .iter()
        .map(|(_, value)| value.get())
        .collect();
    assert_eq!(
        texts,
        ["1e-09", r#""\u00e9""#, r#"{"d":[true,null]}"#, "1e999"]
    );
    assert!(object.get("x").is_none());
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert!(is_accepted(&nested(MAX_DEPTH)));
    assert!(!is_accepted(&nested(MAX_DEPTH + 1)));
    assert!(!is_accepted(&nested(10_000)));
}

#[test]
fn many_keys_are_still_checked_for_duplicates() {
    let keys: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
    assert!(is_accepted(&format!("{{{}}}", keys.join(","))));
    assert!(!is_accepted(&format!("{{{},\"k99\":1}}", keys.join(","))));
    assert!(!is_accepted(&format!("{{{},\"k3\":1}}", keys.join(","))));
}

#[test]
fn what_is_wrong_is_said_and_where() {
    for (body, expected) in [
        (
            "{\"a\":1,\n \"a\":2}",
            "duplicate key `a` at line 2 column 5",
        ),
        ("[]", "expected an object at line 1 column 1"),
        ("{\"a\":", "it ends too early at line 1 column 6"),
        (
            "{\"a\":\"\\x\"}",
            "an escape that is none at line 1 column 7",
        ),
    ] {
        let error = JsonObject::read(body.as_bytes()).unwrap_err();
        assert_eq!(error.reason, format!("invalid JSON: {expected}"));
    }
}

#[test]
fn a_string_ends_at_its_first_special_byte_wherever_that_is() {
    for length in 0..200 {
        for special in ["\"", "\\n\"", "\\u00e9\"", "\\\\\"", "é\"", "\u{7f}\""] {
            let body = format!("{{\"a\":\"{}{special}, \"b\":1}}", "x".repeat(length));
            let object = JsonObject::read(body.as_bytes()).unwrap();
            assert_eq!(object.text("b"), Some("1"), "{body}");
            let text: String = serde_json::from_str(object.text("a").unwrap()).unwrap();
            assert_eq!(object.value("a").unwrap().string().unwrap(), text);
        }
        for control in ["\0", "\n", "\u{1f}"] {
            let body = format!("{{\"a\":\"{}{control}\"}}", "x".repeat(length));
            assert!(!is_accepted(&body), "{body:?}");
        }
    }
}

#[test]
fn values_are_found_however_deep_they_are() {
    let body = br#"{"a": [{"b": "x", "\u0063": [1, {}]}, null], "d": {"e": null, "ttl": ""}}"#;
    let object = JsonObject::read(body).unwrap();
    let items: Vec<_> = object.value("a").unwrap().items().unwrap().collect();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0].stated("b").unwrap().string().unwrap(), "x");
    let list = items[0].stated("c").unwrap();
    assert_eq!(&body[list.place()], b"[1, {}]");
    assert!(items[0].stated("a").is_none() && items[1].is_null());
    assert!(object.value("d").unwrap().stated("e").is_none());
    assert!(object.whole().has_name_with(b"ttl") && !items[0].has_name_with(b"ttl"));
}

/// Pieces bodies are put together of, many of them wrong in many places.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b" ",
        b"\n",
        b"\t",
        b"\"a\"",
        b"\"b\"",
        b"\"a\":",
        b"\"b\":",
        b"\"\\u0061\":",
        b"\"",
        b"\\",
        b"\\u",
        b"\\ud83d\\ude00",
        b"\\ud83d",
        b"\\ude00",
        b"\\u00E9",
        b"\\n",
        b"\\/",
        b"\\x",
        b"\xc3\xa9",
        b"\xc3",
        b"\0",
        b"\x7f",
        b"0",
        b"1",
        b"-",
        b"+",
        b".",
        b"5",
        b"e",
        b"E9",
        b"e999",
        b"e-999",
        b"1e308",
        b"1.7976931348623159e308",
        b"true",
        b"false",
        b"null",
        b"nul",
        b"\"x\"",
        b"a text that is longer than a chunk is",
    ];
    let piece = prop::sample::select(pieces);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A body that is right, which something may then be done to.
fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| serde_json::json!(number).to_string()),
        any::<String>().prop_map(|text| serde_json::json!(text).to_string()),
        "[-]?[0-9]{1,20}([.][0-9]{1,5})?([eE][+-]?[0-9]{1,4})?",
    ];
    scalar.prop_recursive(4, 32, 6, |value| {
        let name = prop_oneof![Just("a".to_owned()), "[a-c]{1,2}", any::<String>()];
        let name = name.prop_map(|name| serde_json::json!(name).to_string());
        let member = (name, value.clone()).prop_map(|(name, value)| format!("{name} :{value}"));
        prop_oneof![
            prop::collection::vec(value, 0..6).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(member, 0..24)
                .prop_map(|members| { format!("{{{}}}", members.join(",")) }),
        ]
    })
}

fn same_as_the_oracle(body: &[u8]) {
    let (read, expected) = (JsonObject::read(body).ok(), oracle::read(body));
    let members = |object: &JsonObject<'_>| -> Vec<(String, String)> {
        let members = object.members().iter();
        members
            .map(|(name, value)| (name.to_string(), value.get().to_owned()))
            .collect()
    };
    let expected = expected.map(|members| {
        let members = members.iter();
        let owned = members.map(|(name, value)| (name.to_string(), value.get().to_owned()));
        owned.collect::<Vec<_>>()
    });
    assert_eq!(
        read.as_ref().map(members),
        expected,
        "{}",
        String::from_utf8_lossy(body)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn junk_is_read_as_serde_reads_it(body in pieces()) {
        same_as_the_oracle(&body);
        let inside = [b"{\"a\":", &body[..], b"}"].concat();
        same_as_the_oracle(&inside);
        same_as_the_oracle(&[b"{\"a\":[\"", &body[..], b"\"]}"].concat());
    }

    #[test]
    fn bodies_are_read_as_serde_reads_them(
        body in value(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = format!("{{\"a\":{body}}}").into_bytes();
        same_as_the_oracle(&body);
        let at = at.index(body.len());
        body[at] = byte;
        same_as_the_oracle(&body);
        body.remove(at);
        same_as_the_oracle(&body);
    }
}
