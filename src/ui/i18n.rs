//! Words for people, by language: Fluent messages from assets/i18n, compiled in.
//!
//! English stands in for a message that a language lacks; a test keeps all languages complete. No
//! isolation marks are put around arguments: egui would draw them as boxes.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// Which way a language is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LeftToRight,
    RightToLeft,
}

impl Direction {
    /// As HTML has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// The languages of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    German,
    Spanish,
    Japanese,
}

impl Language {
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::Spanish, Self::Japanese];

    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Japanese => "ja",
        }
    }

    pub const fn direction(self) -> Direction {
        match self {
            Self::English | Self::German | Self::Spanish | Self::Japanese => Direction::LeftToRight,
        }
    }

    /// What the language calls itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
            Self::Japanese => "日本語",
        }
    }

    /// The first of these locales (`de-AT`, `ja_JP.UTF-8`) that we speak, or else English.
    pub fn of_locales<S: AsRef<str>>(locales: impl IntoIterator<Item = S>) -> Self {
        let spoken = |locale: S| {
            let tag = locale.as_ref().to_lowercase();
            let language = tag.split(['-', '_', '.']).next().map(str::to_owned)?;
            Self::ALL.into_iter().find(|ours| ours.tag() == language)
        };
        locales.into_iter().find_map(spoken).unwrap_or(Self::English)
    }

    /// The system's.
    pub fn of_system() -> Self {
        Self::of_locales(sys_locale::get_locales())
    }

    const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../assets/i18n/en.ftl"),
            Self::German => include_str!("../../assets/i18n/de.ftl"),
            Self::Spanish => include_str!("../../assets/i18n/es.ftl"),
            Self::Japanese => include_str!("../../assets/i18n/ja.ftl"),
        }
    }
}

/// All messages in one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    english: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Words").field(&self.language).finish()
    }
}

impl Words {
    pub fn new(language: Language) -> Self {
        Self { language, bundle: bundle(language), english: bundle(Language::English) }
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A message with its arguments.
    pub fn say_with(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> =
            args.iter().map(|(name, value)| (*name, value.clone())).collect();
        formatted(&self.bundle, key, &args)
            .or_else(|| formatted(&self.english, key, &args))
            .unwrap_or_else(|| key.to_owned())
    }

    /// A span of time in words: "2 seconds".
    pub fn seconds(&self, millis: u64) -> String {
        self.say_with("seconds", &[("count", (millis as f64 / 1e3).into())])
    }
}

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let tags: Vec<LanguageIdentifier> = language.tag().parse().into_iter().collect();
    let mut bundle = FluentBundle::new(tags);
    bundle.set_use_isolating(false);
    // A message that cannot be read is missing, and the test finds that.
    let resource = FluentResource::try_new(language.source().to_owned());
    bundle.add_resource_overriding(resource.unwrap_or_else(|(readable, _faults)| readable));
    bundle
}

fn formatted(
    bundle: &FluentBundle<FluentResource>,
    key: &str,
    args: &FluentArgs<'_>,
) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let mut faults = Vec::new();
    let text = bundle.format_pattern(pattern, Some(args), &mut faults);
    faults.is_empty().then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Each message and the names of its arguments.
    fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
        let mut key = String::new();
        for line in language.source().lines() {
            if line.starts_with(|first: char| first.is_ascii_lowercase()) {
                key = line.split(" = ").next().unwrap().to_owned();
                assert!(messages.insert(key.clone(), BTreeSet::new()).is_none(), "{key} twice");
            }
            for after in line.split("{ $").skip(1) {
                let name: String = after.chars().take_while(|c| c.is_alphanumeric()).collect();
                messages.get_mut(&key).unwrap().insert(name);
            }
        }
        messages
    }

    #[test]
    fn all_languages_have_all_messages_with_the_same_arguments() {
        let english = messages(Language::English);
        assert!(english.len() > 80);
        for language in Language::ALL {
            assert_eq!(messages(language), english, "{language:?}");
        }
    }

    #[test]
    fn every_message_can_be_formatted_in_its_own_language() {
        for language in Language::ALL {
            assert!(FluentResource::try_new(language.source().to_owned()).is_ok(), "{language:?}");
            let words = Words::new(language);
            for (key, names) in messages(language) {
                for number in [0, 1, 2, 7] {
                    let args = names.iter().map(|name| (name.as_str(), FluentValue::from(number)));
                    let text = formatted(&words.bundle, &key, &args.collect());
                    let text = text.unwrap_or_else(|| panic!("{language:?} {key}"));
                    assert!(!text.contains(['{', '}']) && !text.is_empty(), "{language:?} {key}");
                }
            }
        }
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
    fn the_language_follows_the_system() {
        for (locales, expected) in [
            (&["de-AT", "en-US"][..], Language::German),
            (&["ja_JP.UTF-8"], Language::Japanese),
            (&["fr-FR", "es-MX"], Language::Spanish),
            (&["C", "POSIX"], Language::English),
            (&[], Language::English),
        ] {
            assert_eq!(Language::of_locales(locales), expected, "{locales:?}");
        }
    }

    #[test]
    fn an_unknown_message_shows_its_name() {
        assert_eq!(Words::new(Language::German).say("no-such-message"), "no-such-message");
    }
}
