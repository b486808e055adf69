//! What a start tells its operator: an address, where the key is, and commands
//! that work as printed.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;

use keypurse_core::token::TokenName;
use keypurse_server::gateway::Gateway;
use keypurse_store::{Store, StoreError};

use super::DEFAULT_ACCOUNT;
use super::account_key::KeyPlace;

/// What the printed commands call their tokens.
const SANDBOX_NAME: &str = "first-sandbox";
const CENT_NAME: &str = "first-cent";
/// So many are tried: nobody starts more often without looking at the page.
const MOST_NAMES: u32 = 100;

pub(super) struct Facts<'a> {
    pub(super) address: SocketAddr,
    pub(super) is_tls: bool,
    pub(super) dir: &'a Path,
    pub(super) key: KeyPlace,
    pub(super) demo: bool,
    pub(super) gateway: &'a Gateway,
    pub(super) store: &'a dyn Store,
}

pub(super) async fn print(facts: &Facts<'_>) {
    let url = url(facts);
    println!("keypurse {} is ready at {url}", env!("CARGO_PKG_VERSION"));
    println!("  dashboard  {url}/ (sign in with the account key)");
    println!("  data       {}", facts.dir.display());
    println!("  prices     catalogue of {}", facts.gateway.prices_date());
    println!("  providers  {}", providers(facts.gateway));
    let key = print_key(&facts.key);
    println!();
    println!("Create a sandbox token and call it (simulated, free):");
    println!();
    let name = free_name(facts.store, SANDBOX_NAME).await;
    let body = format!(r#"{{"name": "{name}", "token_type": "sandbox_api_token"}}"#);
    print_create(&url, &key, &body);
    print_call(&url, "openai/gpt-4o-mini");
    if facts.demo {
        println!();
        println!("Create a token with one cent and watch it pay (local demo provider):");
        println!();
        let name = free_name(facts.store, CENT_NAME).await;
        let body = format!(r#"{{"name": "{name}", "balance": "0.01", "active_balance": true}}"#);
        print_create(&url, &key, &body);
        print_call(&url, "demo/echo");
        println!("  curl -s {url}/v2/user/custom_token/me/ -H \"Authorization: Bearer $TOKEN\"");
    }
    println!();
}

/// A name that no token of the first account has: an earlier start has printed
/// the same commands. Where the store cannot say, the command will.
async fn free_name(store: &dyn Store, wanted: &str) -> String {
    let numbered = (2..=MOST_NAMES).map(|number| format!("{wanted}-{number}"));
    for name in std::iter::once(wanted.to_owned()).chain(numbered) {
        if !matches!(is_taken(store, &name).await, Ok(true)) {
            return name;
        }
    }
    wanted.to_owned()
}

/// Looked up by itself: there may be a million tokens.
async fn is_taken(store: &dyn Store, name: &str) -> Result<bool, StoreError> {
    let accounts = store.accounts().await?;
    let first = accounts.iter().find(|it| it.name == DEFAULT_ACCOUNT);
    let (Some(first), Ok(name)) = (first, TokenName::parse(name)) else {
        return Ok(false);
    };
    Ok(store.token(first.id, &name).await?.is_some())
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
            format!("$(cat {})", quoted(path))
        }
        KeyPlace::Elsewhere { path } => {
            println!("  account    key is not in {} any more;", path.display());
            println!("             for these commands put yours into KEYPURSE_ACCOUNT_KEY");
            "$KEYPURSE_ACCOUNT_KEY".to_owned()
        }
    }
}

/// A path as a shell reads it back.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if path.chars().all(is_plain) && !path.starts_with('-') {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

fn print_create(url: &str, key: &str, body: &str) {
    println!("  TOKEN=$(curl -s {url}/v2/user/custom_token/ \\");
    println!("    -H \"Authorization: Bearer {key}\" -H 'Content-Type: application/json' \\");
    println!("    -d '{body}' \\");
    // What is no token is shown instead of becoming one.
    println!("    | sed -n -e 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/p' -e t -e 'w /dev/stderr')");
}

fn print_call(url: &str, model: &str) {
    println!("  curl -s {url}/v1/chat/completions -H \"Authorization: Bearer $TOKEN\" \\");
    println!("    -H 'Content-Type: application/json' \\");
    println!(
        "    -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'"
    );
}

#[cfg(test)]
mod tests {
    use super::quoted;
    use std::path::Path;

    #[test]
    fn a_path_is_quoted_where_a_shell_would_read_it_otherwise() {
        for (path, expected) in [
            ("keypurse-data/account.key", "keypurse-data/account.key"),
            ("/srv/my data/account.key", "'/srv/my data/account.key'"),
            ("/srv/$(id)/account.key", "'/srv/$(id)/account.key'"),
            ("/srv/it's/account.key", r"'/srv/it'\''s/account.key'"),
            ("-v/account.key", "'-v/account.key'"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
