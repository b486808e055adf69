//! More connections than there may be.

use keypurse_server::http::serve::Limits;

use super::patient;
use super::raw::Raw;
use super::seen::Seen;

const REQUEST: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn h5_who_comes_when_all_places_are_taken_is_turned_away_at_once() {
    let limits = Limits {
        connections: 4,
        ..patient()
    };
    let server = Seen::start(limits).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = Raw::connect(&server.base_url).await;
        client.send(REQUEST).await;
        client.until("\r\n\r\n").await;
        clients.push(client);
    }
    for _ in 0..100 {
        let mut late = Raw::connect(&server.base_url).await;
        assert_eq!(late.until_closed().await, "");
    }
    // Those who have a place are served as before.
    for client in &mut clients {
        client.send(REQUEST).await;
        client.until("\r\n\r\n").await;
    }
    drop(clients);
    // Its place is free as soon as the server has noticed.
    for _ in 0..10_000 {
        let mut next = Raw::connect(&server.base_url).await;
        next.send("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;
        if next.until_closed().await.starts_with("HTTP/1.1 200") {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("no place became free");
}
