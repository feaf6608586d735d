//! Sign-in by an organisation's server: a real one over HTTP, with a key of its own.
use std::collections::HashMap;
use std::sync::Mutex;

use axum::extract::{Form, State as Of};
use axum::{Json, Router, routing};
use inview::server::access::oidc::OidcSettings;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreRsaPrivateSigningKey,
};
use openidconnect::{
    Audience, EmptyAdditionalClaims, EndUserEmail, IssuerUrl, JsonWebKeyId, Nonce,
    PrivateSigningKey as _, StandardClaims, SubjectIdentifier,
};
use serde_json::{Value, json};

use super::people::PASSWORD;
use super::*;

/// What the organisation says of whoever comes next.
#[derive(Clone)]
struct Says {
    subject: &'static str,
    email: &'static str,
    verified: bool,
    audience: &'static str,
    nonce: String,
    /// Seconds from now.
    expires: i64,
    challenge: String,
}

impl Default for Says {
    fn default() -> Self {
        let (nonce, challenge) = (String::new(), String::new());
        let (email, audience) = ("bob@example.org", "inview");
        Self {
            subject: "person-7",
            email,
            verified: true,
            audience,
            nonce,
            expires: 300,
            challenge,
        }
    }
}

/// The organisation's server.
struct Organisation {
    address: String,
    says: Arc<Mutex<Says>>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Clone)]
struct Shared {
    address: String,
    says: Arc<Mutex<Says>>,
    now: i64,
}

fn key_of_organisation() -> CoreRsaPrivateSigningKey {
    let pem = include_str!("../golden/server/organisation.pem");
    CoreRsaPrivateSigningKey::from_pem(pem, Some(JsonWebKeyId::new("key-1".to_owned()))).unwrap()
}

async fn about(Of(shared): Of<Shared>) -> Json<Value> {
    let address = &shared.address;
    Json(json!({
        "issuer": address,
        "authorization_endpoint": format!("{address}/authorize"),
        "token_endpoint": format!("{address}/token"),
        "jwks_uri": format!("{address}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    }))
}

async fn keys() -> Json<CoreJsonWebKeySet> {
    Json(CoreJsonWebKeySet::new(vec![key_of_organisation().as_verification_key()]))
}

async fn token(
    Of(shared): Of<Shared>,
    Form(asked): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let says = shared.says.lock().unwrap().clone();
    let verifier = asked.get("code_verifier").cloned().unwrap_or_default();
    let verifier = openidconnect::PkceCodeVerifier::new(verifier);
    let challenge = openidconnect::PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    if asked["code"] != "good-code" || challenge.as_str() != says.challenge {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"})));
    }
    let at = |seconds| chrono::DateTime::from_timestamp(shared.now + seconds, 0).unwrap();
    let person = StandardClaims::new(SubjectIdentifier::new(says.subject.to_owned()))
        .set_email(Some(EndUserEmail::new(says.email.to_owned())))
        .set_email_verified(Some(says.verified));
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(shared.address.clone()).unwrap(),
        vec![Audience::new(says.audience.to_owned())],
        at(says.expires),
        at(0),
        person,
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(says.nonce)));
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let id_token = CoreIdToken::new(claims, &key_of_organisation(), algorithm, None, None).unwrap();
    let answer = json!({"access_token": "x", "token_type": "Bearer", "id_token": id_token});
    (StatusCode::OK, Json(answer))
}

impl Organisation {
    fn start(now: i64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Says::default()));
        let shared = Shared { address: address.clone(), says: Arc::clone(&says), now };
        let app = Router::new()
            .route("/.well-known/openid-configuration", routing::get(about))
            .route("/keys", routing::get(keys))
            .route("/token", routing::post(token))
            .with_state(shared);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, says, _runtime: runtime }
    }
}

fn server_with(organisation: &str) -> Server {
    let mut server = Server::start();
    // Time goes on by itself: there is a network.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    server.runtime = runtime.unwrap();
    let settings = OidcSettings {
        name: "University of X".to_owned(),
        issuer: organisation.to_owned(),
        client_id: "inview".to_owned(),
        client_secret: Pii::new("secret".to_owned()),
        address: "https://exams.example".to_owned(),
    };
    server.home.state = server.home.state.clone().with_oidc(settings).unwrap();
    server
}

/// Begins a sign-in and comes back from it: `change` is what goes otherwise than usual.
fn come(server: &Server, organisation: &Organisation, change: impl FnOnce(&mut Says)) -> Answer {
    let begun = server.ask(get("/oidc/start"));
    assert_eq!(begun.status, 303, "{}", begun.text());
    let there = begun.headers[LOCATION].to_str().unwrap().to_owned();
    let there = openidconnect::url::Url::parse(&there).unwrap();
    let asked: HashMap<String, String> = there.query_pairs().into_owned().collect();
    assert_eq!(asked["redirect_uri"], "https://exams.example/oidc/callback");
    assert_eq!(
        (asked["code_challenge_method"].as_str(), asked["scope"].as_str()),
        ("S256", "openid email")
    );
    let mut says = Says {
        nonce: asked["nonce"].clone(),
        challenge: asked["code_challenge"].clone(),
        ..Says::default()
    };
    change(&mut says);
    *organisation.says.lock().unwrap() = says;
    let cookie = begun.headers[SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("; Secure"), "{cookie}");
    let back = format!("/oidc/callback?code=good-code&state={}", asked["state"]);
    server.page(cookie.split(';').next().unwrap(), &back)
}

