//! `GET /v2/cost_management/focus/`

use keypurse_testkit::TestApp;
use serde_json::json;

use super::*;

const MONTH: &str = "begin=2026-11-01&end=2026-11-30";

async fn export(app: &TestApp, query: &str) -> Vec<Vec<String>> {
    rows(&ask(app, FOCUS, query).await)
}

#[tokio::test]
async fn a_charge_is_a_day_of_a_token_and_model_in_the_columns_of_focus() {
    let shop = Shop::open("1").await;
    let tagged = json!({"tags": ["team a", "prod"]});
    shop.app.patch(&token_path("t")).json(&tagged).send().await;
    shop.ask(&hello()).await;
    shop.ask(&hello()).await;
    let table = export(&shop.app, MONTH).await;
    assert_eq!(table.len(), 2);
    for (name, expected) in [
        ("BilledCost", "0.00042"),
        ("EffectiveCost", "0.00042"),
        ("ListCost", "0.00042"),
        ("ContractedCost", "0.00042"),
        ("BillingAccountId", "acc_1"),
        ("BillingAccountName", "main"),
        ("BillingCurrency", "USD"),
        ("BillingPeriodStart", "2026-11-01T00:00:00Z"),
        ("BillingPeriodEnd", "2026-12-01T00:00:00Z"),
        ("ChargePeriodStart", "2026-11-21T00:00:00Z"),
        ("ChargePeriodEnd", "2026-11-22T00:00:00Z"),
        ("ChargeCategory", "Usage"),
        ("ChargeClass", ""),
        ("ChargeDescription", "Chat by up/m"),
        ("ChargeFrequency", "Usage-Based"),
        ("ConsumedQuantity", "60"),
        ("ConsumedUnit", "Tokens"),
        ("PricingQuantity", "60"),
        ("PricingUnit", "Tokens"),
        ("ProviderName", "up"),
        ("PublisherName", "up"),
        ("InvoiceIssuerName", "Keypurse"),
        ("ResourceName", "t"),
        ("ResourceType", "API Key"),
        ("ServiceCategory", "AI and Machine Learning"),
        ("ServiceName", "Chat"),
        ("ServiceSubcategory", "Generative AI"),
        ("SkuId", "up/m"),
        ("Tags", r#"{"prod":true,"team a":true}"#),
        ("x_Calls", "2"),
        ("x_InputTokens", "20"),
        ("x_OutputTokens", "40"),
    ] {
        assert_eq!(column(&table, name), [expected], "{name}");
    }
    let own = table[0].iter().position(|name| name.starts_with("x_"));
    let (theirs, ours) = table[0].split_at(own.unwrap());
    assert!(theirs.is_sorted() && ours.iter().all(|name| name.starts_with("x_")));
    shop.app.finish().await;
}

#[tokio::test]
async fn charges_add_up_to_what_was_charged_and_simulated_calls_are_none() {
    let shop = Shop::open("1").await;
    let sandbox = sandbox(&shop.app, "s").await;
    for _ in 0..3 {
        shop.ask(&hello()).await;
        chat(&shop.app, &shop.secret, "up/out").await;
        chat(&shop.app, &sandbox, "up/m").await;
        shop.app.clock().advance_ms(86_400_000);
    }
    let table = export(&shop.app, MONTH).await;
    assert_eq!(table.len(), 1 + 3 * 2);
    let costs = column(&table, "BilledCost");
    let costs = costs.iter().map(|cost| Money::parse_text(cost).unwrap());
    assert_eq!(costs.sum::<Money>(), charged(&shop.app, "t").await);
    assert!(
        column(&table, "ResourceName")
            .iter()
            .all(|name| name == "t")
    );
    let nothing = export(&shop.app, "begin=2026-12-01&end=2026-12-31").await;
    assert_eq!(nothing, [table[0].clone()], "columns alone");
    shop.app.finish().await;
}
