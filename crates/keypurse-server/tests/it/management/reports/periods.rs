//! Which days make a period, and what it is called.

use keypurse_testkit::TestApp;
use serde_json::Value;

use super::*;

/// A token that called at each of these instants.
async fn called(app: &TestApp, instants: &[&str]) {
    let secret = sandbox(app, "s").await;
    for instant in instants {
        app.clock().set(instant);
        assert_status(&chat(app, &secret, "sandbox/echo").await, 200);
    }
}

/// Periods and how many calls each has, such as `2026-11-16:2`.
fn told(data: &Value) -> String {
    let periods = data.as_object().unwrap().iter();
    let told = periods.map(|(period, sums)| {
        let sums = sums.get("text__chat").unwrap_or(sums);
        format!("{period}:{}", sums["details"])
    });
    told.collect::<Vec<_>>().join(" ")
}

const INSTANTS: [&str; 6] = [
    "2026-11-22T23:59:59.999999Z", // a Sunday
    "2026-11-23T00:00:00Z",
    "2026-11-30T12:00:00Z",
    "2026-12-01T00:00:00Z",
    "2026-12-31T23:59:59Z",
    "2027-01-01T00:00:00Z",
];

#[tokio::test]
async fn a_period_is_named_by_its_first_day_and_holds_only_days_that_were_asked_for() {
    let app = TestApp::new().await;
    called(&app, &INSTANTS).await;
    for (query, expected) in [
        (
            "begin=2026-11-22&end=2026-12-01&step=1",
            "2026-11-22:1 2026-11-23:1 2026-11-30:1 2026-12-01:1",
        ),
        (
            "begin=2026-11-22&end=2026-12-06&step=2",
            "2026-11-16:1 2026-11-23:1 2026-11-30:2",
        ),
        // Weeks, months and years of which a part was asked for.
        ("begin=2026-11-24&end=2026-11-30&step=2", "2026-11-30:1"),
        ("begin=2026-11-23&end=2026-11-30&step=3", "2026-11-01:2"),
        (
            "begin=2026-11-30&end=2026-12-30&step=3",
            "2026-11-01:1 2026-12-01:1",
        ),
        (
            "begin=2026-12-01&end=2027-12-31&step=4",
            "2026-01-01:2 2027-01-01:1",
        ),
        ("begin=2027-01-02&end=2027-01-31&step=1", ""),
        (
            "begin=0001-01-01&end=9999-12-31&step=4",
            "2026-01-01:5 2027-01-01:1",
        ),
        ("begin=1900-01-01&end=1910-12-31&step=1", ""),
        ("begin=9000-01-01&end=9999-12-31&step=4", ""),
        // With groups there are two more.
        ("begin=2026-11-20&end=2027-01-01&step=0", "2026-11-20:6"),
        (
            "begin=2026-11-30&end=2026-12-01&step=5",
            "2026-11-30T12:00:00Z:1 2026-12-01T00:00:00Z:1",
        ),
    ] {
        let data = if query.ends_with('0') || query.ends_with('5') {
            let groups = costs(&app, &format!("{query}&group_by=token")).await;
            groups[0]["data"].clone()
        } else {
            data_of(&app, "s", query).await
        };
        assert_eq!(told(&data), expected, "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn days_are_those_of_the_configured_zone() {
    let app = TestApp::builder().zone("America/New_York").build().await;
    called(
        &app,
        &[
            "2026-11-22T04:59:59Z",
            "2026-11-22T05:00:00Z",
            "2026-12-01T04:00:00Z",
            "2027-01-01T04:59:59Z",
        ],
    )
    .await;
    for (query, expected) in [
        (
            "begin=2026-11-21&end=2026-12-31&step=1",
            "2026-11-21:1 2026-11-22:1 2026-11-30:1 2026-12-31:1",
        ),
        ("begin=2026-11-22&end=2026-11-22&step=1", "2026-11-22:1"),
        (
            "begin=2026-11-21&end=2027-01-31&step=3",
            "2026-11-01:3 2026-12-01:1",
        ),
        ("begin=2026-01-01&end=2027-12-31&step=4", "2026-01-01:4"),
    ] {
        assert_eq!(told(&data_of(&app, "s", query).await), expected, "{query}");
    }
    app.finish().await;
}
