//! The forms of an exam and of its policy, as they were typed: what they ask for, and what is wrong with a field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize as _};
use serde_json::{Map, Value, json};

use crate::presence::{LONGEST_PLANNED_MINUTES, Policy};
use crate::report::NewExam;
// A form is told what the API would refuse, at the field.
use crate::server::exams::api::{ROOM_CHARS, ROOMS, language, rooms};
use crate::server::exams::issue::{LABEL_CHARS, label};
use crate::server::http::error::Refusal;
use crate::server::pages::{form_key, say};

const LONGEST_SECONDS: f64 = 86_400.0;
const LONGEST_KEPT_DAYS: f64 = 90.0;

/// Fields of the policy by the names that they have in a form. The others are for programs to set, and stay.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::server) struct PolicyForm {
    pub(super) warn_after: String,
    pub(super) alert_after: String,
    pub(super) record_after: String,
    pub(super) merge_gap: String,
    pub(super) camera_lost_after: String,
    pub(super) sample_rate: String,
    pub(super) lowest_rate: String,
    pub(super) virtual_camera: String,
    pub(super) still_image: String,
    pub(super) keep_days: String,
    /// Empty: no end is planned.
    pub(super) planned_minutes: String,
}

/// What is wrong, by the names of fields, in the language of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::server) struct Faults(BTreeMap<&'static str, String>);

impl Faults {
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is the first field, from above, with which something is wrong.
    pub(super) fn is_first(&self, field: &str) -> bool {
        FIELDS.iter().find(|known| self.0.contains_key(*known)) == Some(&field)
    }

    /// What the API makes of a field; nothing where it refuses.
    fn read<T: Default>(
        &mut self,
        field: &'static str,
        read: Result<T, Refusal>,
        fault: impl FnOnce() -> String,
    ) -> T {
        self.require(read.is_ok(), field, fault);
        read.unwrap_or_default()
    }

    fn require(&mut self, holds: bool, field: &'static str, fault: impl FnOnce() -> String) {
        if !holds {
            self.0.entry(field).or_insert_with(fault);
        }
    }
}

/// Fields in the order in which they stand on the page.
const FIELDS: [&str; 14] = [
    "name",
    "rooms",
    "language",
    "planned_minutes",
    "warn_after",
    "alert_after",
    "record_after",
    "merge_gap",
    "camera_lost_after",
    "sample_rate",
    "lowest_rate",
    "virtual_camera",
    "still_image",
    "keep_days",
];

impl Default for PolicyForm {
    fn default() -> Self {
        Self::of(&Policy::default())
    }
}

impl PolicyForm {
    fn of(policy: &Policy) -> Self {
        let name = |value: Result<Value, serde_json::Error>| {
            value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
        };
        Self {
            warn_after: seconds(policy.warn_after_ms),
            alert_after: seconds(policy.alert_after_ms),
            record_after: seconds(policy.record_after_ms),
            merge_gap: seconds(policy.merge_gap_ms),
            camera_lost_after: seconds(policy.camera_lost_after_ms),
            sample_rate: say::number(policy.sample_rate_hz),
            lowest_rate: say::number(policy.lowest_sample_rate_hz),
            virtual_camera: name(serde_json::to_value(policy.virtual_camera)),
            still_image: name(serde_json::to_value(policy.still_image)),
            keep_days: policy.keep_days.to_string(),
            planned_minutes: policy.planned_minutes.map(|it| it.to_string()).unwrap_or_default(),
        }
    }

    /// As an exam has it: what it does not name is as usual.
    pub(super) fn of_value(policy: &Value) -> Self {
        let policy = if policy.is_null() { None } else { Policy::deserialize(policy).ok() };
        Self::of(&policy.unwrap_or_default())
    }

