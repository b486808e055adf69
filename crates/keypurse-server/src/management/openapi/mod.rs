pub fn document() -> serde_json::Value {
    serde_json::json!({})
}
pub(super) async fn show() -> axum::response::Response {
    crate::http::answer::json(http::StatusCode::OK, &document())
}
