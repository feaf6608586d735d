//! Who may do what: every address, for everybody, on what is theirs and on what is not.

mod table;
mod world;

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use table::*;
use world::{FOREIGN, OWN, World};

/// The addresses of the server: those of the API as they are described, which is how they are routed, and
/// those of the pages as the router names them.
fn routes() -> BTreeSet<(String, String)> {
    let described = super::description::operations().into_iter();
    let mut found: BTreeSet<_> = described.map(|(method, address, _)| (method, address)).collect();
    let source = include_str!("../../../src/server/mod.rs");
    for route in source.split(".route(").skip(1) {
        let route = route.split("        .").next().unwrap();
        let address = route.split('"').nth(1).unwrap();
        assert!(!address.starts_with("/v1"), "{address} is not described: see src/server/api");
        for (method, name) in [("get(", "GET"), ("post(", "POST")] {
            // The last letters of a handler's name are no method.
            let is_method = |at: usize| {
                let before = route.as_bytes()[..at].last();
                before.is_some_and(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
            };
            if route.match_indices(method).any(|(at, _)| is_method(at)) {
                found.insert((name.to_owned(), address.to_owned()));
            }
        }
        for other in ["delete(", "put(", "patch(", "any(", "head(", "options("] {
            assert!(!route.contains(other), "{address} is used with {other}: add it here");
        }
    }
    let api = include_str!("../../../src/server/api/mod.rs");
    for (text, merged) in [(source, 1), (api, 0)] {
        assert_eq!(text.matches(".merge(").count(), merged, "read what else is merged, too");
        assert!(!text.contains(".nest(") && !text.contains("_service("), "read those, too");
    }
    assert!(!api.contains(".route("), "an address that is not described");
    found
}

#[test]
fn every_address_of_the_server_stands_in_the_table() {
    let table: Vec<(String, String)> = TABLE
        .iter()
        .map(|(method, address, ..)| ((*method).to_owned(), (*address).to_owned()))
        .collect();
    // One address does several things, by what is sent there.
    let rows: BTreeSet<_> =
        TABLE.iter().map(|(method, address, _, sent)| (method, address, sent)).collect();
    assert_eq!(rows.len(), table.len(), "one stands there twice");
    let known: BTreeSet<_> = table.iter().cloned().collect();
    assert!(known.len() > 40);
    assert_eq!(
        routes().symmetric_difference(&known).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new()
    );
}

#[test]
fn the_description_says_who_may_do_it_as_the_table_does() {
    for (method, address, operation) in super::description::operations() {
        let row = TABLE.iter().find(|row| row.0 == method && row.1 == address).unwrap();
        let (token, cookie): (&[&str], &[&str]) = match row.2 {
            Everyone => (&[], &[]),
            Agents => (&["write"], &[]),
            Watching => (&["read", "audit", "admin"], &["proctor", "auditor", "admin"]),
            Acting => (&["read", "admin"], &["proctor", "admin"]),
            Planning => (&["read", "audit", "manage", "admin"], &["proctor", "auditor", "admin"]),
            Managing | ManagingAll => (&["manage", "admin"], &["admin"]),
            Administering => (&["admin"], &["admin"]),
            Auditing => (&["audit", "admin"], &["auditor", "admin"]),
            IssuingPage | Browsers | AuditBrowsers | AdminBrowsers | OwnAccount | FirstStart => {
                panic!("{address} is a page")
            }
        };
        let mut expected = Vec::new();
        for (scheme, roles) in [("token", token), ("cookie", cookie)] {
            if !roles.is_empty() {
                expected.push(json!({scheme: roles}));
            }
        }
        let said = operation.get("security").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(said, json!(expected), "{method} {address}");
    }
}

#[test]
fn nobody_reads_or_changes_what_is_not_theirs() {
    let mut wrong = Vec::new();
    for who in ALL {
        let world = World::new(who);
        for (method, address, what, body) in TABLE {
            // First what is beyond: what ends something must not have ended before.
            for at in [FOREIGN, OWN] {
                let row = format!("{who:?} {method} {address} {}", ["own", "foreign"][at]);
                let before = world.stored();
                let answer = world.ask(method, address, body, at);
                let expected = world.expected(*what, address, at);
                let status = answer.status.as_u16();
                let is_page = !address.starts_with("/v1/");
                let to_login = answer.headers.get(LOCATION).is_some_and(|to| to == "/login");
                let as_expected = match expected {
                    Some(401) if is_page => status == 303 && to_login,
                    Some(expected) => status == expected,
                    // Who may send one at all is the question here: it lacks a signature.
                    None if *body == "{heartbeat}" => status == 409,
                    None if *what == Everyone => status < 500 && status != 403,
                    // Agents have enrolled: that they may is the question here.
                    // No end is planned: that they may ask is the question here.
                    None if body.contains("extend") => status == 409,
                    None if address.ends_with("/policy") => status == 409,
                    None if *address == "/v1/accounts" && status == 409 => at == OWN,
                    // The second time there is nothing left to take back.
                    None if address.contains("{token}") => [204, 303, 404].contains(&status),
                    // Nothing was given up, so there is nothing to send; the second time it is gone.
                    None if address.contains("{message}") => [400, 404].contains(&status),
                    None if address.contains("{webhook}") && at == OWN => status < 500,
                    // Once it was disabled it is there still; a name is taken the second time.
                    None if *address == "/accounts" && status == 400 => at == OWN,
                    // After another password the old cookie is good no longer; the link's stays.
                    None if *address == "/account/password" && at == OWN => status == 303,
                    None => status < 400 && !(is_page && to_login),
                };
                if !as_expected {
                    wrong
                        .push(format!("{row}: {status} instead of {expected:?} {}", answer.text()));
                }
                if expected.is_some() && world.stored() != before {
                    wrong.push(format!("{row}: refused, and changed something"));
                }
                let reads = who.is_limited() || who == Stranger || who == OtherTenant;
                let names_it = answer.text().contains("foreign exam");
                if reads && names_it && *what != Everyone {
                    wrong.push(format!("{row}: shows what is foreign"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
