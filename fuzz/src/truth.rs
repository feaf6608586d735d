//! What is held to be true of a recording.

use std::time::Duration;

use inview::report::Kind;
use inview::score::{self, Form, Report, Span, Truth, import};
use inview::time::MediaTime;

/// Labels in any form: one byte says which, the rest is the file. What is taken is whole, from zero on
/// without gaps, and any report can be held against it. What is wrong is said in one line.
pub fn truth(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let form = [Form::Labels, Form::Csv, Form::LabelStudio, Form::Xml][usize::from(*form) % 4];
    let truth = match import(form, text, MediaTime::from_millis(60_000), 15.0) {
        Ok(truth) => truth,
        Err(fault) => return assert!(!fault.to_string().contains('\n'), "{fault}"),
    };
    let mut at = MediaTime::ZERO;
    for label in &truth.labels {
        assert!(label.span.start == at && label.span.end > at, "{label:?} after {at:?}");
        at = label.span.end;
    }
    assert_eq!(Truth::whole(&truth), Span::new(MediaTime::ZERO, at));
    let span = Span::of_seconds(1.0, 9.0);
    let report = |kind| Report { kind, span, confidence: 0.5 };
    let score = score::judge(&truth, &Kind::ALL.map(report), Duration::from_secs(1));
    assert_eq!(score.confusion.total() + score.ignored, score.footage);
}
