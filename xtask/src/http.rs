//! Plain HTTP to servers of ours on loopback.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Background;
use crate::wait;

const READY_LIMIT: Duration = Duration::from_secs(20);
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Waits until `GET url` answers 200, failing early if the server dies.
pub(crate) fn wait_ready(server: &mut Background, url: &str) -> Result<()> {
    let ready = wait::until(&format!("a 200 from {url}"), READY_LIMIT, || {
        server.ensure_running()?;
        let answer = agent().get(url).call();
        Ok(answer
            .is_ok_and(|answer| answer.status() == 200)
            .then_some(()))
    });
    ready.with_context(|| server.log_tail())
}

/// Posts JSON with a bearer secret; any status but 2xx is an error.
pub(crate) fn post_json(url: &str, secret: &str, body: &Value) -> Result<String> {
    let mut answer = agent()
        .post(url)
        .header("Authorization", format!("Bearer {secret}"))
        .header("Content-Type", "application/json")
        .send(body.to_string())
        .with_context(|| format!("cannot reach {url}"))?;
    let status = answer.status();
    let text = answer.body_mut().read_to_string()?;
    anyhow::ensure!(status.is_success(), "POST {url} answered {status}: {text}");
    Ok(text)
}

/// Signs in to the dashboard; the session's cookie as it is sent back.
pub(crate) fn sign_in(url: &str, key: &str) -> Result<String> {
    let answer = agent()
        .post(format!("{url}/sign-in"))
        .header("Origin", url)
        .send_form([("key", key)])
        .with_context(|| format!("cannot reach {url}"))?;
    let cookie = answer.headers().get("set-cookie");
    let cookie = cookie.and_then(|cookie| cookie.to_str().ok()?.split(';').next());
    let cookie = cookie.with_context(|| format!("no session: {}", answer.status()))?;
    Ok(cookie.to_owned())
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(REQUEST_LIMIT))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build();
    config.new_agent()
}
