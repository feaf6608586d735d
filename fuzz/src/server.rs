//! The server that requests are put to.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use inview::server::app;
use inview::server::home::Home;
use jiff::Timestamp;
use tower::ServiceExt as _;

use super::files::quick_folder;

/// A server whose clock jumps ahead with each request, so that none is too fast. It stands where the
/// heartbeats of 20 ms are about to be written, so that none waits.
pub(super) struct Server {
    home: Home,
    app: Router,
    second: Arc<AtomicI64>,
    asked: AtomicI64,
    runtime: tokio::runtime::Runtime,
    pub(super) tokens: [String; 3],
    pub(super) cookie: String,
    /// What stands in the addresses for something that is there, and its id.
    pub(super) there: Vec<(&'static str, String)>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// The cookie is good for twelve hours, and each request takes a second; what was stored goes with it.
    const REQUESTS: i64 = 20_000;

    pub(super) fn start() -> Self {
        let folder = quick_folder();
        let second = Arc::new(AtomicI64::new(1_795_000_000));
        let hand = Arc::clone(&second);
        let clock = Arc::new(move || {
            let second = hand.load(Ordering::SeqCst);
            Timestamp::from_millisecond(second * 1_000 + 19).unwrap()
        });
        let home = Home::open(folder.path(), IpAddr::V4(Ipv4Addr::LOCALHOST), clock).unwrap();
        let tokens = [&home.agent_token, &home.proctor_token, &home.manager_token]
            .map(|it| std::fs::read_to_string(&it.path).unwrap().trim().to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut server = Self {
            app: app(home.state.clone()),
            home,
            second,
            asked: AtomicI64::new(0),
            runtime,
            tokens,
            cookie: String::new(),
            there: Vec::new(),
            _folder: folder,
        };
        let code = server.home.sign_in_code().unwrap();
        let request = Request::get(format!("/sign-in/{}", code.reveal()));
        let answer = server.ask(request.body(Body::empty()).unwrap());
        // There is no administrator yet.
        assert_eq!(answer.headers()[LOCATION], "/first-admin");
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut server.cookie);
        for (name, path, body, id) in [
            ("{exam}", "/v1/exams", r#"{"name": "x", "rooms": ["A1"]}"#, "/exam"),
            ("{account}", "/v1/accounts", r#"{"name": "ann", "role": "proctor"}"#, "/id"),
            ("{webhook}", "/v1/webhooks", r#"{"name": "x", "url": "https://a.example/"}"#, "/id"),
        ] {
            let request = Request::post(path)
                .header(CONTENT_TYPE, "application/json")
                .header(HOST, "a.example")
                .header(COOKIE, &server.cookie);
            let answer = server.ask(request.body(Body::from(body)).unwrap());
            let made = server.body(answer);
            let made: serde_json::Value = serde_json::from_slice(&made).unwrap();
            let made = made.pointer(id).unwrap_or_else(|| panic!("{made}")).as_str().unwrap();
            server.there.push((name, made.to_owned()));
        }
        server
    }

    pub(super) fn ask(&self, request: Request<Body>) -> axum::response::Response {
        self.second.fetch_add(1, Ordering::SeqCst);
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.runtime.block_on(self.app.clone().oneshot(request)).unwrap()
    }

    pub(super) fn body(&self, answer: axum::response::Response) -> Vec<u8> {
        let reading = axum::body::to_bytes(answer.into_body(), usize::MAX);
        self.runtime.block_on(reading).unwrap().into()
    }

    pub(super) fn is_old(&self) -> bool {
        self.asked.load(Ordering::SeqCst) > Self::REQUESTS
    }
}
