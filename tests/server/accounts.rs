use axum::extract::ConnectInfo;
use inview::report::{ApiTokenList, MadeToken};
use serde_json::json;
use std::net::SocketAddr;

use super::people::{PASSWORD, between, named};
use super::*;

#[test]
fn the_first_start_leads_to_an_administrators_account_and_only_the_first() {
    let server = Server::start();
    let code = server.home.sign_in_code().unwrap();
    let link = format!("/sign-in/{}", code.reveal());
    let signed_in = server.ask(get(&link));
    assert_eq!(signed_in.headers[LOCATION], "/first-admin");
    let starter = cookie(&signed_in);
    // What is on the pages can be seen without an account, as before.
    assert_eq!(server.page(&starter, "/").status, 200);
    assert!(server.page(&starter, "/first-admin").text().contains("The first administrator"));
    for (fields, fault) in [
        (format!("name=ann&password={PASSWORD}&again=another-password"), "differ"),
        ("name=ann&password=short&again=short".to_owned(), "12 characters"),
        (format!("name=Ann+B&password={PASSWORD}&again={PASSWORD}"), "letters"),
    ] {
        let refused = server.form(&starter, "/first-admin", &fields);
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains(fault), "{}", refused.text());
    }
    let fields = format!("name=Ann&password={PASSWORD}&again={PASSWORD}");
    let made = server.form(&starter, "/first-admin", &fields);
    let admin = cookie(&made);
    assert!(server.page(&admin, "/accounts").text().contains(">ann<"));
    assert_eq!(server.page(&starter, "/").status, 303, "the link's cookie is used up");
    // Another link signs in, and makes no other first account.
    let starter = server.sign_in();
    assert_eq!(server.page(&starter, "/first-admin").status, 404);
    assert_eq!(server.form(&starter, "/first-admin", &fields).status, 404);
    assert_eq!(server.page("", "/first-admin").headers[LOCATION], "/login");
    assert!(server.home.has_admin().unwrap());
    let who = server.deeds();
    assert!(who.contains(&("account-ann".to_owned(), "signed_in".to_owned())), "{who:?}");
}

#[test]
fn a_person_sets_a_password_by_a_link_once_and_signs_in_with_it() {
    let server = Server::start();
    let admin = server.admin();
    let made = server.form(&admin, "/accounts", "name=bob&role=proctor");
    let link = format!("/password/{}", between(made.text(), "example/password/", "<"));
    assert_eq!(server.form(&admin, "/accounts", "name=BOB&role=admin").status, 400);
    assert_eq!(server.log_in("bob", "", "").status, 401, "no password is none");
    for _ in 0..2 {
        assert!(server.page("", &link).text().contains("<strong>bob</strong>"), "uses nothing up");
    }
    let fields = format!("password={PASSWORD}&again={PASSWORD}");
    let bob = cookie(&server.form("", &link, &fields));
    assert_eq!(server.page(&bob, "/").status, 200);
    assert_eq!((server.page("", &link).status, server.form("", &link, &fields).status), {
        let gone = StatusCode::NOT_FOUND;
        (gone, gone)
    });
    let signed_in = server.log_in("Bob", PASSWORD, "");
    assert_eq!(signed_in.headers[LOCATION], "/");
    let other = cookie(&signed_in);
    // Another password: every other browser is signed out.
    let wrong = format!("current=wrong&password={PASSWORD}2&again={PASSWORD}2");
    assert_eq!(server.form(&bob, "/account/password", &wrong).status, 400);
    let fields = format!("current={PASSWORD}&password={PASSWORD}2&again={PASSWORD}2");
    let changed = cookie(&server.form(&bob, "/account/password", &fields));
    assert_eq!(server.page(&changed, "/account").status, 200);
    for old in [&bob, &other] {
        assert_eq!(server.page(old, "/account").status, 303);
    }
    assert_eq!(server.log_in("bob", PASSWORD, "").status, 401);
    assert_eq!(server.log_in("bob", &format!("{PASSWORD}2"), "").status, 303);
    // A link is good for three days.
    let made = server.form(&admin, "/accounts", "name=cid&role=auditor");
    let link = format!("/password/{}", between(made.text(), "example/password/", "<"));
    server.pass(3 * DAY);
    assert_eq!(server.page("", &link).status, 404);
}

