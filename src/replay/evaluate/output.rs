//! An evaluation as text and CSV.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::document::{Condition, Evaluated, Evaluation, Speed};
use crate::score::{Confusion, Figures, KindFigures, What};
use crate::time::MediaTime;

/// So many mistakes are listed.
const LISTED: usize = 20;

/// A part of 1, as a person reads it.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

pub(super) fn length(length: Duration) -> String {
    (MediaTime::ZERO + length).to_string()
}

pub(super) fn seconds(length: Duration) -> String {
    format!("{:.1}", length.as_secs_f64())
}

/// What has no value is a dash.
pub(super) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn edge(value: Option<f64>) -> String {
    or_dash(value.map(|value| format!("{value:.2}")))
}

fn speed(speed: Option<Speed>) -> String {
    or_dash(speed.map(|speed| format!("{:.1}x", speed.times_real_time)))
}

fn found(figures: &KindFigures) -> String {
    format!("{} of {}", figures.found, figures.truths)
}

/// The part of the scored seconds that was told rightly.
fn right_share(figures: &Figures) -> Option<f64> {
    wrong_share(figures).map(|wrong| 1.0 - wrong)
}

/// The part of the scored seconds that was told wrongly.
pub(super) fn wrong_share(figures: &Figures) -> Option<f64> {
    let scored = figures.confusion.judged().as_secs_f64();
    (scored > 0.0).then(|| figures.wrong.as_secs_f64() / scored)
}

fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>) -> String {
    table_with(1, header, rows)
}

/// The first `names` columns hold names, the others numbers.
fn table_with<const N: usize>(names: usize, header: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    aligned(table, names)
}

/// Numbers to the right, names to the left.
fn aligned(mut table: Table, names: usize) -> String {
    for column in names..table.column_count() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| format!("  {}", line.trim_end())).collect();
    lines.join("\n") + "\n"
}

/// The whole evaluation, for a person.
pub(super) fn text(evaluation: &Evaluation) -> String {
    let total = &evaluation.total;
    let mut parts = vec![by_recording(evaluation)];
    if !evaluation.conditions.is_empty() {
        parts.push(by_condition(evaluation));
    }
    parts.push(by_kind(total));
    parts.push(confusion(&total.confusion));
    parts.push(calibration(total));
    if !evaluation.fairness.is_empty() {
        parts.push(groups(evaluation));
    }
    parts.push(mistakes(&evaluation.recordings));
    if !evaluation.regressions.is_empty() {
        parts.push(regressions(evaluation));
    }
    parts.push(summary(evaluation));
    parts.join("\n")
}

fn figures_row(name: &str, figures: &Figures, fast: Option<Speed>) -> [String; 8] {
    let all = &figures.all;
    [
        name.to_owned(),
        length(figures.footage),
        found(all),
        all.false_alarms.to_string(),
        edge(all.edges.median_s),
        edge(all.edges.p95_s),
        or_dash(right_share(figures).map(percent)),
        speed(fast),
    ]
}

const HEADER: [&str; 8] =
    ["", "length", "found", "false alarms", "edges: median", "95 %", "seconds right", "speed"];

fn by_recording(evaluation: &Evaluation) -> String {
    let recordings = &evaluation.recordings;
    let row = |it: &Evaluated| figures_row(&it.recording, &it.figures(), it.speed);
    let mut rows: Vec<_> = recordings.iter().map(row).collect();
    rows.push(figures_row("all", &evaluation.total, evaluation.speed));
    format!("Recordings (edges in seconds)\n{}", table(HEADER, rows))
}

fn by_condition(evaluation: &Evaluation) -> String {
    let conditions = evaluation.conditions.iter();
    let rows = conditions.map(|it| figures_row(&it.tag, &it.figures, None)).collect();
    format!("Conditions\n{}", table(HEADER, rows))
}

fn by_kind(total: &Figures) -> String {
    let row = |name: &str, figures: &KindFigures| {
        [
            name.to_owned(),
            found(figures),
            or_dash(figures.recall.map(percent)),
            figures.false_alarms.to_string(),
            format!("{:.1}", figures.false_alarms_per_hour),
            edge(figures.edges.median_s),
            edge(figures.edges.p95_s),
            seconds(figures.truth),
            seconds(figures.missed),
            seconds(figures.invented),
        ]
    };
    let mut rows: Vec<_> =
        total.kinds.iter().map(|(kind, figures)| row(kind.description(), figures)).collect();
    rows.push(row("all", &total.all));
    let header = [
        "",
        "found",
        "recall",
        "false alarms",
        "an hour",
        "edges: median",
        "95 %",
        "true (s)",
        "missed (s)",
        "invented (s)",
    ];
    format!("Kinds\n{}", table(header, rows))
}

