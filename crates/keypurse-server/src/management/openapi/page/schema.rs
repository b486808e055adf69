//! The shape of a body.

use serde_json::Value;

use super::html::{Html, text_of};
use super::walk::{items, members};

const SCHEMAS: &str = "#/components/schemas/";
/// What says more about a value than its type.
const RULES: [(&str, &str); 12] = [
    ("format", "format"),
    ("pattern", "pattern"),
    ("minLength", "at least so long"),
    ("maxLength", "at most so long"),
    ("minItems", "at least so many"),
    ("maxItems", "at most so many"),
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("exclusiveMinimum", "more than"),
    ("exclusiveMaximum", "less than"),
    ("multipleOf", "a multiple of"),
    ("default", "default"),
];

/// A schema others refer to.
pub(super) fn write_named(page: &mut Html, name: &str, schema: &Value) {
    page.raw("<article id=\"schema-");
    page.text(name);
    page.raw("\">");
    page.element("h3", name);
    write(page, schema);
    page.raw("</article>");
}

fn write(page: &mut Html, schema: &Value) {
    page.prose(text_of(&schema["description"]));
    if schema["properties"].is_object() {
        properties(page, schema);
    } else {
        page.raw("<p>");
        write_kind(page, schema);
        write_rules(page, schema);
        page.raw("</p>");
    }
}

fn properties(page: &mut Html, schema: &Value) {
    page.raw("<div class=\"wide\"><table><thead><tr><th>Member</th><th>Type</th>");
    page.raw("<th>Description</th></tr></thead><tbody>");
    for (name, property) in members(&schema["properties"]) {
        page.raw("<tr><td>");
        page.element("code", name);
        if items(&schema["required"]).any(|required| required == name) {
            page.raw(" <em>always</em>");
        }
        page.raw("</td><td>");
        write_kind(page, property);
        page.raw("</td><td>");
        page.inline(text_of(&property["description"]));
        write_rules(page, property);
        nested(page, property);
        page.raw("</td></tr>");
    }
    page.raw("</tbody></table></div>");
}

/// The members of what is inside, folded.
fn nested(page: &mut Html, schema: &Value) {
    let alternatives = items(&schema["anyOf"]).chain(items(&schema["oneOf"]));
    let inside = [schema, &schema["items"]].into_iter().chain(alternatives);
    for inside in inside.filter(|inside| inside["properties"].is_object()) {
        page.raw("<details><summary>Members</summary>");
        properties(page, inside);
        page.raw("</details>");
    }
}

/// What kind of value it is, in a few words.
pub(super) fn write_kind(page: &mut Html, schema: &Value) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|to| to.strip_prefix(SCHEMAS))
    {
        page.raw("<a href=\"#schema-");
        page.text(name);
        page.raw("\">");
        page.text(name);
        page.raw("</a>");
        return;
    }
    if let Some(constant) = schema.get("const") {
        return page.element("code", &constant.to_string());
    }
    let alternatives = ["anyOf", "oneOf"]
        .into_iter()
        .flat_map(|name| items(&schema[name]));
    let alternatives: Vec<&Value> = alternatives.filter(|other| is_kind(other)).collect();
    if !alternatives.is_empty() && schema["type"].is_null() {
        return between(page, &alternatives, write_kind);
    }
    if schema["enum"].is_array() {
        let words: Vec<&Value> = items(&schema["enum"]).collect();
        return between(page, &words, |page, word| {
            page.element("code", &word.to_string());
        });
    }
    match &schema["type"] {
        Value::String(kind) => page.text(kind),
        kinds @ Value::Array(_) => {
            let kinds: Vec<&Value> = items(kinds).collect();
            between(page, &kinds, |page, kind| page.text(text_of(kind)));
        }
        _ => page.raw("anything"),
    }
    if schema["items"].is_object() {
        page.raw(" of ");
        write_kind(page, &schema["items"]);
    }
}

/// Whether it says what a value is, and not only what it must have.
fn is_kind(schema: &Value) -> bool {
    ["type", "$ref", "enum", "const"]
        .iter()
        .any(|name| !schema[name].is_null())
}

fn between<'a>(page: &mut Html, values: &[&'a Value], write: impl Fn(&mut Html, &'a Value)) {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            page.raw(" or ");
        }
        write(page, value);
    }
}

/// What limits a value.
pub(super) fn write_rules(page: &mut Html, schema: &Value) {
    for (name, words) in RULES {
        let Some(value) = schema.get(name) else {
            continue;
        };
        page.raw(" <span class=\"rule\">");
        page.text(words);
        page.raw(" ");
        match value {
            Value::String(text) => page.element("code", text),
            other => page.element("code", &other.to_string()),
        }
        page.raw("</span>");
    }
}