#[test]
fn whoever_is_disabled_is_signed_out_and_does_not_come_in_again() {
    let server = Server::start();
    let admin = server.admin();
    let (id, bob) = server.account(&admin, "bob", "auditor");
    assert_eq!(server.page(&bob, "/").status, 200);
    let address = format!("/accounts/{id}/disable");
    assert_eq!(server.form(&admin, &address, "disabled=true").status, 303);
    assert_eq!(server.page(&bob, "/").status, 303);
    assert_eq!(server.log_in("bob", PASSWORD, "").status, 401);
    server.form(&admin, &address, "disabled=false");
    assert_eq!(server.page(&bob, "/").status, 303);
    let bob = cookie(&server.log_in("bob", PASSWORD, ""));
    // Another role is in force at once.
    assert_eq!(server.page(&bob, "/accounts").status, 403);
    server.form(&admin, &format!("/accounts/{id}/role"), "role=admin");
    assert_eq!(server.page(&bob, "/accounts").status, 200);
    // Nobody locks themselves out.
    for (what, fields) in [("disable", "disabled=true"), ("role", "role=auditor")] {
        let list = server.page(&admin, "/accounts").text().to_owned();
        let root =
            list.split("\">root</a></th>").next().unwrap().rsplit("/accounts/").next().unwrap();
        let refused = server.form(&admin, &format!("/accounts/{root}/{what}"), fields);
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
    assert_eq!(server.page(&admin, "/accounts").status, 200);
}

#[test]
fn whoever_guesses_waits_and_is_told_the_same_whether_there_is_such_a_name() {
    let server = Server::start();
    let admin = server.admin();
    server.account(&admin, "bob", "proctor");
    let known = server.log_in("bob", "a-wrong-password", "");
    let unknown = server.log_in("nobody", "a-wrong-password", "");
    assert_eq!((known.status.as_u16(), known.text()), (401, unknown.text()));
    let from = |address: &str, name: &str, password: &str| {
        let fields = format!("name={name}&password={password}");
        let mut request = Request::post("/login")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(fields))
            .unwrap();
        let peer = SocketAddr::new(address.parse().unwrap(), 50_000);
        request.extensions_mut().insert(ConnectInfo(peer));
        server.ask(request)
    };
    // One account, from many addresses: ten in five minutes, one of which was above.
    for number in 0..9 {
        assert_eq!(from(&format!("192.0.2.{number}"), "bob", "wrong").status, 401);
    }
    let held_up = from("192.0.2.99", "bob", PASSWORD);
    assert_eq!(
        (held_up.status.as_u16(), &held_up.headers[RETRY_AFTER]),
        (429, &"300".parse().unwrap())
    );
    server.pass(300);
    assert_eq!(from("192.0.2.99", "bob", PASSWORD).status, 303);
    // One address, for many accounts: twenty. Those that are right do not count.
    for number in 0..20 {
        assert_eq!(from("198.51.100.1", "bob", PASSWORD).status, 303);
        assert_eq!(from("198.51.100.1", &format!("name{number}"), "wrong").status, 401);
    }
    assert_eq!(from("198.51.100.1", "bob", PASSWORD).status, 429);
    assert_eq!(from("198.51.100.2", "bob", PASSWORD).status, 303);
    let refused = server.deeds().into_iter().filter(|(_, did)| did == "sign_in_refused").count();
    assert!(refused <= 10, "names that nobody has are in no record: {refused}");
}

#[test]
fn a_second_factor_is_asked_for_and_each_code_is_good_once() {
    let server = Server::start();
    let admin = server.admin();
    let page = server.page(&admin, "/account");
    assert!(page.text().contains("class=\"qr\""));
    let secret = between(page.text(), "name=\"secret\" value=\"", "\"");
    let code = |offset: i64| {
        let secret = totp_rs::Secret::try_from_base32(&secret).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        let now = server.state().now().as_second() + offset;
        totp.generate(u64::try_from(now).unwrap()).to_string()
    };
    let turn_on = |password: &str, code: &str| {
        let fields = format!("secret={secret}&current={password}&code={code}");
        server.form(&admin, "/account/totp", &fields).status.as_u16()
    };
    assert_eq!(turn_on("wrong", &code(0)), 400);
    assert_eq!(turn_on(PASSWORD, &code(300)), 400);
    assert_eq!(turn_on(PASSWORD, &code(0)), 303);
    let log_in = |code: &str| server.log_in("root", PASSWORD, code).status.as_u16();
    assert_eq!(log_in(""), 401);
    assert_eq!(log_in(&code(0)), 401, "it was used when the factor was set");
    server.pass(30);
    assert_eq!(log_in(&code(0)), 303);
    assert_eq!(log_in(&code(0)), 401, "each is good once");
    server.pass(30);
    assert_eq!(server.log_in("root", "wrong-password", &code(0)).status, 401);
    assert_eq!(log_in(&code(0)), 303, "a wrong password uses no code up");
    assert!(!server.page(&admin, "/account").text().contains("class=\"qr\""));
    let off = server.form(&admin, "/account/totp", &format!("current={PASSWORD}"));
    assert_eq!(off.status, 303);
    assert_eq!(log_in(""), 303);
}

