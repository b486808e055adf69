//! What a start tells its operator: an address, where the key is, and commands
//! that work as printed.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;

use keypurse_server::gateway::Gateway;

use super::account_key::KeyPlace;

pub(super) struct Facts<'a> {
    pub(super) address: SocketAddr,
    pub(super) is_tls: bool,
    pub(super) dir: &'a Path,
    pub(super) key: KeyPlace,
    pub(super) demo: bool,
    pub(super) gateway: &'a Gateway,
}

pub(super) fn print(facts: &Facts<'_>) {
    println!(
        "keypurse {} is ready at {}",
        env!("CARGO_PKG_VERSION"),
        url(facts)
    );
    println!(
        "  dashboard  {}/ (sign in with the account key)",
        url(facts)
    );
    println!("  data       {}", facts.dir.display());
    println!("  prices     catalogue of {}", facts.gateway.prices_date());
    println!("  providers  {}", providers(facts.gateway));
    let key = print_key(&facts.key);
    let url = url(facts);
    println!();
    println!("Create a sandbox token and call it (simulated, free):");
    println!();
    print_create(
        &url,
        &key,
        r#"{"name": "first-sandbox", "token_type": "sandbox_api_token"}"#,
    );
    print_call(&url, "openai/gpt-4o-mini");
    if facts.demo {
        println!();
        println!("Create a token with one cent and watch it pay (local demo provider):");
        println!();
        let body = r#"{"name": "first-cent", "balance": "0.01", "active_balance": true}"#;
        print_create(&url, &key, body);
        print_call(&url, "demo/echo");
        println!("  curl -s {url}/v2/user/custom_token/me/ -H \"Authorization: Bearer $TOKEN\"");
    }
    println!();
}

fn url(facts: &Facts<'_>) -> String {
    let scheme = if facts.is_tls { "https" } else { "http" };
    let address = if facts.address.ip().is_unspecified() {
        SocketAddr::new([127, 0, 0, 1].into(), facts.address.port())
    } else {
        facts.address
    };
    format!("{scheme}://{address}")
}

fn providers(gateway: &Gateway) -> String {
    let names = gateway.provider_names();
    if names.is_empty() {
        return "none; sandbox tokens answer without (set OPENAI_API_KEY to add one)".to_owned();
    }
    names.join(", ")
}

/// How the printed commands find the key. The key itself appears only on a
/// terminal, once, when it was made.
fn print_key(key: &KeyPlace) -> String {
    match key {
        KeyPlace::Environment => {
            println!("  account    key preset by KEYPURSE_ACCOUNT_KEY");
            "$KEYPURSE_ACCOUNT_KEY".to_owned()
        }
        KeyPlace::File { path, fresh } => {
            println!("  account    key in {}", path.display());
            if let Some(key) = fresh.as_ref().filter(|_| std::io::stdout().is_terminal()) {
                println!("             {} (shown this once)", key.expose());
            }
            format!("$(cat {})", path.display())
        }
    }
}

fn print_create(url: &str, key: &str, body: &str) {
    println!("  TOKEN=$(curl -s {url}/v2/user/custom_token/ \\");
    println!("    -H \"Authorization: Bearer {key}\" -H 'Content-Type: application/json' \\");
    println!("    -d '{body}' \\");
    println!("    | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')");
}

fn print_call(url: &str, model: &str) {
    println!("  curl -s {url}/v1/chat/completions -H \"Authorization: Bearer $TOKEN\" \\");
    println!("    -H 'Content-Type: application/json' \\");
    println!(
        "    -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'"
    );
}
