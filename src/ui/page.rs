//! The candidate's copy as a page for people: one file that needs no other, in the candidate's
//! language. Pure: the time zone and the moment come in.

use askama::Template;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::consent;
use super::i18n::Words;
use super::parts;
use super::view_model::kind_key;
use crate::agent::Snapshot;
use crate::presence::Policy;
use crate::report::{Consent, Hash, Interval};
use crate::time::MediaTime;

/// What the page tells.
pub(super) struct Told<'a> {
    pub words: &'a Words,
    pub label: &'a str,
    pub server: &'a str,
    pub policy: &'a Policy,
    pub snapshot: &'a Snapshot,
    pub consent: Option<&'a Consent>,
    /// The name and the hash of the same as data.
    pub data: (&'a str, Hash),
    pub saved: Timestamp,
    pub zone: TimeZone,
}

struct Fact {
    name: String,
    value: String,
}

/// By the clock on the wall, and since the exam's start.
struct Moment {
    clock: String,
    exam: String,
}

struct Row {
    kind: String,
    from: Moment,
    to: Option<Moment>,
    length: String,
}

#[derive(Template)]
#[template(path = "copy.html", config = "src/ui/askama.toml")]
struct Page {
    language: &'static str,
    direction: &'static str,
    title: String,
    facts: Vec<Fact>,
    reported: String,
    none: String,
    columns: [String; 4],
    rows: Vec<Row>,
    open: String,
    zone: String,
    rules: String,
    policy: Vec<String>,
    consent_title: String,
    consent: String,
    consent_hash: Option<Hash>,
    worth: String,
    integrity: String,
    beside: String,
    data_hash: Hash,
}

/// The page, as HTML.
pub(super) fn html(told: &Told<'_>) -> Result<String, askama::Error> {
    let words = told.words;
    let say = |key: &str| words.say(key);
    let saved = told.saved.to_zoned(told.zone.clone());
    let zone = [("zone", zone_of(&saved).into())];
    Page {
        language: words.language().tag(),
        direction: words.language().direction().as_str(),
        title: say("copy-title"),
        facts: told.facts(&saved),
        reported: say("copy-reported"),
        none: say("end-reported-none"),
        columns: ["copy-what", "copy-from", "copy-to", "copy-length"].map(say),
        rows: told.snapshot.intervals.iter().map(|interval| told.row(interval)).collect(),
        open: say("copy-open"),
        zone: words.say_with("copy-zone", &zone),
        rules: say("welcome-policy-title"),
        policy: consent::rules(words, told.policy),
        consent_title: say("copy-consent-title"),
        consent: match told.consent {
            Some(consent) => {
                let at = consent.at.parse().map(|at| told.at(at)).unwrap_or_default();
                words.say_with("copy-consent", &[("time", at.into())])
            }
            None => say("copy-consent-earlier"),
        },
        consent_hash: told.consent.map(|consent| consent.text_sha256),
        worth: say("copy-worth-title"),
        integrity: say("copy-integrity"),
        beside: words.say_with("copy-beside", &[("file", told.data.0.into())]),
        data_hash: told.data.1,
    }
    .render()
}

/// Date, time and zone.
fn in_full(moment: &Zoned) -> String {
    format!("{} ({})", moment.strftime("%Y-%m-%d %H:%M:%S"), zone_of(moment))
}

fn zone_of(moment: &Zoned) -> String {
    let name = moment.time_zone().iana_name().filter(|name| !name.contains("UTC"));
    let offset = moment.strftime("UTC%:z").to_string();
    name.map_or(offset.clone(), |name| format!("{name}, {offset}"))
}

impl Told<'_> {
    fn at(&self, moment: Timestamp) -> String {
        in_full(&moment.to_zoned(self.zone.clone()))
    }

    fn began(&self) -> Option<Timestamp> {
        self.snapshot.began.as_ref()?.parse().ok()
    }

    fn facts(&self, saved: &Zoned) -> Vec<Fact> {
        let (words, reports) = (self.words, &self.snapshot.reports);
        let wall = |at: MediaTime| {
            self.began()?.checked_add(at.since(MediaTime::ZERO)).map(|at| self.at(at)).ok()
        };
        let args =
            [("done", reports.acknowledged.min(reports.made).into()), ("all", reports.made.into())];
        let facts = [
            ("copy-session", Some(self.snapshot.session.to_string())),
            ("copy-label", Some(self.label.to_owned())),
            ("copy-server", Some(consent::host(self.server))),
            ("copy-began", wall(MediaTime::ZERO)),
            ("copy-ended", self.snapshot.ended_ms.and_then(wall)),
            ("ended-by-title", self.snapshot.ended_by.as_ref().map(|by| by.reason.clone())),
            ("copy-saved", Some(in_full(saved))),
            ("copy-reports", Some(words.say_with("end-progress", &args))),
            ("copy-policy", Some(self.policy.version.clone())),
        ];
        let named = |(key, value): (&str, Option<String>)| {
            Some(Fact { name: words.say(key), value: value.filter(|value| !value.is_empty())? })
        };
        facts.into_iter().filter_map(named).collect()
    }

    fn moment(&self, at: MediaTime) -> Moment {
        let wall = self.began().and_then(|began| {
            began
                .checked_add(at.since(MediaTime::ZERO))
                .map(|at| at.to_zoned(self.zone.clone()))
                .ok()
        });
        let exam = parts::moment(at);
        Moment {
            clock: wall.map(|wall| wall.strftime("%H:%M:%S").to_string()).unwrap_or_default(),
            exam: self.words.say_with("copy-into", &[("time", exam.into())]),
        }
    }

    fn row(&self, interval: &Interval) -> Row {
        let end = interval.end_ms.map(|end| (end, end.since(interval.start_ms)));
        let millis = |length: std::time::Duration| (length.as_millis() as u64 + 50) / 100 * 100;
        Row {
            kind: self.words.say(kind_key(interval.kind)),
            from: self.moment(interval.start_ms),
            to: end.map(|(end, _)| self.moment(end)),
            length: end.map(|(_, length)| self.words.seconds(millis(length))).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
