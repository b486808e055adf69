//! The page as a whole.

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use http::HeaderName;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use serde_json::Value;

use super::html::{Html, text_of};
use super::walk::{items, members, operations, tags};
use super::{operation, schema};
use crate::management::openapi::document;

const STYLE: &str = include_str!("style.css");
/// Nothing but our own style sheet; no frame around us.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
/// The document changes with the program alone.
const AN_HOUR: &str = "public, max-age=3600";

/// `GET /docs`
pub(in crate::management) async fn show() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| write(&document()));
    answer("text/html; charset=utf-8", page)
}

/// `GET /docs/style.css`
pub(in crate::management) async fn style() -> Response {
    answer("text/css; charset=utf-8", STYLE)
}

fn answer(kind: &'static str, body: &'static str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, AN_HOUR),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, body).into_response()
}

fn write(document: &Value) -> String {
    let info = &document["info"];
    let title = format!("{} {}", text_of(&info["title"]), text_of(&info["version"]));
    let mut page = Html::default();
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.element("title", &format!("{title}: API"));
    page.raw("<link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>");
    page.raw("<a class=\"skip\" href=\"#operations\">Skip to the operations</a>");
    page.raw("<header><h1>");
    page.text(&title);
    page.raw("</h1>");
    page.prose(text_of(&info["summary"]));
    page.prose(text_of(&info["description"]));
    page.raw(
        "<p>As a document for programs: <a href=\"/openapi.json\">openapi.json</a></p></header>",
    );
    contents(&mut page, document);
    page.raw("<main id=\"operations\">");
    for tag in items(&document["tags"]) {
        page.raw("<section>");
        page.element("h2", text_of(&tag["name"]));
        page.prose(text_of(&tag["description"]));
        for (path, method, operation) in operations(document) {
            if tags(operation).any(|name| name == text_of(&tag["name"])) {
                operation::write(&mut page, document, (path, method), operation);
            }
        }
        page.raw("</section>");
    }
    page.raw("<section><h2>Schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        schema::write_named(&mut page, name, schema);
    }
    page.raw("</section></main></body></html>\n");
    page.finish()
}

/// Every operation by name, so that one is found without scrolling.
fn contents(page: &mut Html, document: &Value) {
    page.raw("<nav aria-label=\"Operations\">");
    for tag in items(&document["tags"]) {
        page.element("h2", text_of(&tag["name"]));
        page.raw("<ul>");
        for (_, method, operation) in operations(document) {
            if tags(operation).any(|name| name == text_of(&tag["name"])) {
                page.raw("<li><a href=\"#");
                page.text(text_of(&operation["operationId"]));
                page.raw("\">");
                operation::write_method(page, method);
                page.text(text_of(&operation["summary"]));
                page.raw("</a></li>");
            }
        }
        page.raw("</ul>");
    }
    page.raw("</nav>");
}