#[test]
fn other_sites_send_nothing_here_whatever_cookie_there_is() {
    let server = Server::start();
    let admin = server.admin();
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        for address in ["/login", "/logout", "/accounts", "/v1/tokens", "/nowhere"] {
            let request = Request::post(address)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(HOST, "exams.example")
                .header(COOKIE, &admin)
                .header(name, value);
            let refused = server.ask(request.body(Body::from("name=eve&role=admin")).unwrap());
            refused.is_problem(403, problem::FOREIGN_ORIGIN);
        }
    }
    assert!(!server.page(&admin, "/accounts").text().contains(">eve<"));
    // Links from elsewhere lead here: they change nothing.
    let open = Request::get("/login").header("sec-fetch-site", "cross-site");
    assert_eq!(server.ask(open.body(Body::empty()).unwrap()).status, 200);
}

#[test]
fn a_token_for_a_program_is_shown_once_and_good_until_it_is_taken_back() {
    let server = Server::start();
    let admin = server.admin();
    let exam = server.exam(&named("Law 1"));
    let by_cookie = |method: Method, address: &str, body: String| {
        let request = Request::builder().method(method).uri(address).header(COOKIE, &admin);
        let request = request.header(CONTENT_TYPE, "application/json");
        server.ask(request.body(Body::from(body)).unwrap())
    };
    for asked in [
        json!({"name": "x", "scope": "page"}),
        json!({"name": "x", "scope": "sign_in"}),
        json!({"name": "", "scope": "read"}),
        json!({"name": "x", "scope": "write", "exam": exam.exam}),
        json!({"name": "x", "scope": "read", "exam": uuid::Uuid::nil()}),
        json!({"name": "x", "scope": "read", "expires_at": "2027-01-01T00:00:00Z"}),
    ] {
        let refused = by_cookie(Method::POST, "/v1/tokens", asked.to_string());
        refused.is_problem(400, problem::MALFORMED);
    }
    for scope in ["read", "write"] {
        let asked = json!({"name": "dashboard", "scope": scope});
        let made: MadeToken = by_cookie(Method::POST, "/v1/tokens", asked.to_string()).json();
        let token = made.token.reveal();
        let session = Agent::new(7).session();
        let works = || match scope {
            "read" => server.get_as(token, "/v1/sessions").status.as_u16(),
            _ => server
                .post_as(token, session, batch(&[&Agent::new(7).started("x")]))
                .status
                .as_u16(),
        };
        assert_eq!((works(), works()), (200, 200));
        let list = by_cookie(Method::GET, "/v1/tokens", String::new());
        assert!(!list.text().contains(token.as_str()));
        assert_eq!(list.json::<ApiTokenList>().tokens.len(), if scope == "read" { 1 } else { 2 });
        let address = format!("/v1/tokens/{}", made.made.id);
        assert_eq!(by_cookie(Method::DELETE, &address, String::new()).status, 204);
        assert_eq!(works(), 401, "{scope}");
        by_cookie(Method::DELETE, &address, String::new()).is_problem(404, problem::NOT_FOUND);
    }
    // It signs nobody in: what is for one exam would become a cookie for all.
    let limited =
        server.api_token(&admin, &json!({"name": "x", "scope": "read", "exam": exam.exam}));
    assert_eq!(server.form("", "/login", &format!("token={limited}")).status, 401);
    // The page does the same.
    let made = server.form(&admin, "/tokens", "name=audit+tool&scope=audit&exam=&days=10");
    assert_eq!(made.status, 201, "{}", made.text());
    let token = between(made.text(), "<dt>Token</dt><dd class=\"code\">", "<");
    assert_eq!(server.get_as(&token, "/v1/sessions").status, 200);
    let page = server.page(&admin, "/tokens");
    assert!(!page.text().contains(&token) && page.text().contains("audit tool"));
    server.pass(10 * DAY);
    assert_eq!(server.get_as(&token, "/v1/sessions").status, 401);
}
