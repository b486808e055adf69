use serde_json::{Value, json};

use super::{answer, asking};
use crate::simulator::{dice::Dice, schema};

/// Several rolls of the dice, because a schema leaves room for luck.
#[track_caller]
fn check(schemas: impl IntoIterator<Item = Value>) {
    for schema in schemas {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        for seed in 0..50 {
            let instance = instance(&schema, seed);
            let wrong = validator
                .iter_errors(&instance)
                .map(|error| error.to_string());
            let wrong: Vec<_> = wrong.collect();
            assert!(wrong.is_empty(), "{schema}\n{instance}\n{wrong:?}");
        }
    }
}

fn instance(schema: &Value, seed: u64) -> Value {
    schema::instance(schema, Dice::new(seed, 0), schema::MOST_STEPS)
}

#[test]
fn scalars_keep_to_their_schemas() {
    check([
        json!({}),
        json!({ "type": "null" }),
        json!({ "type": "boolean" }),
        json!({ "type": ["string", "null"] }),
        json!({ "type": ["null", "integer"] }),
        json!({ "const": { "a": [1, null] } }),
        json!({ "enum": ["red", 3, null] }),
        json!({ "type": "string", "enum": [1, "one", null] }),
        json!({ "allOf": [{ "enum": ["a", "b"] }, { "enum": ["b", "c"] }] }),
    ]);
}

#[test]
fn numbers_keep_to_their_bounds() {
    check([
        json!({ "type": "integer", "minimum": 5, "maximum": 5 }),
        json!({ "type": "integer", "minimum": -3, "exclusiveMaximum": 0 }),
        json!({ "type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 3 }),
        json!({ "type": "integer", "minimum": 1.5, "maximum": 2.5 }),
        json!({ "type": "integer", "multipleOf": 7, "minimum": 50 }),
        json!({ "type": "integer", "multipleOf": 2.5 }),
        json!({ "type": "integer", "allOf": [{ "multipleOf": 4 }, { "multipleOf": 6 }] }),
        json!({ "type": "integer", "maximum": -1000 }),
        json!({ "type": "integer", "minimum": i64::MAX }),
        json!({ "type": "integer", "minimum": u64::MAX }),
        json!({ "type": "number" }),
        json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001 }),
        json!({ "type": "number", "exclusiveMinimum": 10 }),
        json!({ "type": "number", "maximum": -0.5 }),
        json!({ "type": "number", "multipleOf": 0.01, "minimum": 1, "maximum": 2 }),
        json!({ "type": "number", "multipleOf": 0.1 }),
        json!({ "minimum": 3 }),
    ]);
}

#[test]
fn a_number_is_whole_wherever_one_is_allowed() {
    for (schema, is_whole) in [
        (json!({ "type": "number" }), true),
        (json!({ "type": ["number", "null"], "minimum": 0.5 }), true),
        (
            json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            true,
        ),
        (json!({ "type": "number", "exclusiveMinimum": 10 }), true),
        (json!({ "type": "number", "maximum": -0.5 }), true),
        (json!({ "type": "number", "multipleOf": 0.1 }), true),
        (json!({ "type": "number", "multipleOf": 2.5 }), true),
        (
            json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }),
            false,
        ),
        (
            json!({ "type": "number", "minimum": 1.1, "maximum": 1.1 }),
            false,
        ),
        (
            json!({ "type": "number", "multipleOf": 0.25, "minimum": 0.1, "maximum": 0.9 }),
            false,
        ),
        (
            json!({ "type": "number", "exclusiveMinimum": 1e300 }),
            false,
        ),
        (
            json!({ "type": "number", "exclusiveMaximum": -1e300 }),
            false,
        ),
    ] {
        for seed in 0..50 {
            let number = instance(&schema, seed);
            let fits = number.is_null() || number.is_i64() == is_whole;
            assert!(fits, "{schema}\n{number}");
        }
        check([schema]);
    }
}

