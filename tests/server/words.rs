use axum::http::HeaderValue;
use inview::words::Language;

use super::*;

impl Server {
    fn page_in(&self, cookie: &str, accepted: &str, address: &str) -> Answer {
        let request = Request::get(address)
            .header(COOKIE, cookie)
            .header(HOST, "exams.example")
            .header(ACCEPT_LANGUAGE, accepted);
        self.ask(request.body(Body::empty()).unwrap())
    }
}

#[test]
fn pages_speak_the_language_of_the_browser_or_the_one_that_was_chosen() {
    let server = Server::start();
    for (accepted, tag, said) in [
        ("de-AT,en;q=0.5", "de", "Anmelden"),
        ("es", "es", "Iniciar sesión"),
        ("ja", "ja", "ログイン"),
        ("fr", "en", "Sign in"),
    ] {
        let page = server.page_in("", accepted, "/login");
        let text = page.text();
        assert!(text.contains(&format!("<html lang=\"{tag}\">")) && text.contains(said), "{text}");
    }
    let chosen = server.form("", "/language", "lang=es&page=%2Fexams%3Fafter%3Dx");
    assert_eq!((chosen.status.as_u16(), &chosen.headers[LOCATION]), (303, &of("/exams?after=x")));
    let own = chosen.headers[SET_COOKIE].to_str().unwrap();
    assert!(own.ends_with("; Secure; HttpOnly; SameSite=Strict"), "{own}");
    let page = server.page_in(own.split(';').next().unwrap(), "de", "/login");
    assert!(page.text().contains("Iniciar sesión") && !page.text().contains("Anmelden"));
    // What the menu leads back to, and nowhere else.
    assert!(page.text().contains("name=\"page\" value=\"/login\""), "{}", page.text());
    let away = server.form("", "/language", "lang=ja&page=%2F%2Fevil.example");
    assert_eq!(away.headers[LOCATION], "/");
    assert_eq!(server.form("", "/language", "lang=fr").status, 400);
}

fn of(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

#[test]
fn refusals_are_told_in_the_language_and_programs_are_told_in_english() {
    let server = Server::start();
    let cookie = server.admin();
    let wrong = server.page_in(&cookie, "de", "/sessions/nothing");
    assert_eq!(wrong.status, 404);
    assert!(wrong.text().contains("So etwas gibt es hier nicht"), "{}", wrong.text());
    let asked = Request::get("/v1/sessions/nothing")
        .header(COOKIE, &cookie)
        .header(ACCEPT_LANGUAGE, "de")
        .body(Body::empty());
    assert!(server.ask(asked.unwrap()).text().contains("There is no such thing here"));
    let typed = Request::post("/accounts")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(HOST, "exams.example")
        .header(COOKIE, &cookie)
        .header(ACCEPT_LANGUAGE, "ja")
        .body(Body::from("name=a+b&role=proctor"));
    let refused = server.ask(typed.unwrap());
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("名前は1~64文字"), "{}", refused.text());
}

#[test]
fn every_page_of_those_who_sign_in_is_in_each_language_and_names_no_message() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events = [
        agent.started("Seat 1"),
        agent.closed(Kind::OutOfView, 4_200, 9_940),
        agent.closed(Kind::CameraCovered, 12_000, 13_000),
        agent.ended(30_000),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events));
    let admin = server.admin();
    let of_session = format!("/sessions/{session}");
    let report = format!("/sessions/{session}/report");
    for (language, kind) in Language::ALL.into_iter().zip([
        "out of view",
        "nicht im Bild",
        "fuera de la vista",
        "映っていない",
    ]) {
        for address in [
            "/",
            &of_session,
            &report,
            "/exams",
            "/accounts",
            "/tokens",
            "/account",
            "/login",
            "/review",
            "/webhooks",
            "/audit",
        ] {
            let page = server.page_in(&admin, language.tag(), address);
            assert_eq!(page.status, 200, "{address}");
            let text = page.text();
            assert!(text.contains(&format!("<html lang=\"{}\">", language.tag())), "{address}");
            let shows_it = ["/", &*of_session, &*report].contains(&address);
            assert!(!shows_it || text.contains(kind), "{address}");
            // The key of a message that is missing would stand in its place.
            for key in [">kind-", ">problem-", ">review-", "sessions-title", "=\"live-"] {
                assert!(!text.contains(key), "{language:?} {address} {key}");
            }
        }
    }
    let page = server.page_in(&admin, "de", &of_session);
    assert!(page.text().contains("nicht im Bild: 0:04,2 bis 0:09,9 (5,7 s)"), "{}", page.text());
}
