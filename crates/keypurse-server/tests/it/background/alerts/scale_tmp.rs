use super::Watched;
use keypurse_core::money::Money;
use keypurse_core::token::{TokenKind, TokenName, TokenSettings};
use keypurse_store::{KeyVersions, NewToken};
use serde_json::json;

#[tokio::test]
async fn scale_tmp() {
    let mut watched = Watched::open().await;
    let state = watched.app.state().clone();
    let account = state.store.accounts().await.unwrap()[0].id;
    let mut all = Vec::new();
    for n in 0..10_000_u32 {
        let mut settings =
            TokenSettings::new(TokenName::parse(&format!("t{n}")).unwrap(), TokenKind::Live);
        settings.has_budget = true;
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&n.to_le_bytes());
        digest[31] = 9;
        let new = NewToken {
            account,
            settings,
            balance: Money::from_nanos(if n % 100 == 0 { 5 } else { 1_000_000_000 }),
            digest,
            sealed: None,
            keys: KeyVersions::FIRST,
            now: state.now(),
        };
        let store = state.store.clone();
        all.push(async move { store.create_token(new).await.unwrap() });
    }
    futures_util::future::join_all(all).await;
    for (kind, threshold) in [
        ("balance_below", json!("0.5")),
        ("balance_share_below", json!(20)),
        ("exhausted", json!(null)),
        ("expiring_within", json!(86400)),
    ] {
        watched
            .alert(json!({"kind": kind, "token": "*", "threshold": threshold}))
            .await;
    }
    watched
        .alert(json!({"kind": "spend_rate_above", "token": "*", "threshold": 5, "window": 3600}))
        .await;
    for round in 0..5 {
        watched.app.clock().advance_ms(11_000);
        let began = std::time::Instant::now();
        let fired = watched.look().await;
        println!(
            "SCALE round {round}: {fired} fired in {:?}",
            began.elapsed()
        );
    }
}