fn confusion(confusion: &Confusion) -> String {
    let columns = confusion.columns();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let names = columns.iter().map(|told| told.description());
    table.set_header(std::iter::once("").chain(names));
    for truth in confusion.rows() {
        let cell = |told: &What| {
            let length = confusion.at(truth, *told);
            if length.is_zero() { "·".to_owned() } else { seconds(length) }
        };
        let cells = columns.iter().map(cell);
        table.add_row(std::iter::once(truth.description().to_owned()).chain(cells));
    }
    format!("Seconds: what was true (lines) and what was told (columns)\n{}", aligned(table, 1))
}

fn calibration(total: &Figures) -> String {
    let bins = total.calibration.bins.iter();
    let rows = bins.map(|bin| {
        [
            format!("{:.1} to {:.1}", bin.from, bin.to),
            bin.intervals.to_string(),
            format!("{:.2}", bin.mean_confidence),
            format!("{:.2}", bin.share_true),
        ]
    });
    let error = or_dash(total.calibration.expected_error.map(|error| format!("{error:.3}")));
    let header = ["confidence", "intervals", "mean", "share true"];
    format!("Confidence (expected calibration error {error})\n{}", table(header, rows.collect()))
}

fn groups(evaluation: &Evaluation) -> String {
    let mut parts = Vec::new();
    for fairness in &evaluation.fairness {
        let row = |group: &crate::score::Group| {
            [
                format!("{}:{}", fairness.by, group.name),
                group.recordings.to_string(),
                format!("{:.1}", group.footage_s),
                or_dash(group.in_view_missed.map(percent)),
                or_dash(group.absence_missed.map(percent)),
                or_dash(group.false_alarms_per_hour.map(|rate| format!("{rate:.1}"))),
            ]
        };
        let header = [
            "",
            "recordings",
            "seconds",
            "in view, told otherwise",
            "absent, told in view",
            "false alarms an hour",
        ];
        parts.push(table(header, fairness.groups.iter().map(row).collect()));
        for gap in &fairness.gaps {
            let show = |value: f64| {
                if gap.measure.is_share() { percent(value) } else { format!("{value:.1}") }
            };
            let between = match gap.between {
                Some([low, high]) => format!("95 % of draws: {} to {}", show(low), show(high)),
                None => "too few recordings to say how sure that is".to_owned(),
            };
            parts.push(format!(
                "  {}: largest gap {}, {} against {} ({between})\n",
                gap.measure.description(),
                show(gap.size),
                gap.worst,
                gap.best,
            ));
        }
    }
    format!("Groups\n{}", parts.concat())
}

/// All mistakes, the dearest first, each with its recording.
pub(super) fn all_mistakes(recordings: &[Evaluated]) -> Vec<(&Evaluated, &crate::score::Mistake)> {
    let mut all: Vec<_> =
        recordings.iter().flat_map(|it| it.mistakes.iter().map(move |m| (it, m))).collect();
    all.sort_by_key(|(_, mistake)| std::cmp::Reverse(mistake.cost));
    all
}

fn mistakes(recordings: &[Evaluated]) -> String {
    let all = all_mistakes(recordings);
    if all.is_empty() {
        return "Mistakes: none\n".to_owned();
    }
    let row = |(recording, mistake): &(&Evaluated, &crate::score::Mistake)| {
        let by = mistake.by.filter(|_| mistake.wrong == crate::score::Wrong::Edges);
        let told = by.map(|by| format!("told {} to {}", by.start, by.end)).unwrap_or_default();
        [
            format!("{}: {}", mistake.wrong.description(), mistake.kind.description()),
            recording.recording.clone(),
            mistake.span.start.to_string(),
            mistake.span.end.to_string(),
            seconds(mistake.cost),
            told,
        ]
    };
    let rows = all.iter().take(LISTED).map(row).collect();
    let left = all.len().saturating_sub(LISTED);
    let more = if left > 0 { format!("  and {left} more\n") } else { String::new() };
    let header = ["", "recording", "from", "to", "seconds", ""];
    format!("Mistakes, the dearest first\n{}{more}", table_with(2, header, rows))
}

fn regressions(evaluation: &Evaluation) -> String {
    let rows = evaluation.regressions.iter().map(|it| {
        [
            it.figure.clone(),
            format!("{:.3}", it.before),
            format!("{:.3}", it.now),
            format!("{:.3}", it.bound),
        ]
    });
    format!("Worse than the baseline\n{}", table(["", "before", "now", "allowed"], rows.collect()))
}

