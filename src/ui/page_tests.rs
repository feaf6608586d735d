use super::*;
use crate::report::{ClosedBy, IntervalId, Kind, SessionId};
use crate::ui::i18n::Language;

fn at(secs: i64) -> MediaTime {
    MediaTime::from_millis(secs * 1_000)
}

fn interval(kind: Kind, start: i64, end: Option<i64>) -> Interval {
    Interval {
        id: IntervalId::derived(SessionId::derived(&[]), start.unsigned_abs()),
        kind,
        start_ms: at(start),
        end_ms: end.map(at),
        confidence: 1.0,
        frames_looked_at: 1,
        frames_skipped: 0,
        closed_by: end.map(|_| ClosedBy::SeenAgain),
    }
}

fn page(language: Language, label: &str, intervals: Vec<Interval>) -> String {
    let (words, policy) = (Words::new(language), Policy::default());
    let snapshot = Snapshot {
        began: Some("2026-07-01T08:15:02.500Z".to_owned()),
        ended_ms: Some(at(3_600)),
        intervals,
        ..Snapshot::first(SessionId::derived(&[]), at(0), 5.0)
    };
    let consent = Consent {
        text_sha256: Hash::of(b"text"),
        at: "2026-07-01T08:10:00Z".to_owned(),
        language: language.tag().to_owned(),
    };
    html(&Told {
        words: &words,
        label,
        server: "https://exams.example/inview",
        policy: &policy,
        snapshot: &snapshot,
        consent: Some(&consent),
        data: ("inview-1.json", Hash::of(b"data")),
        saved: "2026-07-01T09:20:00Z".parse().unwrap(),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
    })
    .unwrap()
}

#[test]
fn the_page_tells_everything_in_local_time() {
    let told =
        vec![interval(Kind::OutOfView, 60, Some(72)), interval(Kind::VirtualCamera, 90, None)];
    let page = page(Language::German, "Platz 7", told);
    for part in [
        "<html lang=\"de\" dir=\"ltr\">",
        "Platz 7",
        "exams.example",
        "2026-07-01 10:15:02 (Europe/Berlin, UTC+02:00)",
        "2026-07-01 11:15:02",
        "10:16:02",
        "10:16:14",
        "12 Sekunden",
        "default-1",
        &Hash::of(b"text").to_string(),
        &Hash::of(b"data").to_string(),
        "inview-1.json",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(page.matches("<th scope=\"row\">").count(), 2);
}

#[test]
fn the_page_needs_nothing_else_and_believes_nothing_that_it_is_given() {
    let page = page(Language::English, "<script>alert(1)</script> & \"Seat\"", Vec::new());
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"), "{page}");
    for outside in ["src=", "href=", "url(", "http://", "https://", "@import"] {
        assert!(!page.contains(outside), "{outside}: {page}");
    }
    assert!(page.contains("You were in view the whole time."));
}
