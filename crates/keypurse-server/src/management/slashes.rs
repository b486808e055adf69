//! Routes that are the same with and without a trailing slash. No redirect:
//! many clients repeat a redirected POST as a GET.

use axum::Router;
use axum::routing::MethodRouter;

use crate::state::AppState;

pub(super) trait SlashRoutes {
    /// Adds a route under both forms of its path.
    fn with_both(self, path: &str, methods: MethodRouter<AppState>) -> Self;
}

impl SlashRoutes for Router<AppState> {
    fn with_both(self, path: &str, methods: MethodRouter<AppState>) -> Self {
        self.route(path, methods.clone())
            .route(&format!("{path}/"), methods)
    }
}
