//! The way into an exam: a link, or the server's address and a code. It holds what is typed; nothing is
//! sent before the button is pressed, and nothing is used up by a mistake in typing.

use eframe::egui::{self, Key, TextEdit, Ui};

use super::app::Action;
use super::i18n::{Language, Words};
use super::view_model::Sight;
use super::{chrome, parts};
use crate::report::InvalidCode;
use crate::settings::link::{JoinLink, LinkError};
use crate::theme::palette;

/// Why an exam is not joined, as the candidate is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinFault {
    /// What was typed is no link, address or code.
    Typed(LinkError),
    /// No answer; why not, in one line.
    NoConnection(String),
    /// The server could not prove that it is the one; why, in one line.
    NotTrusted(String),
    NotInView,
    CodeUnknown,
    CodeExpired,
    CodeUsed,
    TooMany,
    /// The server answered that it failed.
    ServerFailed,
    /// Anything else, in one line.
    Other(String),
}

impl JoinFault {
    const fn key(&self) -> &'static str {
        match self {
            Self::Typed(LinkError::NoLink) => "join-no-link",
            Self::Typed(LinkError::Server) => "join-no-server",
            Self::Typed(LinkError::Plain) => "join-plain",
            Self::Typed(LinkError::Code(InvalidCode)) => "join-no-code",
            Self::NoConnection(_) => "join-no-connection",
            Self::NotTrusted(_) => "join-not-trusted",
            Self::NotInView => "join-not-inview",
            Self::CodeUnknown => "join-code-unknown",
            Self::CodeExpired => "join-code-expired",
            Self::CodeUsed => "join-code-used",
            Self::TooMany => "join-too-many",
            Self::ServerFailed => "join-server-failed",
            Self::Other(_) => "join-other",
        }
    }

    /// For whoever helps the candidate.
    fn detail(&self) -> Option<&str> {
        match self {
            Self::NoConnection(detail) | Self::NotTrusted(detail) | Self::Other(detail) => {
                Some(detail)
            }
            Self::Typed(_)
            | Self::NotInView
            | Self::CodeUnknown
            | Self::CodeExpired
            | Self::CodeUsed
            | Self::TooMany
            | Self::ServerFailed => None,
        }
    }
}

/// The screen.
#[derive(Debug)]
pub(super) struct Join {
    words: Words,
    server: String,
    code: String,
    fault: Option<JoinFault>,
    /// The server is being asked.
    is_asking: bool,
    /// To be asked next.
    asked: Option<JoinLink>,
}

impl Join {
    /// With the fields filled in when there is a link, which is being asked for.
    pub(super) fn new(language: Language, link: Option<&JoinLink>) -> Self {
        let mut join = Self {
            words: Words::new(language),
            server: String::new(),
            code: String::new(),
            fault: None,
            is_asking: link.is_some(),
            asked: None,
        };
        if let Some(link) = link {
            join.fill_in(link);
        }
        join
    }

    pub(super) fn language(&self) -> Language {
        self.words.language()
    }

    /// What is to be joined, once.
    pub(super) fn take_asked(&mut self) -> Option<JoinLink> {
        self.asked.take()
    }

    pub(super) fn failed(&mut self, fault: JoinFault) {
        (self.fault, self.is_asking) = (Some(fault), false);
    }

    fn fill_in(&mut self, link: &JoinLink) {
        (self.server, self.code) = (link.server().to_owned(), link.code().reveal());
    }

    fn submit(&mut self) {
        match JoinLink::typed(&self.server, &self.code) {
            Ok(link) => {
                self.fill_in(&link);
                (self.fault, self.is_asking, self.asked) = (None, true, Some(link));
            }
            Err(error) => self.fault = Some(JoinFault::Typed(error)),
        }
    }

    pub(super) fn show(&mut self, ui: &mut Ui) {
        let mut asked = Vec::new();
        chrome::top_bar(ui, &self.words, &mut asked);
        for action in asked {
            if let Action::Speak(language) = action {
                self.words = Words::new(language);
            }
        }
        // Both parts of the screen lead on.
        let (mut by_key, mut by_button) = (false, false);
        let (words, fault, is_asking) = (&self.words, &self.fault, self.is_asking);
        let (server, code) = (&mut self.server, &mut self.code);
        let is_empty = server.trim().is_empty() && code.trim().is_empty();
        let body = |ui: &mut Ui| {
            parts::title(ui, words.say("join-title"));
            ui.add(egui::Label::new(words.say("join-intro")).wrap());
            ui.add_space(4.0);
            parts::card(ui, |ui| {
                for (key, hint, text) in [
                    ("join-server", "https://exams.example", server),
                    ("join-code", "7KQ4-M2XP-9TRD", code),
                ] {
                    by_key |= field(ui, !is_asking, (&words.say(key), hint), text);
                }
            });
            if let Some(fault) = fault {
                parts::banner(ui, Sight::NotSeen, &words.say(fault.key()));
                if let Some(detail) = fault.detail() {
                    parts::muted(ui, detail);
                }
            }
        };
        let footer = |ui: &mut Ui| {
            ui.horizontal_wrapped(|ui| {
                let may = !is_asking && !is_empty;
                by_button = parts::primary(ui, may, words.say("join-join")).clicked();
                if is_asking {
                    ui.spinner();
                    ui.label(words.say("join-asking"));
                }
            });
        };
        parts::with_footer(ui, "join", body, footer);
        if (by_key || by_button) && !is_asking && !is_empty {
            self.submit();
            ui.ctx().request_repaint();
        }
    }
}

/// A text with its name above it; whether Enter was pressed in it.
fn field(ui: &mut Ui, is_enabled: bool, (name, hint): (&str, &str), text: &mut String) -> bool {
    let label = ui.label(parts::strong(name, 15.0));
    let edit = TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY);
    let edit = edit.margin(egui::Margin::symmetric(8, 8)).background_color(palette(ui).control);
    let response = ui.add_enabled(is_enabled, edit).labelled_by(label.id);
    ui.add_space(4.0);
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}
