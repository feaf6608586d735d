//! What is typed, pasted, or written into a file by hand.

use inview::redact::Pii;
use inview::report::{agent_link, page_link};
use inview::settings::link::JoinLink;
use inview::settings::{parse_policy, parse_session};

/// A policy, in TOML or JSON: what is taken has no fault, and is taken again in both forms.
pub fn policy(bytes: &[u8]) {
    let Ok(policy) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| {
        parse_policy(text).map_err(|reason| assert!(!reason.contains('\n'), "{reason}"))
    }) else {
        return;
    };
    assert!(policy.faults().is_empty());
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(parse_policy(&json).map(|it| it.version), Ok(policy.version));
}

/// A session file.
pub fn session(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let session = parse_session(text).map_err(|reason| assert!(!reason.contains('\n'), "{reason}"));
    if let Ok(session) = session {
        assert!(session.policy.faults().is_empty());
        assert_eq!(format!("{:?}", session.token), format!("{:?}", Pii::new("another".to_owned())));
    }
}

/// A link or code, as it is pasted or typed: it leads to https only, and is the same one when a server
/// writes it.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (server, code) = text.split_once('\n').unwrap_or((text, ""));
    for link in [text.parse::<JoinLink>(), JoinLink::typed(server, code)].into_iter().flatten() {
        assert!(link.server().starts_with("https://"), "{}", link.server());
        let page = page_link(link.server(), link.code(), link.pin());
        assert_eq!(page.parse().as_ref(), Ok(&link), "{page}");
        let agent = agent_link(link.server(), link.code(), link.pin());
        assert_eq!(agent.parse().as_ref(), Ok(&link), "{agent}");
    }
}
