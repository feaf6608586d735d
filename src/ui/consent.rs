//! What the candidate agrees to. Pure.

use super::i18n::Words;
use crate::presence::{Policy, StillImagePolicy, VirtualCameraPolicy};
use crate::report::Hash;

/// A heading and what stands below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub title: String,
    pub paragraphs: Vec<String>,
}

/// The whole text, with the times of this policy.
pub(super) fn text(words: &Words, policy: &Policy, server: &str) -> Vec<Section> {
    let with = |key: &str, name: &str, value: String| words.say_with(key, &[(name, value.into())]);
    let section = |key: &str, paragraphs| Section { title: words.say(key), paragraphs };
    vec![
        section("welcome-title", vec![words.say("welcome-intro")]),
        section("welcome-watched-title", vec![words.say("welcome-watched")]),
        section("welcome-leaves-title", vec![with("welcome-leaves", "server", host(server))]),
        section("welcome-kept-title", vec![kept(words, policy)]),
        section(
            "welcome-policy-title",
            rules(words, policy).into_iter().chain([words.say("welcome-policy-end")]).collect(),
        ),
    ]
}

/// What stays on the candidate's machine, and until when.
fn kept(words: &Words, policy: &Policy) -> String {
    words.say_with("welcome-kept", &[("days", policy.keep_days.into())])
}

/// What the policy means for the candidate.
pub(super) fn rules(words: &Words, policy: &Policy) -> Vec<String> {
    let with = |key: &str, name: &str, millis| {
        words.say_with(key, &[(name, words.seconds(millis).into())])
    };
    let still_image = match policy.still_image {
        StillImagePolicy::Ignore => None,
        StillImagePolicy::Report => Some("welcome-policy-still-report"),
        StillImagePolicy::Alert => Some("welcome-policy-still-alert"),
    };
    let mut rules = vec![
        with("welcome-policy-record", "record", policy.record_after_ms),
        with("welcome-policy-warn", "warn", policy.warn_after_ms),
        with("welcome-policy-alert", "alert", policy.alert_after_ms),
        words.say(match policy.virtual_camera {
            VirtualCameraPolicy::Report => "welcome-policy-virtual-report",
            VirtualCameraPolicy::Refuse => "welcome-policy-virtual-refuse",
        }),
    ];
    rules.extend(still_image.map(|key| words.say(key)));
    rules
}

/// The hash of a text: of its lines, each ended by a line feed.
pub(super) fn hash(text: &[Section]) -> Hash {
    let mut lines = String::new();
    for section in text {
        for line in std::iter::once(&section.title).chain(&section.paragraphs) {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    Hash::of(lines.as_bytes())
}

/// Where reports go, as a person knows it.
pub(super) fn host(server: &str) -> String {
    let host = server.trim_start_matches("https://").trim_start_matches("http://");
    host.split('/').next().unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::i18n::Language;

    #[test]
    fn the_text_has_the_times_of_the_policy_and_the_server() {
        let policy = Policy { alert_after_ms: 7_000, keep_days: 3, ..Policy::default() };
        let words = Words::new(Language::English);
        let text = text(&words, &policy, "https://exams.example/inview");
        let all = format!("{text:?}");
        for part in [
            "After 7 seconds",
            "After 2 seconds",
            "less than 1 second,",
            "exams.example.",
            "after 3 days",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
    }

    #[test]
    fn what_is_erased_at_once_or_after_a_day_is_said_in_every_language() {
        for language in Language::ALL {
            let of =
                |keep_days| kept(&Words::new(language), &Policy { keep_days, ..Policy::default() });
            let (at_once, day, week) = (of(0), of(1), of(7));
            assert!(at_once != day && day != week, "{language:?}: {at_once} {day} {week}");
            assert!(week.contains('7') && !at_once.contains('0'), "{language:?}: {at_once} {week}");
        }
    }

    #[test]
    fn another_text_has_another_hash() {
        let of = |language, alert_after_ms| {
            let policy = Policy { alert_after_ms, ..Policy::default() };
            hash(&text(&Words::new(language), &policy, "https://a.example"))
        };
        assert_eq!(of(Language::English, 5_000), of(Language::English, 5_000));
        assert_ne!(of(Language::English, 5_000), of(Language::English, 6_000));
        assert_ne!(of(Language::English, 5_000), of(Language::German, 5_000));
    }
}