    /// The policy that it asks for: `base` with what differs from the default in place of what it said of these
    /// fields. One that is another than `base` has a name of its own, of `key`: reports name their policy.
    pub(super) fn read(&self, base: &Value, key: &str) -> Result<Value, Faults> {
        let (mut faults, mut typed) = (Faults::default(), Policy::default());
        for (field, text, into) in [
            ("warn_after", &self.warn_after, &mut typed.warn_after_ms),
            ("alert_after", &self.alert_after, &mut typed.alert_after_ms),
            ("record_after", &self.record_after, &mut typed.record_after_ms),
            ("merge_gap", &self.merge_gap, &mut typed.merge_gap_ms),
            ("camera_lost_after", &self.camera_lost_after, &mut typed.camera_lost_after_ms),
        ] {
            let found = number(text, field, &mut faults);
            faults.require(found <= LONGEST_SECONDS, field, || t!("fault-day"));
            *into = (found.min(LONGEST_SECONDS) * 1_000.0).round() as u64;
        }
        for (field, text, into) in [
            ("sample_rate", &self.sample_rate, &mut typed.sample_rate_hz),
            ("lowest_rate", &self.lowest_rate, &mut typed.lowest_sample_rate_hz),
        ] {
            *into = number(text, field, &mut faults);
            let fits = (0.1..=60.0).contains(into);
            faults.require(fits, field, || t!("fault-rate", least = say::number(0.1), most = 60));
        }
        let days = number(&self.keep_days, "keep_days", &mut faults);
        let fits = days <= LONGEST_KEPT_DAYS && days.fract() == 0.0;
        faults.require(fits, "keep_days", || t!("fault-days", most = LONGEST_KEPT_DAYS));
        typed.keep_days = days.clamp(0.0, LONGEST_KEPT_DAYS) as u32;
        typed.planned_minutes = planned(&self.planned_minutes, &mut faults);
        let chosen = |text: &str| Value::String(text.to_owned());
        match serde_json::from_value(chosen(&self.virtual_camera)) {
            Ok(choice) => typed.virtual_camera = choice,
            Err(_) => faults.require(false, "virtual_camera", || t!("fault-choice")),
        }
        match serde_json::from_value(chosen(&self.still_image)) {
            Ok(choice) => typed.still_image = choice,
            Err(_) => faults.require(false, "still_image", || t!("fault-choice")),
        }
        faults.require(typed.record_after_ms > 0, "record_after", || t!("fault-nothing"));
        faults.require(typed.camera_lost_after_ms > 0, "camera_lost_after", || t!("fault-nothing"));
        let holds = typed.warn_after_ms <= typed.alert_after_ms;
        faults.require(holds, "warn_after", || t!("fault-warn-late"));
        let holds = typed.record_after_ms <= typed.alert_after_ms;
        faults.require(holds, "alert_after", || t!("fault-alert-early"));
        if faults.is_empty() { Ok(named(base, &typed, key)) } else { Err(faults) }
    }
}

/// Names on the wire of what the form has.
const NAMES: [&str; 11] = [
    "warn_after_ms",
    "alert_after_ms",
    "record_after_ms",
    "merge_gap_ms",
    "camera_lost_after_ms",
    "sample_rate_hz",
    "lowest_sample_rate_hz",
    "virtual_camera",
    "still_image",
    "keep_days",
    "planned_minutes",
];

fn named(base: &Value, typed: &Policy, key: &str) -> Value {
    let object = |policy: &Policy| match policy.serialize(serde_json::value::Serializer) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    };
    let (typed, usual) = (object(typed), object(&Policy::default()));
    let mut policy = base.as_object().cloned().unwrap_or_default();
    let version = policy.remove("version");
    let before = policy.clone();
    for name in NAMES {
        policy.remove(name);
        if let Some(value) = typed.get(name).filter(|value| usual.get(name) != Some(value)) {
            policy.insert(name.to_owned(), value.clone());
        }
    }
    if policy == before && version.is_some() {
        return base.clone();
    }
    if policy.is_empty() {
        return Value::Null;
    }
    let version = format!("exam-{}", key.get(..8).unwrap_or_default());
    policy.insert("version".to_owned(), json!(version));
    Value::Object(policy)
}

