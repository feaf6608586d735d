//! Links and codes by which a candidate joins an exam, as they are clicked, pasted or typed. Pure.
//!
//! ```text
//! https://host[:port][/path]/join/CODE                 the page of the link, for a browser
//! inview://join?server=https%3A%2F%2Fhost…&code=CODE   what that page opens
//! ```
//!
//! Both may have a `pin`: the SHA-256 of the public key in the server's certificate.

use std::str::FromStr;

use url::Url;

use crate::report::{Hash, InvalidCode, JoinCode};

/// A server, and a code that it has issued. `Debug` hides the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinLink {
    server: String,
    code: JoinCode,
    pin: Option<Hash>,
}

/// Why a text leads nowhere. Each prints as one line, without the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("this is no link to an exam: one looks like https://exams.example/join/7KQ4-M2XP-9TRD")]
    NoLink,
    #[error("this is no address of a server: one looks like https://exams.example")]
    Server,
    #[error("the server's address must begin with https://")]
    Plain,
    #[error(transparent)]
    Code(#[from] InvalidCode),
}

impl JoinLink {
    /// From an address and a code as they were typed. A whole link in one of the two will do.
    pub fn typed(server: &str, code: &str) -> Result<Self, LinkError> {
        for text in [code, server] {
            if names_an_exam(text) {
                return text.parse();
            }
        }
        Ok(Self { server: address(server)?, code: code.parse()?, pin: None })
    }

    /// `https://host[:port][/path]`, without a slash at the end.
    pub fn server(&self) -> &str {
        &self.server
    }

    pub fn code(&self) -> &JoinCode {
        &self.code
    }

    /// The key that the server must have.
    pub fn pin(&self) -> Option<Hash> {
        self.pin
    }
}

/// Whether a text is meant as a link, and not as the name of a file.
pub fn is_link(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    ["inview:", "https:", "http:"].into_iter().any(|scheme| text.starts_with(scheme))
}

/// Whether a text is meant as a whole link.
fn names_an_exam(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    text.starts_with("inview:") || text.contains("/join/")
}

impl FromStr for JoinLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        let url = Url::parse(&with_scheme(text)).map_err(|_no_url| LinkError::NoLink)?;
        match url.scheme() {
            "inview" => of_agent_link(&url),
            "https" => of_page_link(&url),
            "http" => Err(LinkError::Plain),
            _ => Err(LinkError::NoLink),
        }
    }
}

/// People leave the scheme out.
fn with_scheme(text: &str) -> String {
    if is_link(text) || text.contains("://") { text.to_owned() } else { format!("https://{text}") }
}

fn of_agent_link(url: &Url) -> Result<JoinLink, LinkError> {
    // Browsers and desktops spell it inview://join?…, inview://join/?… or inview:join?….
    let place = [url.host_str().unwrap_or_default(), url.path()].concat();
    if !place.trim_matches('/').eq_ignore_ascii_case("join") {
        return Err(LinkError::NoLink);
    }
    let server = value(url, "server").ok_or(LinkError::NoLink)?;
    let code = value(url, "code").ok_or(LinkError::NoLink)?;
    Ok(JoinLink { server: address(&server)?, code: code.parse()?, pin: pin(url)? })
}

