//! Requests to the server as a whole.

use std::cell::RefCell;
use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use axum::http::{Method, Request};
use inview::report::{BATCH_CONTENT_TYPE, Problem, Roster};

use super::server::Server;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=x";
/// The session of the seeds, which these have reported of.
const OF_SESSION: &str = "/v1/sessions/8f14e45f-ceea-467f-a9a7-3b4c1d2e5f60";
/// Whose a request is: places in [`Server::tokens`], or the administrator's cookie.
const AGENT: usize = 0;
const PROCTOR: usize = 1;
const MANAGER: usize = 2;
const ADMIN: usize = 3;

/// Method, address, media type of the body, and whose it is. Seeds know them by their places.
const ROUTES: [(Method, &str, &str, usize); 26] = [
    (Method::POST, "{session}/events", BATCH_CONTENT_TYPE, AGENT),
    (Method::POST, "{session}/heartbeats", JSON, AGENT),
    (Method::POST, "{session}/commands", JSON, PROCTOR),
    (Method::POST, "/v1/sessions", JSON, MANAGER),
    (Method::POST, "/v1/enrolments", JSON, AGENT),
    (Method::POST, "/login", FORM, ADMIN),
    (Method::POST, "/sessions", FORM, ADMIN),
    (Method::POST, "/sessions/8f14e45f-ceea-467f-a9a7-3b4c1d2e5f60/commands", FORM, ADMIN),
    // Here, and at the end, the bytes are the rest of the address.
    (Method::GET, "/", "", PROCTOR),
    (Method::POST, "/v1/exams", JSON, MANAGER),
    (Method::PUT, "/v1/exams/{exam}/policy", JSON, MANAGER),
    (Method::POST, "/v1/exams/{exam}/roster", "text/csv", MANAGER),
    (Method::POST, "/v1/accounts", JSON, ADMIN),
    (Method::PATCH, "/v1/accounts/{account}", JSON, ADMIN),
    (Method::PUT, "/v1/accounts/{account}/exams", JSON, ADMIN),
    (Method::POST, "/v1/accounts/{account}/link", JSON, ADMIN),
    (Method::POST, "/v1/tokens", JSON, ADMIN),
    (Method::POST, "/v1/webhooks", JSON, ADMIN),
    (
        Method::POST,
        "{session}/intervals/5b1c8f0e-3d2a-8c4b-9e6f-7a8b9c0d1e2f/review",
        JSON,
        PROCTOR,
    ),
    (Method::POST, "/exams", FORM, ADMIN),
    (Method::POST, "/exams/{exam}/roster", MULTIPART, ADMIN),
    (Method::POST, "/accounts", FORM, ADMIN),
    (Method::POST, "/webhooks", FORM, ADMIN),
    (Method::POST, "/webhooks/{webhook}", FORM, ADMIN),
    (Method::GET, "/v1/", "", ADMIN),
    (Method::POST, "/v1/webhooks/{webhook}/", "", ADMIN),
];

/// Answered by the server of this thread, which is another one now and then.
fn ask_server(which: u8, rest: &[u8]) -> Option<(u16, Vec<u8>)> {
    thread_local! {
        static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
    }
    let (method, path, media_type, token) = &ROUTES[usize::from(which) % ROUTES.len()];
    SERVER.with_borrow_mut(|server| {
        if server.as_ref().is_some_and(Server::is_old) {
            *server = None;
        }
        let server = server.get_or_insert_with(Server::start);
        let there = server.there.iter().map(|(name, id)| (*name, id.as_str()));
        let path = there
            .chain([("{session}", OF_SESSION)])
            .fold((*path).to_owned(), |path, (name, id)| path.replace(name, id));
        let mut request = Request::builder().method(method).header(HOST, "a.example");
        let body = if media_type.is_empty() {
            request = request.uri(format!("{path}{}", std::str::from_utf8(rest).ok()?));
            Body::empty()
        } else {
            request = request.uri(&path).header(CONTENT_TYPE, *media_type);
            Body::from(rest.to_vec())
        };
        request = match server.tokens.get(*token) {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request.header(COOKIE, &server.cookie),
        };
        request = request
            .extension(axum::extract::ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 9))));
        // What is no address never leaves a client.
        let answer = server.ask(request.body(body).ok()?);
        let status = answer.status().as_u16();
        assert!(status < 500, "{path}: {status}");
        // A stream has no end.
        let is_stream =
            answer.headers().get(CONTENT_TYPE).is_some_and(|it| it == "text/event-stream");
        Some((status, if is_stream { Vec::new() } else { server.body(answer) }))
    })
}

/// Requests to the server as a whole: whatever comes, it does not fail. One byte says which address,
/// the rest is the body.
pub fn http(bytes: &[u8]) {
    if let Some((which, rest)) = bytes.split_first() {
        ask_server(*which, rest);
    }
}

/// A list of candidates at the server: each line that it issues for has its own code; else nothing is issued,
/// and the lines that are named are there.
pub fn roster(bytes: &[u8]) {
    let route = ROUTES.iter().position(|(_, _, media_type, _)| *media_type == "text/csv").unwrap();
    let Some((status, body)) = ask_server(route as u8, bytes) else { return };
    let lines = bytes.split(|byte| *byte == b'\n' || *byte == b'\r').count() as u64;
    if status == 201 {
        let roster: Roster = serde_json::from_slice(&body).unwrap();
        assert!(!roster.seats.is_empty());
        let codes: BTreeSet<String> =
            roster.seats.iter().map(|seat| seat.issued.code.reveal()).collect();
        assert_eq!(codes.len(), roster.seats.len());
        assert!(roster.seats.iter().all(|seat| (2..=lines).contains(&seat.line)), "{lines}");
    } else {
        assert_eq!(status, 400);
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert!(problem.lines.iter().all(|it| (1..=lines).contains(&it.line)), "{lines}");
    }
}
