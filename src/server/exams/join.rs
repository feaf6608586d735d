//! `GET /join/{code}`: where the link of a session leads in a browser. Uses nothing up, and does not
//! say whether there is such a code: only the agent finds out.

use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::redact::Pii;
use crate::report::{Hash, JoinCode, agent_link};
use crate::server::http::error::Refusal;
use crate::server::http::origin::Origin;
use crate::server::pages::{self, PageError};

#[derive(Template)]
#[template(path = "join.html", config = "src/server/askama.toml")]
struct JoinPage {
    words: &'static Words,
    server: String,
    code: JoinCode,
    agent_link: Pii<String>,
}

/// What a link says: of the server's key, which is passed on to the agent, and of the language.
#[derive(Debug, Default, Deserialize)]
pub(in crate::server) struct Said {
    pin: Option<Hash>,
    lang: Option<String>,
}

pub(in crate::server) async fn page(
    code: Result<Path<String>, PathRejection>,
    said: Result<Query<Said>, QueryRejection>,
    origin: Result<Origin, Refusal>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let code = code.ok().and_then(|Path(code)| code.parse::<JoinCode>().ok());
    let (code, Origin(server)) = (code.ok_or(Refusal::not_found())?, origin?);
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let Said { pin, lang } = said.map(|Query(said)| said).unwrap_or_default();
    let agent_link = Pii::new(agent_link(&server, &code, pin));
    let of_link = lang.filter(|lang| is_language(lang));
    let words = words(of_link.as_deref().or(accepted).unwrap_or_default());
    pages::render(StatusCode::OK, &JoinPage { words, server, code, agent_link })
}

/// The page in one language.
#[derive(Debug)]
struct Words {
    lang: &'static str,
    title: &'static str,
    intro: &'static str,
    open: &'static str,
    by_hand: &'static str,
    server: &'static str,
    code: &'static str,
    note: &'static str,
    foot: &'static str,
}

/// The first language that the browser asks for and we have. Browsers put them in order.
fn words(accepted: &str) -> &'static Words {
    let mut asked = accepted.split(',').filter_map(|entry| entry.trim().split(['-', ';']).next());
    let known =
        |tag: &str| LANGUAGES.iter().find(|words| tag.eq_ignore_ascii_case(words.lang)).copied();
    asked.find_map(known).unwrap_or(&ENGLISH)
}

/// Whether the page speaks it.
pub(in crate::server) fn is_language(tag: &str) -> bool {
    LANGUAGES.iter().any(|words| words.lang == tag)
}

const LANGUAGES: [&Words; 4] = [&ENGLISH, &GERMAN, &SPANISH, &JAPANESE];

static ENGLISH: Words = Words {
    lang: "en",
    title: "Join your exam",
    intro: "This exam uses InView, a program on your computer.",
    open: "Open InView",
    by_hand: "If nothing opens, install InView, or start it yourself and type in:",
    server: "Server",
    code: "Code",
    note: "The code is good for one computer. Opening this page does not use it up.",
    foot: "InView notes whether you are in view of your camera. Your picture stays on your computer.",
};

static GERMAN: Words = Words {
    lang: "de",
    title: "An der Prüfung teilnehmen",
    intro: "Diese Prüfung verwendet InView, ein Programm auf Ihrem Computer.",
    open: "InView öffnen",
    by_hand: "Wenn sich nichts öffnet, installieren Sie InView, oder starten Sie es selbst und geben Sie ein:",
    server: "Server",
    code: "Code",
    note: "Der Code gilt für einen Computer. Diese Seite zu öffnen, verbraucht ihn nicht.",
    foot: "InView hält fest, ob Sie im Bild Ihrer Kamera sind. Ihr Bild bleibt auf Ihrem Computer.",
};

static SPANISH: Words = Words {
    lang: "es",
    title: "Entrar en su examen",
    intro: "Este examen utiliza InView, un programa en su ordenador.",
    open: "Abrir InView",
    by_hand: "Si no se abre nada, instale InView, o inícielo usted mismo y escriba:",
    server: "Servidor",
    code: "Código",
    note: "El código vale para un solo ordenador. Abrir esta página no lo gasta.",
    foot: "InView anota si usted está a la vista de su cámara. Su imagen no sale de su ordenador.",
};

static JAPANESE: Words = Words {
    lang: "ja",
    title: "試験に参加する",
    intro: "この試験では、お使いのコンピューターで動くInViewというプログラムを使います。",
    open: "InViewを開く",
    by_hand: "何も開かない場合は、InViewをインストールするか、ご自分で起動して次を入力してください。",
    server: "サーバー",
    code: "コード",
    note: "このコードは1台のコンピューターでのみ有効です。このページを開くだけでは使用済みになりません。",
    foot: "InViewは、あなたがカメラに映っているかどうかを記録します。映像がコンピューターの外に出ることはありません。",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_the_language_of_the_browser() {
        for (accepted, expected) in [
            ("de-AT,de;q=0.9,en;q=0.5", "de"),
            ("fr-FR, es-MX;q=0.8", "es"),
            ("JA", "ja"),
            ("fr", "en"),
            ("", "en"),
            (";,-,*", "en"),
        ] {
            assert_eq!(words(accepted).lang, expected, "{accepted}");
        }
    }
}
