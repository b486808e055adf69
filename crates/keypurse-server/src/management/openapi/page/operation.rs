//! One operation: what it takes and what it answers.

use serde_json::Value;

use super::html::{Html, text_of};
use super::schema;
use super::walk::{items, members, resolved};

pub(super) fn write(
    page: &mut Html,
    document: &Value,
    (path, method): (&str, &str),
    operation: &Value,
) {
    page.raw("<article id=\"");
    page.text(text_of(&operation["operationId"]));
    page.raw("\"><h3>");
    page.text(text_of(&operation["summary"]));
    page.raw("</h3><p class=\"route\">");
    write_method(page, method);
    page.element("code", path);
    page.raw("</p>");
    page.prose(text_of(&operation["description"]));
    let of_path = items(&document["paths"][path]["parameters"]);
    parameters(
        page,
        document,
        of_path.chain(items(&operation["parameters"])),
    );
    body(page, document, &operation["requestBody"]);
    responses(page, document, &operation["responses"]);
    page.raw("</article>");
}

/// A word, not only a colour.
pub(super) fn write_method(page: &mut Html, method: &str) {
    page.raw("<span class=\"method ");
    page.text(method);
    page.raw("\">");
    page.text(&method.to_uppercase());
    page.raw("</span> ");
}

fn parameters<'a>(
    page: &mut Html,
    document: &'a Value,
    parameters: impl Iterator<Item = &'a Value>,
) {
    let mut parameters = parameters.peekable();
    if parameters.peek().is_none() {
        return;
    }
    page.raw("<h4>Parameters</h4><div class=\"wide\"><table><thead><tr><th>Name</th><th>In</th>");
    page.raw("<th>Type</th><th>Description</th></tr></thead><tbody>");
    for parameter in parameters {
        let parameter = resolved(document, parameter);
        page.raw("<tr><td>");
        page.element("code", text_of(&parameter["name"]));
        if parameter["required"] == true {
            page.raw(" <em>required</em>");
        }
        page.raw("</td><td>");
        page.text(text_of(&parameter["in"]));
        page.raw("</td><td>");
        schema::write_kind(page, &parameter["schema"]);
        page.raw("</td><td>");
        page.inline(text_of(&parameter["description"]));
        schema::write_rules(page, &parameter["schema"]);
        page.raw("</td></tr>");
    }
    page.raw("</tbody></table></div>");
}

fn body(page: &mut Html, document: &Value, body: &Value) {
    let body = resolved(document, body);
    if body.is_null() {
        return;
    }
    page.raw("<h4>Body</h4>");
    if body["required"] != true {
        page.raw("<p>May be left out.</p>");
    }
    contents(page, &body["content"]);
}

fn contents(page: &mut Html, content: &Value) {
    for (kind, content) in members(content) {
        page.raw("<p>");
        page.element("code", kind);
        page.raw(": ");
        schema::write_kind(page, &content["schema"]);
        page.raw("</p>");
    }
}

fn responses(page: &mut Html, document: &Value, responses: &Value) {
    page.raw("<h4>Answers</h4><dl>");
    for (status, response) in members(responses) {
        let response = resolved(document, response);
        page.raw("<dt>");
        page.element("code", status);
        page.raw(" ");
        page.inline(text_of(&response["description"]));
        page.raw("</dt><dd>");
        contents(page, &response["content"]);
        page.raw("</dd>");
    }
    page.raw("</dl>");
}
