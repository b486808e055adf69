//! Sandbox tokens.

mod chat;
mod failures;
mod refusals;
mod rehearsal;
mod routes;
mod silence;
mod stored;

use bytes::Bytes;
use keypurse_server::gateway::HttpUpstream;
use keypurse_testkit::{TestAnswer, TestRequest};
use serde_json::{Value, json};

use super::{CHAT, Shop, hello, hello_stream, soon, token_of, with};

/// A shop whose own token is a sandbox token without money.
async fn sandbox() -> Shop {
    sandbox_with(|_| {}).await
}

/// The same, with another provider.
async fn sandbox_with(change: impl FnOnce(&mut HttpUpstream)) -> Shop {
    let mut shop = Shop::with("1", change).await;
    let body = json!({"name": "s", "token_type": "sandbox_api_token", "active_balance": true});
    (_, shop.secret) = shop.app.create_token(body).await;
    shop.token = token_of(&shop.app, &shop.secret).await;
    shop
}

/// A call of one of the routes.
struct Call {
    path: &'static str,
    body: Bytes,
    content_type: &'static str,
}

impl Call {
    fn json(path: &'static str, body: &Value) -> Self {
        Self {
            path,
            body: body.to_string().into(),
            content_type: "application/json",
        }
    }

    /// A form; what a field is called says whether it is a file.
    fn form(path: &'static str, fields: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (name, content) in fields {
            let head = format!("--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b--\r\n");
        Self {
            path,
            body: body.into(),
            content_type: "multipart/form-data; boundary=b",
        }
    }

    fn of<'a>(&self, shop: &'a Shop) -> TestRequest<'a> {
        let request = shop.app.post(self.path).key(&shop.secret);
        let request = request.header("content-type", self.content_type);
        request.body(self.body.clone())
    }

    async fn ask(&self, shop: &Shop) -> TestAnswer {
        self.of(shop).send().await
    }
}