fn summary(evaluation: &Evaluation) -> String {
    let total = &evaluation.total;
    let count =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut words = vec![
        format!("{} found", found(&total.all)),
        format!(
            "{} ({:.1} an hour)",
            count(total.all.false_alarms, "false alarm"),
            total.all.false_alarms_per_hour
        ),
        format!("{} s of {} s wrong", seconds(total.wrong), seconds(total.confusion.judged())),
        format!("{} s told as out of view while nobody could look", seconds(total.dishonest)),
    ];
    if let Some(photo) = &total.photo {
        let (all, seen) = (seconds(photo.truth), seconds(photo.told_in_view));
        words.push(format!("a photo held up for {all} s taken for the candidate for {seen} s"));
    }
    if !evaluation.failed.is_empty() {
        words.push(format!(
            "{} could not be evaluated",
            count(evaluation.failed.len(), "recording")
        ));
    }
    let footage = format!("{}, {}", count(total.recordings, "recording"), length(total.footage));
    format!("{footage}: {}\n", words.join("; "))
}

impl Evaluation {
    /// Figures by kind and by condition, and a line that sums up: the tables of a README.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            "| kind | found | recall | false alarms | an hour | edges: median | 95 % | missed |"
                .to_owned(),
            "|---|---|---|---|---|---|---|---|".to_owned(),
        ];
        let kinds = self.total.kinds.iter().map(|(kind, it)| (kind.description(), it));
        for (name, it) in kinds.chain([("all", &self.total.all)]) {
            let seconds_of =
                |value: Option<f64>| or_dash(value.map(|value| format!("{value:.2} s")));
            let cells = [
                name.to_owned(),
                found(it),
                or_dash(it.recall.map(percent)),
                it.false_alarms.to_string(),
                format!("{:.1}", it.false_alarms_per_hour),
                seconds_of(it.edges.median_s),
                seconds_of(it.edges.p95_s),
                format!("{} of {} s", seconds(it.missed), seconds(it.truth)),
            ];
            lines.push(format!("| {} |", cells.join(" | ")));
        }
        format!("{}\n\n{}\n{}", lines.join("\n"), summary(self), self.conditions_markdown())
    }

    fn conditions_markdown(&self) -> String {
        let mut lines = vec![
            "| condition | recordings | length | found | false alarms | seconds right |".to_owned(),
            "|---|---|---|---|---|---|".to_owned(),
        ];
        for Condition { tag, figures } in &self.conditions {
            let cells = [
                tag.clone(),
                figures.recordings.to_string(),
                length(figures.footage),
                found(&figures.all),
                figures.all.false_alarms.to_string(),
                or_dash(right_share(figures).map(percent)),
            ];
            lines.push(format!("| {} |", cells.join(" | ")));
        }
        lines.join("\n") + "\n"
    }
}

/// One line for each recording, condition and the total, and each kind in it.
pub(super) fn csv(evaluation: &Evaluation) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "of",
        "name",
        "kind",
        "footage_s",
        "truths",
        "found",
        "recall",
        "reports",
        "false_alarms",
        "false_alarms_per_hour",
        "edges",
        "edge_median_s",
        "edge_p95_s",
        "true_s",
        "missed_s",
        "invented_s",
        "wrong_s",
        "calibration_error",
        "times_real_time",
    ])?;
    let mut write = |of: &str, name: &str, figures: &Figures, fast: Option<Speed>| {
        let kinds = figures.kinds.iter().map(|(kind, it)| (kind.as_str(), it));
        for (kind, it) in kinds.chain([("all", &figures.all)]) {
            let whole = kind == "all";
            let of_all = |text: Option<String>| text.filter(|_| whole).unwrap_or_default();
            let number =
                |value: Option<f64>| value.map(|it| format!("{it:.3}")).unwrap_or_default();
            let length = |length: Duration| format!("{:.3}", length.as_secs_f64());
            writer.write_record([
                of,
                name,
                kind,
                &length(figures.footage),
                &it.truths.to_string(),
                &it.found.to_string(),
                &number(it.recall),
                &it.reports.to_string(),
                &it.false_alarms.to_string(),
                &format!("{:.3}", it.false_alarms_per_hour),
                &it.edges.count.to_string(),
                &number(it.edges.median_s),
                &number(it.edges.p95_s),
                &length(it.truth),
                &length(it.missed),
                &length(it.invented),
                &of_all(Some(length(figures.wrong))),
                &of_all(Some(number(figures.calibration.expected_error))),
                &of_all(fast.map(|fast| format!("{:.1}", fast.times_real_time))),
            ])?;
        }
        Ok::<(), csv::Error>(())
    };
    for it in &evaluation.recordings {
        write("recording", &it.recording, &it.figures(), it.speed)?;
    }
    for it in &evaluation.conditions {
        write("condition", &it.tag, &it.figures, None)?;
    }
    write("all", "all", &evaluation.total, evaluation.speed)?;
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
