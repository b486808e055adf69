//! What tests need of a running node: the real router over a real store, with
//! a clock they move and randomness that repeats. For tests alone.
//!
//! ```no_run
//! # async fn example() {
//! use keypurse_testkit::TestApp;
//! use serde_json::json;
//!
//! let app = TestApp::new().await;
//! let (name, secret) = app.create_token(json!({"name": "team"})).await;
//! let answer = app.get("/v2/user/custom_token/me/").key(&secret).send().await;
//! assert_eq!(answer.json()["name"], name);
//! app.finish().await;
//! # }
//! ```

mod app;
mod clock;
mod entropy;
mod faults;
mod faulty_alerts;
pub mod fuzz;
pub mod hostile;
pub mod oracle;
mod request;
mod server;
pub mod upstream;

pub use app::{AfterCrash, TestApp, TestAppBuilder};
pub use clock::FakeClock;
pub use entropy::SeededEntropy;
pub use faults::Faults;
pub use request::{TestAnswer, TestRequest};
pub use server::TestServer;
