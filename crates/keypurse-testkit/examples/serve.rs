use keypurse_testkit::TestApp;
#[tokio::main]
async fn main() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    println!("KEYPURSE_URL={}\nKEYPURSE_ACCOUNT_KEY={}", server.base_url(), app.account_key());
    tokio::signal::ctrl_c().await.unwrap();
    server.stop().await;
    app.finish().await;
}
