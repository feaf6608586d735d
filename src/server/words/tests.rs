use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use axum::http::header::COOKIE;

use super::*;
use crate::words::check;

#[test]
fn all_languages_have_all_messages_with_the_same_arguments() {
    check::is_complete(source);
}

#[test]
fn every_message_can_be_formatted_in_its_own_language() {
    check::can_be_said(source);
}

/// Code and templates, without this folder.
fn sources(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("src/server/words");
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == ending) && !path.starts_with(&own) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// What stands within the brackets that are open.
fn bracketed(text: &str) -> &str {
    let (mut depth, mut is_text) = (1, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => is_text = !is_text,
            b'(' | b'[' | b'{' if !is_text => depth += 1,
            b')' | b']' | b'}' if !is_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.split_at(at).0;
        }
    }
    panic!("no end: {text}");
}

/// The message and its arguments.
fn used(call: &str) -> (String, BTreeSet<String>) {
    let key = call.split('"').nth(1).unwrap_or_else(|| panic!("no message: {call}"));
    let arguments = call.split_once(',').map_or("", |(_, arguments)| arguments);
    let names = arguments.match_indices(" = ").map(|(at, _)| {
        arguments
            .split_at(at)
            .0
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric())
            .collect::<String>()
    });
    (key.to_owned(), names.map(|name| name.chars().rev().collect()).collect())
}

#[test]
fn every_message_is_used_and_everything_that_is_used_is_a_message_with_its_arguments() {
    let known = check::messages(source(Language::English));
    let mut unused: BTreeMap<_, _> = known.clone();
    unused.retain(|key, _| !key.starts_with("problem-"));
    for (path, text) in sources("src/server", "rs").into_iter().chain(sources("src/server", "html"))
    {
        for (at, start) in text.match_indices("t!(") {
            if at > 0 && text.as_bytes()[at - 1].is_ascii_alphanumeric() {
                continue;
            }
            let call = bracketed(text.split_at(at + start.len()).1);
            let (key, arguments) = used(call);
            assert_eq!(known.get(&key), Some(&arguments), "{key} in {}", path.display());
            let is_safe = text.split_at(at).1.split("}}").next().unwrap().contains("|safe");
            assert_eq!(key.ends_with("-html"), is_safe, "{key} in {}", path.display());
            unused.remove(&key);
        }
    }
    assert!(unused.is_empty(), "never used: {:?}", unused.keys());
}

#[test]
fn only_what_is_named_html_is_html_and_it_has_no_arguments() {
    for language in Language::ALL {
        let text = source(language).lines().filter(|line| !line.starts_with('#'));
        for line in text.filter_map(|line| line.split_once(" = ")) {
            let is_html = line.0.ends_with("-html");
            assert_eq!(line.1.contains(['<', '&']), is_html, "{language:?} {}", line.0);
            assert!(!is_html || !line.1.contains('{'), "{language:?} {}", line.0);
        }
    }
}

#[test]
fn what_a_script_says_stands_in_its_page() {
    let pages: String = sources("src/server", "html").into_iter().map(|(_, text)| text).collect();
    let mut count = 0;
    for (path, text) in sources("src/server", "js") {
        for (at, _) in text.match_indices("say") {
            let rest = text.split_at(at).1.chars();
            let name: String = rest.take_while(|c| c.is_alphanumeric()).collect();
            if !name.as_bytes().get(3).is_some_and(u8::is_ascii_uppercase) {
                continue;
            }
            let dashed = name.chars().fold(String::new(), |text, c| {
                let dash = if c.is_ascii_uppercase() { "-" } else { "" };
                format!("{text}{dash}{}", c.to_ascii_lowercase())
            });
            assert!(pages.contains(&format!("data-{dashed}=")), "{name} in {}", path.display());
            count += 1;
        }
    }
    assert!(count > 10);
}

/// With `{}` in place of what differs.
fn evened(text: &str) -> String {
    let mut evened = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        evened.push_str(before);
        let inner = after.split(['{', '}', '"', '\n', '(']).next().unwrap_or_default();
        if let Some(behind) = after.split_at(inner.len()).1.strip_prefix('}') {
            evened.push_str("{}");
            rest = behind;
        } else {
            evened.push('{');
            rest = after;
        }
    }
    evened + rest
}

#[test]
fn sentences_of_the_api_are_known_to_pages_as_the_api_has_them() {
    let code: String = ["src/server", "src/report"]
        .into_iter()
        .flat_map(|folder| sources(folder, "rs"))
        .map(|(_, text)| evened(&text))
        .collect();
    let known: BTreeSet<String> = source(Language::English)
        .lines()
        .filter(|line| line.starts_with("problem-"))
        .map(|line| evened(line.split_once(" = ").unwrap().1))
        .collect();
    for sentence in &known {
        assert!(code.contains(sentence), "{sentence:?} is said nowhere");
    }
    for folder in ["src/server/access", "src/server/exams", "src/server/webhooks"] {
        for (path, text) in sources(folder, "rs") {
            let refusals = text.split("Refusal::malformed(").skip(1);
            for said in refusals.filter_map(|said| {
                let said = said.strip_prefix("format!(").unwrap_or(said).trim_start();
                said.strip_prefix('"')?.split('"').next()
            }) {
                assert!(known.contains(&evened(said)), "{said:?} in {}", path.display());
            }
        }
    }
}

#[test]
fn a_sentence_of_the_api_is_said_in_the_language_and_an_unknown_one_as_it_is() {
    let german = |sentence| within(Language::German, || problem(sentence));
    let rooms = german("an exam has 200 rooms at most");
    assert!(rooms.contains("200") && rooms.contains("Prüfung"), "{rooms}");
    let values = german("it has 3 values, and the header 2");
    assert!(values.contains('3') && values.contains('2') && values.contains("Werte"), "{values}");
    assert!(german("\"soon\" is no number").contains("\"soon\""));
    assert_eq!(german("nobody said this"), "nobody said this");
    assert_eq!(problem("\"x\" is no number"), "\"x\" is no number");
}

#[test]
fn the_choice_goes_before_what_the_browser_asks_for() {
    let headers = |cookie: &'static str, accepted: &'static str| {
        let pairs = [
            (COOKIE, HeaderValue::from_static(cookie)),
            (ACCEPT_LANGUAGE, HeaderValue::from_static(accepted)),
        ];
        chosen(&pairs.into_iter().collect())
    };
    for (cookie, accepted, expected) in [
        ("", "de-AT,de;q=0.9,en;q=0.5", Language::German),
        ("", "fr-FR, es-MX;q=0.8", Language::Spanish),
        ("", "fr", Language::English),
        ("a=b; __Host-inview-language=ja", "de", Language::Japanese),
        ("__Host-inview-language=xx", "de", Language::German),
    ] {
        assert_eq!(headers(cookie, accepted), expected, "{cookie} {accepted}");
    }
    assert_eq!(chosen(&HeaderMap::new()), Language::English);
}

#[test]
fn the_way_back_leads_to_this_server() {
    for page in ["/", "/exams?after=x", "/sessions/1"] {
        assert!(is_address(page), "{page}");
    }
    let long = format!("/{}", "x".repeat(LONGEST_ADDRESS));
    for page in ["", "exams", "//evil.example", "/\\evil.example", "/a b", "/a\r\nb", &long] {
        assert!(!is_address(page), "{page}");
    }
}