fn seconds(millis: u64) -> String {
    say::number(millis as f64 / 1_000.0)
}

fn number(typed: &str, field: &'static str, faults: &mut Faults) -> f64 {
    let number = typed.trim().replace(',', ".").parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    faults.require(number.is_some(), field, || t!("fault-number"));
    number.unwrap_or_default()
}

fn planned(typed: &str, faults: &mut Faults) -> Option<u32> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    let minutes = typed.parse().ok().filter(|it| (1..=LONGEST_PLANNED_MINUTES).contains(it));
    let fault = || t!("fault-minutes", most = LONGEST_PLANNED_MINUTES);
    faults.require(minutes.is_some(), "planned_minutes", fault);
    minutes
}

/// The form of a new exam.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::server) struct ExamForm {
    pub(super) name: String,
    pub(super) rooms: String,
    pub(super) language: String,
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) policy: PolicyForm,
}

impl ExamForm {
    /// With the default policy.
    pub(super) fn empty() -> Result<Self, Refusal> {
        Ok(Self {
            name: String::new(),
            rooms: String::new(),
            language: String::new(),
            key: form_key()?,
            policy: PolicyForm::default(),
        })
    }

    pub(super) fn asks(&self) -> Result<NewExam, Faults> {
        let policy = self.policy.read(&Value::Null, &self.key);
        let mut faults = policy.as_ref().err().cloned().unwrap_or_default();
        let typed = self.rooms.lines().map(str::trim).filter(|room| !room.is_empty());
        let asked = NewExam {
            name: faults.read("name", label(&self.name), || t!("fault-name", most = LABEL_CHARS)),
            policy: policy.unwrap_or_default(),
            rooms: faults.read("rooms", rooms(typed.map(str::to_owned).collect()), || {
                t!("fault-rooms", most = ROOMS, chars = ROOM_CHARS)
            }),
            language: faults
                .read("language", language(chosen(&self.language)), || t!("fault-choice")),
        };
        if faults.is_empty() { Ok(asked) } else { Err(faults) }
    }
}

/// The form of the rules of an exam that is made already.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::server) struct RulesForm {
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) policy: PolicyForm,
}

/// The form of the language of the links that are made from now on.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::server) struct LanguageForm {
    pub(super) language: String,
}