/// The cookie of the account, of the two that are set.
fn signed_in(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookies: Vec<&str> =
        answer.headers.get_all(SET_COOKIE).iter().map(|it| it.to_str().unwrap()).collect();
    let own = cookies.iter().find(|cookie| cookie.starts_with("__Host-inview=")).unwrap();
    assert!(own.contains("; SameSite=Strict"), "{own}");
    own.split(';').next().unwrap().to_owned()
}

#[test]
fn people_of_an_organisation_sign_in_by_its_server_when_they_have_an_account() {
    let organisation = Organisation::start(20_000 * DAY);
    let server = server_with(&organisation.address);
    let admin = server.admin();
    let login = server.ask(get("/login"));
    assert!(login.text().contains("Sign in with University of X"));
    assert_eq!(come(&server, &organisation, |_| {}).status, 403, "there is no such account");
    server.form(&admin, "/accounts", "name=bob@example.org&role=auditor");
    let bob = signed_in(&come(&server, &organisation, |says| says.email = "Bob@Example.org"));
    assert_eq!(server.page(&bob, "/").status, 200);
    assert_eq!(server.page(&bob, "/accounts").status, 403);
    let deeds = server.deeds();
    assert!(deeds.contains(&("account-bob@example.org".to_owned(), "signed_in".to_owned())));
    // The person is known by the organisation's name for them, whatever their address is now.
    signed_in(&come(&server, &organisation, |says| (says.email, says.verified) = ("x@y", false)));
    // The same address of somebody else opens nothing.
    assert_eq!(come(&server, &organisation, |says| says.subject = "person-8").status, 403);
    // An administrator's link sets that free.
    let list = server.page(&admin, "/accounts");
    let id = list.text().split("\">bob@example.org<").next().unwrap().rsplit('/').next().unwrap();
    assert_eq!(server.form(&admin, &format!("/accounts/{id}/link"), "").status, 201);
    signed_in(&come(&server, &organisation, |says| says.subject = "person-8"));
    server.form(&admin, &format!("/accounts/{id}/disable"), "disabled=true");
    assert_eq!(come(&server, &organisation, |says| says.subject = "person-8").status, 403);
    assert_eq!(server.page(&bob, "/").status, 303);
    assert_eq!(server.log_in("bob@example.org", PASSWORD, "").status, 401);
}

#[test]
fn what_the_organisation_did_not_say_signs_nobody_in() {
    let organisation = Organisation::start(20_000 * DAY);
    let server = server_with(&organisation.address);
    let admin = server.admin();
    server.form(&admin, "/accounts", "name=bob@example.org&role=auditor");
    assert_eq!(come(&server, &organisation, |says| says.verified = false).status, 403);
    for change in [
        (|says: &mut Says| says.nonce = "another".to_owned()) as fn(&mut Says),
        |says| says.audience = "another",
        |says| says.expires = -1,
        |says| says.challenge = "another".to_owned(),
    ] {
        assert_eq!(come(&server, &organisation, change).status, 502);
    }
    // Another browser's cookie, another state, the same twice, or too late.
    let begun = server.ask(get("/oidc/start"));
    let cookie = begun.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let there = begun.headers[LOCATION].to_str().unwrap();
    let state = people::between(there, "&state=", "&");
    let back = format!("/oidc/callback?code=good-code&state={state}");
    assert_eq!(server.page("", &back).status, 400);
    assert_eq!(server.page(&cookie, "/oidc/callback?code=good-code&state=guessed").status, 400);
    assert_eq!(server.page(&cookie, &back).status, 400, "it is used up");
    assert_eq!(server.page(&cookie, "/oidc/callback?error=access_denied").status, 400);
    let begun = server.ask(get("/oidc/start"));
    let cookie = begun.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let state = people::between(begun.headers[LOCATION].to_str().unwrap(), "&state=", "&");
    server.pass(600);
    let back = format!("/oidc/callback?code=good-code&state={state}");
    assert_eq!(server.page(&cookie, &back).status, 400);
}

#[test]
fn an_organisation_that_does_not_answer_is_told_and_passwords_go_on() {
    let server = server_with("http://127.0.0.1:1");
    server.admin();
    let refused = server.ask(get("/oidc/start"));
    assert_eq!(refused.status, 502);
    assert!(refused.text().contains("cannot be reached"));
    assert_eq!(server.log_in("root", PASSWORD, "").status, 303);
    let without = Server::start();
    assert_eq!(without.ask(get("/oidc/start")).status, 404);
    assert!(!without.ask(get("/login")).text().contains("oidc"));
}

#[test]
fn settings_without_https_are_refused() {
    let settings = |issuer: &str, address: &str| OidcSettings {
        name: "x".to_owned(),
        issuer: issuer.to_owned(),
        client_id: "x".to_owned(),
        client_secret: Pii::new("x".to_owned()),
        address: address.to_owned(),
    };
    let server = Server::start();
    let with = |settings| server.state().clone().with_oidc(settings).is_ok();
    assert!(with(settings("https://login.example", "https://exams.example")));
    assert!(!with(settings("http://login.example", "https://exams.example")));
    assert!(!with(settings("https://login.example", "http://exams.example")));
    assert!(!with(settings("http://127.0.0.1.example:80", "https://exams.example")));
}