#[test]
fn strings_keep_to_length_format_and_pattern() {
    let formats = [
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "uuid",
        "uri",
        "uri-reference",
        "json-pointer",
        "regex",
    ];
    check(formats.map(|format| json!({ "type": "string", "format": format })));
    check([
        json!({ "type": "string", "minLength": 200 }),
        json!({ "type": "string", "maxLength": 3 }),
        json!({ "type": "string", "minLength": 7, "maxLength": 7 }),
        json!({ "type": "string", "maxLength": 0 }),
        json!({ "type": "string", "format": "email", "maxLength": 40 }),
        json!({ "type": "string", "pattern": "^[a-z]+$", "minLength": 20 }),
        json!({ "type": "string", "pattern": "^x*$", "minLength": 777 }),
    ]);
    let patterns = [
        r"^\d{3}-\d{4}$",
        r"^(\([0-9]{3}\))?[0-9]{3}-[0-9]{4}$",
        r"^@[a-zA-Z0-9_]+$",
        r"^(foo|ba[rz])(,\w+)*$",
        r"^#(?:[0-9a-fA-F]{3}){1,2}$",
        r"^[^\d\s]{2,5}$",
        r"^v\d+\.\d+\.\d+(-[a-z0-9.-]+)?$",
        r"colou?r",
        r"^(?P<year>\d{4})-(?<month>0[1-9]|1[0-2])$",
        r"^[A-Z]{2}[\x30-\x39]{2}.*?$",
        r"^$",
    ];
    check(patterns.map(|pattern| json!({ "type": "string", "pattern": pattern })));
}

#[test]
fn a_pattern_beyond_us_still_gets_a_string() {
    for pattern in [
        "(?=x)y",
        r"(a)\1",
        "(",
        "[",
        "a{2",
        "[z-a]",
        r"\p{L}+",
        "((((a{999}){999}){999}))",
    ] {
        let schema = json!({ "type": "string", "pattern": pattern, "maxLength": 10 });
        assert!(instance(&schema, 1).is_string(), "{pattern}");
    }
}

#[test]
fn arrays_keep_to_length_places_and_uniqueness() {
    let days = json!(["mo", "tu", "we", "th", "fr", "sa", "su"]);
    check([
        json!({ "type": "array" }),
        json!({ "type": "array", "items": { "type": "integer" }, "minItems": 5 }),
        json!({ "type": "array", "items": { "type": "integer" }, "maxItems": 1 }),
        json!({ "type": "array", "maxItems": 0 }),
        json!({ "type": "array", "items": { "enum": days }, "minItems": 4, "uniqueItems": true }),
        json!({ "type": "array", "items": { "type": "boolean" }, "uniqueItems": true }),
        json!({ "type": "array", "items": { "const": 1 }, "uniqueItems": true }),
        json!({ "type": "array", "contains": { "const": 7 } }),
        json!({
            "type": "array",
            "prefixItems": [{ "type": "number" }, { "type": "string" }, { "type": "null" }],
            "items": false,
        }),
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "array",
            "items": [{ "type": "number" }, { "const": "x" }, { "type": "null" }],
            "additionalItems": false,
            "minItems": 2,
        }),
    ]);
}

#[test]
fn objects_have_what_they_must_and_nothing_they_must_not() {
    check([
        json!({ "type": "object" }),
        json!({ "type": "object", "properties": { "a": { "type": "integer" } } }),
        json!({
            "type": "object",
            "properties": { "a": { "type": "integer" }, "b": false },
            "required": ["a", "undeclared"],
        }),
        json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
        json!({ "type": "object", "minProperties": 20 }),
        json!({ "type": "object", "required": ["a"], "maxProperties": 1, "properties": {
            "b": true, "a": { "type": "string" },
        } }),
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["id", "tags", "owner"],
            "properties": {
                "id": { "type": "string", "format": "uuid" },
                "tags": { "type": "array", "items": { "type": "string", "maxLength": 4 } },
                "owner": { "type": ["object", "null"], "additionalProperties": false,
                           "required": ["age"], "properties": { "age": { "type": "integer" } } },
            },
        }),
    ]);
}

#[test]
fn combined_schemas_hold_all_at_once() {
    let point = json!({ "type": "object", "properties": { "x": { "type": "number" } } });
    check([
        json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
        json!({ "type": "integer", "anyOf": [{ "type": "string" }, { "minimum": 1000 }] }),
        json!({ "allOf": [
            point,
            { "required": ["x", "y"],
              "properties": { "x": { "minimum": 5 }, "y": { "const": 1 } } },
        ] }),
        json!({ "oneOf": [
            { "type": "object", "required": ["kind", "meow"], "properties": {
                "kind": { "const": "cat" }, "meow": { "type": "boolean" } } },
            { "type": "object", "required": ["kind"], "properties": {
                "kind": { "const": "dog" }, "bark": { "type": "integer" } } },
        ] }),
        json!({
            "type": "object",
            "properties": { "email": { "type": "string" }, "phone": { "type": "string" } },
            "oneOf": [{ "required": ["email"] }, { "required": ["phone"] }],
        }),
        json!({ "type": "object", "required": ["at"], "properties": {
            "at": { "$ref": "#/$defs/a~1b" } }, "$defs": { "a/b": { "enum": [1, 2] } } }),
    ]);
}

