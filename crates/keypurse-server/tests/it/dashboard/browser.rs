//! A browser of one person: keeps its cookie and says where it comes from.

use keypurse_testkit::{TestAnswer, TestApp, TestRequest};

const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    /// `name=value`, as it is sent.
    pub(crate) cookie: Option<String>,
}

impl<'a> Browser<'a> {
    /// Nobody is signed in.
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, cookie: None }
    }

    /// Signed in with the account key.
    pub(crate) async fn signed_in(app: &'a TestApp) -> Self {
        Self::signed_in_with(app, app.account_key()).await
    }

    pub(crate) async fn signed_in_with(app: &'a TestApp, key: &str) -> Self {
        let mut browser = Self::new(app);
        let answer = browser.sign_in(key).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        browser
    }

    pub(crate) async fn sign_in(&mut self, key: &str) -> TestAnswer {
        self.post("/sign-in", &[("key", key), ("next", "/")]).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> TestAnswer {
        let request = self.with_cookie(self.app.get(path).without_key());
        self.keep(request.send().await)
    }

    /// Sends a form of one of our pages.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> TestAnswer {
        let request = self
            .form(path, fields)
            .header("sec-fetch-site", "same-origin");
        self.keep(request.send().await)
    }

    /// Sends a form and follows where it leads.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> TestAnswer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let next = answer.header("location").to_owned();
        self.get(&next).await
    }

    /// A form from wherever.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> TestRequest<'a> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self.app.post(path).without_key().body(body.finish());
        self.with_cookie(request.header("content-type", FORM))
    }

    fn with_cookie(&self, request: TestRequest<'a>) -> TestRequest<'a> {
        let request = request.header("host", "localhost:8787");
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    fn keep(&mut self, answer: TestAnswer) -> TestAnswer {
        let set = answer.header("set-cookie");
        if !set.is_empty() {
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|_| !set.contains("Max-Age=0"));
        }
        answer
    }
}
