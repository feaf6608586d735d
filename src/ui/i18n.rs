//! The window's words, from assets/i18n.

use fluent_bundle::FluentValue;

use crate::words::Messages;
pub use crate::words::{Direction, Language};

/// The system's language.
pub fn of_system() -> Language {
    Language::of_locales(sys_locale::get_locales())
}

const fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../assets/i18n/en.ftl"),
        Language::German => include_str!("../../assets/i18n/de.ftl"),
        Language::Spanish => include_str!("../../assets/i18n/es.ftl"),
        Language::Japanese => include_str!("../../assets/i18n/ja.ftl"),
    }
}

/// All messages in one language.
#[derive(Debug)]
pub struct Words(Messages);

impl Words {
    pub fn new(language: Language) -> Self {
        Self(Messages::new(language, source))
    }

    pub fn language(&self) -> Language {
        self.0.language()
    }

    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A message with its arguments.
    pub fn say_with(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        self.0.say(key, args)
    }

    /// A span of time in words: "2 seconds".
    pub fn seconds(&self, millis: u64) -> String {
        self.say_with("seconds", &[("count", (millis as f64 / 1e3).into())])
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn numbers_are_told_in_the_language() {
        for (language, one, more) in [
            (Language::English, "1 second", "2.5 seconds"),
            (Language::German, "1 Sekunde", "2.5 Sekunden"),
            (Language::Spanish, "1 segundo", "2.5 segundos"),
            (Language::Japanese, "1秒", "2.5秒"),
        ] {
            let words = Words::new(language);
            assert_eq!((words.seconds(1_000), words.seconds(2_500)), (one.into(), more.into()));
            assert_eq!(words.say("language-name"), language.own_name());
        }
    }

    #[test]
    fn an_unknown_message_shows_its_name() {
        assert_eq!(Words::new(Language::German).say("no-such-message"), "no-such-message");
    }
}
