//! Words for people, by language: Fluent messages, compiled in. The window and the server's pages have
//! each their own.
//!
//! English stands in for a message that a language lacks; a test keeps all languages complete. No
//! isolation marks are put around arguments: egui would draw them as boxes.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
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

/// The languages that are spoken.
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

    /// The one that a tag names: `de`, `de-AT`, `ja_JP.UTF-8`, `es;q=0.8`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim().to_lowercase();
        let language = tag.split(['-', '_', '.', ';']).next()?;
        Self::ALL.into_iter().find(|ours| ours.tag() == language)
    }

    /// The first of these locales that we speak, or else English.
    pub fn of_locales<S: AsRef<str>>(locales: impl IntoIterator<Item = S>) -> Self {
        let spoken = |locale: S| Self::of_tag(locale.as_ref());
        locales.into_iter().find_map(spoken).unwrap_or(Self::English)
    }
}

/// The text of all messages of a language, as Fluent has it.
pub type Source = fn(Language) -> &'static str;

/// All messages in one language.
pub struct Messages {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    english: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Messages").field(&self.language).finish()
    }
}

impl Messages {
    pub fn new(language: Language, source: Source) -> Self {
        let bundle = |language| bundle(language, source(language));
        Self { language, bundle: bundle(language), english: bundle(Language::English) }
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// A message with its arguments; the key itself where there is no such message.
    pub fn say(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> =
            args.iter().map(|(name, value)| (*name, value.clone())).collect();
        formatted(&self.bundle, key, &args)
            .or_else(|| formatted(&self.english, key, &args))
            .unwrap_or_else(|| key.to_owned())
    }
}

fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    let tags: Vec<LanguageIdentifier> = language.tag().parse().into_iter().collect();
    let mut bundle = FluentBundle::new_concurrent(tags);
    bundle.set_use_isolating(false);
    // A message that cannot be read is missing, and the test finds that.
    let resource = FluentResource::try_new(source.to_owned());
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

/// What holds for the messages of the window and of the pages.
#[cfg(test)]
pub(crate) mod check {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Each message and the names of its arguments.
    pub(crate) fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
        let mut key = String::new();
        for line in source.lines() {
            if line.starts_with(|first: char| first.is_ascii_lowercase()) {
                key = line.split(" =").next().unwrap().to_owned();
                assert!(messages.insert(key.clone(), BTreeSet::new()).is_none(), "{key} twice");
            }
            for after in line.split("{ $").skip(1) {
                let name: String = after.chars().take_while(|c| c.is_alphanumeric()).collect();
                messages.get_mut(&key).unwrap().insert(name);
            }
        }
        messages
    }

    /// All languages have all messages, with the same arguments.
    pub(crate) fn is_complete(source: Source) {
        let english = messages(source(Language::English));
        assert!(english.len() > 80);
        for language in Language::ALL {
            let theirs = messages(source(language));
            let names = |of: &BTreeMap<String, _>| of.keys().cloned().collect::<BTreeSet<_>>();
            let differ: Vec<_> =
                names(&theirs).symmetric_difference(&names(&english)).cloned().collect();
            assert_eq!(differ, Vec::<String>::new(), "{language:?}");
            for (key, arguments) in &english {
                assert_eq!(&theirs[key], arguments, "{language:?} {key}");
            }
        }
    }

    /// Every message can be formatted in its own language.
    pub(crate) fn can_be_said(source: Source) {
        for language in Language::ALL {
            let text = source(language);
            if let Err((_, faults)) = FluentResource::try_new(text.to_owned()) {
                panic!("{language:?} {faults:?}");
            }
            let words = Messages::new(language, source);
            for (key, names) in messages(text) {
                for number in [0, 1, 2, 7] {
                    let args = names.iter().map(|name| (name.as_str(), FluentValue::from(number)));
                    let text = formatted(&words.bundle, &key, &args.collect());
                    let text = text.unwrap_or_else(|| panic!("{language:?} {key}"));
                    assert!(!text.contains(['{', '}']) && !text.is_empty(), "{language:?} {key}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_what_is_asked_for() {
        for (locales, expected) in [
            (&["de-AT", "en-US"][..], Language::German),
            (&["ja_JP.UTF-8"], Language::Japanese),
            (&["fr-FR", "es-MX"], Language::Spanish),
            (&["fr-FR", " es-MX;q=0.8"], Language::Spanish),
            (&["C", "POSIX"], Language::English),
            (&["JA"], Language::Japanese),
            (&[";", "-", "*"], Language::English),
            (&[], Language::English),
        ] {
            assert_eq!(Language::of_locales(locales), expected, "{locales:?}");
        }
    }
}