#[test]
fn recursive_schemas_come_to_an_end() {
    let node = json!({ "type": "object", "required": ["value", "next"], "properties": {
        "value": { "type": "integer" },
        "next": { "anyOf": [{ "$ref": "#/$defs/node" }, { "type": "null" }] },
    } });
    let tree = json!({ "type": "object", "additionalProperties": false,
        "required": ["name", "children"], "properties": {
            "name": { "type": "string" },
            "children": { "type": "array", "items": { "$ref": "#" } },
    } });
    let binary = json!({ "type": "object", "required": ["left", "right"],
        "additionalProperties": false, "properties": {
            "left": { "$ref": "#/$defs/expression" }, "right": { "$ref": "#/$defs/expression" },
    } });
    let literal = json!({ "type": "object", "required": ["value"], "additionalProperties": false,
        "properties": { "value": { "type": "number" } } });
    check([
        json!({ "$ref": "#/$defs/node", "$defs": { "node": node } }),
        tree,
        json!({ "$ref": "#/$defs/expression", "$defs": {
            "expression": {
                "anyOf": [{ "$ref": "#/$defs/binary" }, { "$ref": "#/$defs/literal" }],
            },
            "binary": binary,
            "literal": literal,
        } }),
    ]);
}

#[test]
fn hostile_schemas_cost_little() {
    let doubling: Value = (0..60)
        .map(|at| {
            let next = json!({ "$ref": format!("#/$defs/d{}", at + 1) });
            let pair = json!({ "type": "object", "required": ["l", "r"], "properties": {
                "l": next, "r": next,
            } });
            (format!("d{at}"), pair)
        })
        .collect();
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "allOf": [{ "$ref": "#" }], "anyOf": [{ "$ref": "#" }] }),
        json!({ "$ref": "#/$defs/d0", "$defs": doubling }),
        json!({ "type": "object", "required": ["a"], "properties": { "a": { "$ref": "#" } } }),
        json!({ "type": "array", "minItems": u64::MAX }),
        json!({ "type": "array", "minItems": 1e300, "uniqueItems": true }),
        json!({ "type": "object", "minProperties": u64::MAX }),
        json!({ "type": "string", "minLength": u64::MAX }),
        json!({ "type": "array", "minItems": 99999, "items": { "const": "x".repeat(100_000) } }),
        json!({ "type": "array", "minItems": 99999, "items": {
            "type": "string", "minLength": 9999,
        } }),
        json!({ "type": "array", "minItems": 99999, "items": {
            "type": "string", "minLength": 9999, "pattern": "((a{99}){99})b",
        } }),
        json!({ "type": "array", "minItems": 1_000_000, "items": {
            "anyOf": vec![json!({}); 9_000],
        } }),
    ] {
        let size = instance(&schema, 1).to_string().len();
        assert!(size < 3_000_000, "{size} bytes for {schema:.200}");
    }
}

#[test]
fn a_schema_is_answered_in_json_and_cut_only_below_its_length() {
    let schema = json!({ "type": "object", "required": ["city"], "properties": {
        "city": { "type": "string" },
    } });
    let ask = |limit: u64| {
        let format = json!({ "type": "json_schema", "json_schema": {
            "name": "place", "strict": true, "schema": schema,
        } });
        answer(&asking(
            "Where?",
            &json!({ "response_format": format, "max_tokens": limit }),
        ))
    };
    let whole = ask(1_000);
    let length = whole.usage().output_tokens;
    let content = super::text(&whole);
    assert!(jsonschema::is_valid(
        &schema,
        &serde_json::from_str(&content).unwrap()
    ));
    assert_eq!(super::text(&ask(length)), content);

    let cut = ask(length - 1);
    assert!(content.starts_with(&super::text(&cut)));
    assert_eq!(cut.to_json()["choices"][0]["finish_reason"], "length");
}

#[test]
fn values_depend_on_the_last_message() {
    let schema = json!({ "type": "string", "format": "uuid" });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "x", "schema": schema } });
    let more = json!({ "response_format": format });
    let [one, other] = ["one", "other"].map(|prompt| super::text(&answer(&asking(prompt, &more))));
    assert_ne!(one, other);
}
