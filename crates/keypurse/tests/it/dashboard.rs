//! The dashboard of a real process, and the key that may look only.

use std::process::Output;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;

use crate::client::Client;
use crate::process::{Setup, keypurse};

fn viewer_key(setup: &Setup, arguments: &[&str]) -> Output {
    let mut command = keypurse();
    command.args(["account", "viewer-key"]).args(arguments);
    command.arg("--data-dir").arg(setup.data_dir());
    command.output().unwrap()
}

/// Signs in from a browser on this machine; the status, and the cookie.
async fn sign_in(address: &str, key: &str) -> (u16, String) {
    let request = Request::post(format!("http://{address}/sign-in"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    let body: Full<Bytes> = Full::from(format!("key={key}"));
    let request = request.body(body);
    let http = Http::builder(TokioExecutor::new()).build_http();
    let response = http.request(request.unwrap()).await.unwrap();
    let cookie = response.headers().get("set-cookie");
    let cookie = cookie.map_or("", |cookie| cookie.to_str().unwrap());
    (response.status().as_u16(), cookie.to_owned())
}

#[tokio::test]
async fn a_viewer_key_is_printed_once_and_works_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    assert!(setup.start().await.terminate().success());

    let made = viewer_key(&setup, &["create"]);
    assert!(made.status.success(), "{made:?}");
    let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    assert!(key.starts_with("kp_view_"), "{key}");
    for file in std::fs::read_dir(setup.data_dir()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let is_kept = bytes.windows(key.len()).any(|part| part == key.as_bytes());
        assert!(!is_kept, "only a digest of it is kept");
    }

    let mut process = setup.start().await;
    let (status, cookie) = sign_in(&process.address, &key).await;
    assert_eq!(status, 303);
    assert!(cookie.starts_with("keypurse-sid="), "{cookie}");
    let client = Client::new(&process.address);
    let managed = client.get("/v2/user/custom_token/", &key).await.unwrap();
    assert_eq!(managed.status, 403);
    assert!(process.terminate().success());

    let revoked = viewer_key(&setup, &["revoke"]);
    assert!(revoked.status.success(), "{revoked:?}");
    let mut process = setup.start().await;
    assert_eq!(sign_in(&process.address, &key).await.0, 401);
    assert!(process.terminate().success());

    let nobody = viewer_key(&setup, &["create", "nobody"]);
    assert_eq!(nobody.status.code(), Some(1));
    let told = String::from_utf8(nobody.stderr).unwrap();
    assert!(told.contains("there is no account `nobody`"), "{told}");
    assert!(nobody.stdout.is_empty(), "no key for nobody");
}