fn value(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// One that cannot be read is not passed over: it was meant to be asked for.
fn pin(url: &Url) -> Result<Option<Hash>, LinkError> {
    value(url, "pin").map(|text| text.parse().map_err(|_no_hash| LinkError::NoLink)).transpose()
}

fn of_page_link(url: &Url) -> Result<JoinLink, LinkError> {
    let path = url.path().trim_end_matches('/');
    let (before, code) = path.rsplit_once('/').ok_or(LinkError::NoLink)?;
    let prefix = before.strip_suffix("/join").ok_or(LinkError::NoLink)?;
    let mut server = url.clone();
    server.set_path(prefix);
    server.set_query(None);
    server.set_fragment(None);
    Ok(JoinLink { server: address(server.as_str())?, code: code.parse()?, pin: pin(url)? })
}

/// An address in its one spelling.
fn address(text: &str) -> Result<String, LinkError> {
    let url = Url::parse(&with_scheme(text.trim())).map_err(|_no_url| LinkError::Server)?;
    if url.scheme() == "http" {
        return Err(LinkError::Plain);
    }
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if url.scheme() != "https" || !url.has_host() || !is_bare {
        return Err(LinkError::Server);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::{agent_link, page_link};

    const CODE: &str = "7KQ4-M2XP-9TRD";

    fn read(text: &str) -> Result<String, LinkError> {
        text.parse::<JoinLink>().map(|link| format!("{} {}", link.server, link.code.reveal()))
    }

    #[test]
    fn links_are_read_in_all_their_spellings() {
        for (text, server) in [
            ("https://exams.example/join/7KQ4-M2XP-9TRD", "https://exams.example"),
            (" https://Exams.Example:443/join/7kq4m2xp9trd/\n", "https://exams.example"),
            (
                "https://a.example:8443/x/y/join/7KQ4-M2XP-9TRD?utm=1#top",
                "https://a.example:8443/x/y",
            ),
            ("exams.example/join/7KQ4-M2XP-9TRD", "https://exams.example"),
            ("https://[::1]:8443/join/7KQ4-M2XP-9TRD", "https://[::1]:8443"),
            (
                "inview://join?server=https%3A%2F%2Fa.example%3A8443&code=7KQ4-M2XP-9TRD",
                "https://a.example:8443",
            ),
            ("INVIEW://JOIN/?code=7kq4m2xp9trd&server=https://a.example/", "https://a.example"),
            ("inview:join?server=a.example&code=7KQ4-M2XP-9TRD&later=1", "https://a.example"),
        ] {
            assert_eq!(read(text), Ok(format!("{server} {CODE}")), "{text}");
        }
    }

    #[test]
    fn what_is_no_link_is_said_without_repeating_it() {
        for (text, expected) in [
            ("", LinkError::NoLink),
            ("https://", LinkError::NoLink),
            ("https://exams.example", LinkError::NoLink),
            ("https://exams.example/joint/7KQ4-M2XP-9TRD", LinkError::NoLink),
            ("https://exams.example/join/", LinkError::NoLink),
            ("https://exams.example/join/7KQ4", LinkError::Code(InvalidCode)),
            ("http://exams.example/join/7KQ4-M2XP-9TRD", LinkError::Plain),
            ("ftp://exams.example/join/7KQ4-M2XP-9TRD", LinkError::NoLink),
            ("inview://begin?server=https://a.example&code=7KQ4-M2XP-9TRD", LinkError::NoLink),
            ("inview://join?code=7KQ4-M2XP-9TRD", LinkError::NoLink),
            ("inview://join?server=http://a.example&code=7KQ4-M2XP-9TRD", LinkError::Plain),
            ("inview://join?server=file:///etc&code=7KQ4-M2XP-9TRD", LinkError::Server),
            ("https://user:pw@a.example/join/7KQ4-M2XP-9TRD", LinkError::Server),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
            assert!(!expected.to_string().contains('\n'));
        }
    }

    #[test]
    fn a_pin_is_read_and_one_that_cannot_be_read_makes_no_link() {
        let pin = Hash::of(b"key");
        for text in [
            format!("https://a.example/join/{CODE}?pin={pin}"),
            format!("inview://join?server=https://a.example&code={CODE}&pin={pin}"),
        ] {
            assert_eq!(text.parse::<JoinLink>().map(|link| link.pin()), Ok(Some(pin)), "{text}");
            let cut = text.trim_end_matches(|digit: char| digit.is_ascii_hexdigit());
            assert_eq!(cut.parse::<JoinLink>(), Err(LinkError::NoLink), "{cut}");
        }
    }

    #[test]
    fn an_address_and_a_code_are_typed_or_a_whole_link_is_pasted_into_one_field() {
        let link: JoinLink = format!("https://a.example/join/{CODE}").parse().unwrap();
        let page = page_link(link.server(), link.code(), None);
        let agent = agent_link(link.server(), link.code(), None);
        for (server, code) in [
            ("https://a.example", CODE),
            ("a.example/", "7kq4 m2xp 9trd"),
            ("", page.as_str()),
            (&page, ""),
            ("https://old.example", &agent),
            (&agent, "rest of something"),
        ] {
            assert_eq!(JoinLink::typed(server, code).as_ref(), Ok(&link), "{server} {code}");
        }
        assert_eq!(JoinLink::typed("a.example", "7KQ4"), Err(LinkError::Code(InvalidCode)));
        assert_eq!(JoinLink::typed("", CODE), Err(LinkError::Server));
        assert_eq!(JoinLink::typed("http://a.example", CODE), Err(LinkError::Plain));
        assert!(!format!("{link:?}").contains("7KQ4"));
    }

    #[test]
    fn a_link_is_told_from_a_file() {
        for text in ["inview://join?x", "HTTPS://a.example", "http://a", " inview:join"] {
            assert!(is_link(text), "{text}");
        }
        for text in ["session.json", "/home/x/https.json", "join/7KQ4", "C:\\session.json", ""] {
            assert!(!is_link(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text: String, other: String) {
            text.parse::<JoinLink>().ok();
            JoinLink::typed(&text, &other).ok();
            format!("inview://join?server={text}&code={other}").parse::<JoinLink>().ok();
            format!("https://{text}/join/{other}").parse::<JoinLink>().ok();
        }

        #[test]
        fn a_link_that_a_server_makes_is_read_back(
            host in "[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]{2,5}){1,2}",
            port in proptest::option::of(1_u16..),
            path in "(/[a-zA-Z0-9._~-]{1,9}){0,3}",
            bits: [u8; 8],
            pin: Option<[u8; 32]>,
        ) {
            prop_assume!(port != Some(443));
            prop_assume!(!path.split('/').any(|part| part == "." || part == ".."));
            prop_assume!(!host.contains("xn--"));
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let (server, code) = (format!("https://{host}{port}{path}"), JoinCode::from_random(bits));
            let pin = pin.map(Hash::from_bytes);
            let link = JoinLink { server: server.clone(), code: code.clone(), pin };
            prop_assert_eq!(page_link(&server, &code, pin).parse(), Ok(link.clone()));
            prop_assert_eq!(agent_link(&server, &code, pin).parse(), Ok(link.clone()));
            let typed = JoinLink { pin: None, ..link };
            prop_assert_eq!(JoinLink::typed(&server, &code.reveal()), Ok(typed));
        }
    }
}
