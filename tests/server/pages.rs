use super::*;

#[test]
fn pages_show_the_intervals_and_nothing_that_was_typed_by_others_runs() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events = [
        agent.started("<script>alert(1)</script>"),
        agent.closed(Kind::OutOfView, 4_200, 9_940),
        agent.closed(Kind::CameraCovered, 12_000, 13_000),
        agent.ended(30_000),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events));
    let cookie = server.sign_in();
    let list = server.page(&cookie, "/");
    let one = server.page(&cookie, &format!("/sessions/{session}"));
    for page in [&list, &one] {
        assert_eq!(page.status, 200);
        assert_eq!(page.headers[CONTENT_TYPE], "text/html; charset=utf-8");
        let text = page.text();
        for part in
            ["<title>out of view", "<title>camera covered", "role=\"img\"", "ended", "alert(1)"]
        {
            assert!(text.contains(part), "{part}");
        }
        // The pages' own scripts are files.
        let text = ["roster", "review", "session", "timeline"].iter().fold(
            text.to_owned(),
            |text, name| {
                text.replace(&format!("<script src=\"/assets/{name}.js\" defer></script>"), "")
            },
        );
        for part in ["<script", "style=\"", "onload"] {
            assert!(!text.contains(part), "{part}");
        }
    }
    assert!(list.text().contains("1 to review") && one.text().contains("1 alert"));
    assert!(one.text().contains("<title>out of view: 0:04.2 to 0:09.9 (5.7 s)</title>"));
    assert!(list.text().contains(&format!("/sessions/{session}")));
    for part in ["scope=\"col\"", "seen again", "face.enter", "0:09.9", "the file ends early"] {
        assert!(one.text().contains(part), "{part}");
    }
}

#[test]
fn strangers_see_no_page_and_tenants_only_their_own() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    server.post(agent.session(), batch(&[&agent.started("x")]));
    let address = format!("/sessions/{}", agent.session());
    for page in ["/", &address] {
        let answer = server.ask(get(page));
        assert_eq!(
            (answer.status.as_u16(), &answer.headers[LOCATION]),
            (303, &"/login".parse().unwrap())
        );
        assert_eq!(server.page("__Host-inview=guessed", page).status, 303);
        // A token is no cookie.
        assert_eq!(server.page(&format!("__Host-inview={}", server.proctor), page).status, 303);
    }
    let theirs = server.token(Scope::Page, "b");
    let theirs = format!("__Host-inview={theirs}");
    assert!(server.page(&theirs, "/").text().contains("No session has been reported yet"));
    assert_eq!(server.page(&theirs, &address).status, 404);
}

#[test]
fn every_answer_has_the_strict_headers() {
    let server = Server::start();
    let cookie = server.sign_in();
    for address in [
        "/",
        "/login",
        "/assets/style.css",
        "/assets/roster.js",
        "/healthz",
        "/nowhere",
        "/v1/sessions",
    ] {
        let answer = server.page(&cookie, address);
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{address}: {policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert!(!answer.headers.contains_key("strict-transport-security"));
        let caching = if address.starts_with("/assets/") { "no-cache" } else { "no-store" };
        assert_eq!(answer.headers["cache-control"], caching, "{address}");
    }
}

#[test]
fn a_sign_in_link_is_good_once_and_for_ten_minutes() {
    let server = Server::start();
    let code = server.home.sign_in_code().unwrap();
    let link = format!("/sign-in/{}", code.reveal());
    let cookie = cookie(&server.ask(get(&link)));
    assert_eq!(server.page(&cookie, "/").status, 200);
    let again = server.ask(get(&link));
    assert_eq!(again.status, 401);
    assert!(!again.headers.contains_key(SET_COOKIE));
    let signed_in = server.page(&cookie, &link);
    assert_eq!((signed_in.status.as_u16(), signed_in.headers.get(SET_COOKIE)), (303, None));
    let late = server.home.sign_in_code().unwrap();
    server.pass(600);
    assert_eq!(server.ask(get(&format!("/sign-in/{}", late.reveal()))).status, 401);
    server.pass(12 * 3_600);
    assert_eq!(server.page(&cookie, "/").status, 303);
}

#[test]
fn a_proctor_signs_in_by_the_token_and_out_again() {
    let server = Server::start();
    let form = |token: &str| {
        let request = Request::post("/login")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("token={token}")));
        server.ask(request.unwrap())
    };
    for refused in ["", "guessed", &server.agent] {
        let answer = form(refused);
        assert_eq!(answer.status, 401);
        assert!(answer.text().contains("not accepted"));
    }
    let cookie = cookie(&form(&server.proctor));
    assert_eq!(server.page(&cookie, "/").status, 200);
    // The cookie reads for programs, too, and never writes.
    assert_eq!(server.page(&cookie, "/v1/sessions").status, 200);
    let write = post(Agent::new(1).session()).header(COOKIE, &cookie).body(Body::from("[]"));
    server.ask(write.unwrap()).is_problem(401, problem::UNAUTHORIZED);
    let out = Request::builder().method(Method::POST).uri("/logout").header(COOKIE, &cookie);
    assert_eq!(server.ask(out.body(Body::empty()).unwrap()).status, 303);
    assert_eq!(server.page(&cookie, "/").status, 303);
}

#[test]
fn the_roster_shows_the_most_urgent_first_and_needs_no_script_for_it() {
    let server = Server::start();
    let now = Timestamp::from_second(20_000 * DAY).unwrap().to_string();
    for (number, label, kind) in [
        (1, "Seat 10", None),
        (2, "Seat 2", None),
        (3, "Seat 3", Some(Kind::CameraCovered)),
        (4, "Seat 4", Some(Kind::OutOfView)),
    ] {
        let mut agent = Agent::new(number);
        let mut events = vec![agent.started(label)];
        events.extend(kind.map(|kind| agent.opened(kind, 10, &now)));
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        assert_eq!(server.post(agent.session(), batch(&events)).status, 200);
    }
    let cookie = server.sign_in();
    let order = |page: &Answer| -> Vec<String> {
        let names = page.text().split("data-name=\"").skip(1);
        names.map(|name| name.split('"').next().unwrap().to_owned()).collect()
    };
    // Nothing has lasted for long enough yet.
    let page = server.page(&cookie, "/");
    assert_eq!(order(&page), ["Seat 2", "Seat 3", "Seat 4", "Seat 10"]);
    server.pass(5);
    let page = server.page(&cookie, "/");
    assert_eq!(order(&page), ["Seat 4", "Seat 3", "Seat 2", "Seat 10"]);
    for part in ["(2) Sessions", "could not look", "http-equiv=\"refresh\"", ">0:05<"] {
        assert!(page.text().contains(part), "{part}");
    }
}