/// A language, or the browser's own.
pub(super) fn chosen(language: &str) -> Option<String> {
    Some(language.to_owned()).filter(|language| !language.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_asks_for_what_differs_from_the_default() {
        let usual = ExamForm { name: "Law 1".to_owned(), ..ExamForm::empty().unwrap() };
        assert_eq!(usual.asks().unwrap().policy, Value::Null);
        let slower = ExamForm {
            rooms: " A1 \r\n\r\nA2\r\n".to_owned(),
            language: "de".to_owned(),
            key: "0123456789".to_owned(),
            policy: PolicyForm {
                alert_after: "7,5".to_owned(),
                sample_rate: "2".to_owned(),
                still_image: "alert".to_owned(),
                planned_minutes: " 90 ".to_owned(),
                ..PolicyForm::default()
            },
            ..usual
        };
        let asked = slower.asks().unwrap();
        let policy = json!({
            "alert_after_ms": 7500, "sample_rate_hz": 2.0, "still_image": "alert", "planned_minutes": 90,
            "version": "exam-01234567"
        });
        assert_eq!((asked.policy, asked.language.as_deref()), (policy, Some("de")));
        assert_eq!(asked.rooms, ["A1", "A2"]);
    }

    #[test]
    fn what_is_wrong_stands_at_its_field() {
        type Change = fn(&mut PolicyForm);
        let cases: [(&str, Change); 11] = [
            ("planned_minutes", |form| form.planned_minutes = "0".to_owned()),
            ("planned_minutes", |form| form.planned_minutes = "an hour".to_owned()),
            ("warn_after", |form| form.warn_after = "soon".to_owned()),
            ("warn_after", |form| form.warn_after = "6".to_owned()),
            ("alert_after", |form| form.record_after = "5.5".to_owned()),
            ("record_after", |form| form.record_after = "0".to_owned()),
            ("merge_gap", |form| form.merge_gap = "1e9".to_owned()),
            ("sample_rate", |form| form.sample_rate = "NaN".to_owned()),
            ("lowest_rate", |form| form.lowest_rate = "61".to_owned()),
            ("keep_days", |form| form.keep_days = "1.5".to_owned()),
            ("still_image", |form| form.still_image = "perhaps".to_owned()),
        ];
        for (field, change) in cases {
            let mut form = PolicyForm::default();
            change(&mut form);
            let faults = form.read(&Value::Null, "k").unwrap_err();
            assert!(faults.of(field).is_some(), "{field}: {faults:?}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_the_first_from_above_is_known() {
        let form = ExamForm {
            name: " ".to_owned(),
            rooms: format!("A1\n{}", "x".repeat(61)),
            policy: PolicyForm { sample_rate: "0".to_owned(), ..PolicyForm::default() },
            ..ExamForm::empty().unwrap()
        };
        let faults = form.asks().unwrap_err();
        for field in ["name", "sample_rate", "rooms"] {
            assert!(faults.of(field).is_some(), "{field}: {faults:?}");
            assert_eq!(faults.is_first(field), field == "name");
        }
        let named = ExamForm { name: "Law 1".to_owned(), ..form };
        let faults = named.asks().unwrap_err();
        assert!(faults.is_first("rooms") && !faults.is_first("sample_rate"), "{faults:?}");
    }

    #[test]
    fn every_field_has_its_place_on_the_page() {
        let page = include_str!("../templates/policy.html").to_owned();
        let page = include_str!("../templates/exams.html").replace("{% call rules::fields", &page);
        let at = FIELDS.map(|field| {
            let place = |mark: String| page.find(&mark);
            let place = place(format!("name=\"{field}\"")).or(place(format!("field(\"{field}\"")));
            place.unwrap_or_else(|| panic!("{field}"))
        });
        assert!(at.is_sorted(), "{at:?}");
    }

    #[test]
    fn what_programs_have_set_stays_and_a_policy_that_is_changed_has_another_name() {
        let base = json!({"version": "mine", "warn_after_ms": 3000, "face": {"enter": 0.8}});
        let form = PolicyForm::of_value(&base);
        assert_eq!(form.warn_after, "3");
        assert_eq!(form.read(&base, "0123456789").unwrap(), base);
        let usual = PolicyForm { warn_after: "2".to_owned(), ..form };
        let changed = json!({"version": "exam-01234567", "face": {"enter": 0.8}});
        assert_eq!(usual.read(&base, "0123456789").unwrap(), changed);
        assert_eq!(usual.read(&json!({"warn_after_ms": 3000}), "k").unwrap(), Value::Null);
    }

    #[test]
    fn a_form_is_read_as_browsers_send_it_and_fields_that_it_lacks_are_as_usual() {
        let sent = "name=Law&rooms=&language=&key=k&warn_after=1&sample_rate=4";
        let form: ExamForm = serde_urlencoded(sent);
        let policy = PolicyForm {
            warn_after: "1".to_owned(),
            sample_rate: "4".to_owned(),
            ..PolicyForm::default()
        };
        assert_eq!(form.policy, policy);
    }

    fn serde_urlencoded<T: serde::de::DeserializeOwned>(sent: &str) -> T {
        let uri = format!("/?{sent}").parse().unwrap();
        axum::extract::Query::try_from_uri(&uri).unwrap().0
    }
}
