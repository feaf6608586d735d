//! The page of an evaluation: one file that a browser shows without any network.

use askama::Template;

use super::document::{Evaluated, Evaluation};
use super::output::{all_mistakes, length, or_dash, percent, seconds, wrong_share};
use super::pictures::{self, Picture};
use super::timeline::{CURVE_HEIGHT, Timeline, is_hatched, layout};
use super::{Clip, reports};
use crate::capture::file;
use crate::report::Kind;
use crate::score::{Bin, Figures, KindFigures, Measure, What, Wrong};
use crate::time::MediaTime;

/// Mistakes in the table.
const MOST_MISTAKES: usize = 60;
/// Pictures of one recording.
const MOST_PICTURES: usize = 14;
/// How far inside an interval it is looked at: an edge itself is often ambiguous.
const INSIDE: std::time::Duration = std::time::Duration::from_millis(300);
/// Width and height of the reliability curve.
const CURVE_SIDE: f64 = 240.0;

#[derive(Template)]
#[template(path = "page.html", config = "src/replay/evaluate/askama.toml")]
struct Page<'a> {
    style: &'static str,
    version: &'static str,
    evaluation: &'a Evaluation,
    policy: String,
    tiles: Vec<Tile>,
    kinds: Vec<KindRow>,
    hatched: Vec<&'static str>,
    legend: Vec<(What, bool)>,
    columns: Vec<What>,
    matrix: Vec<(What, Vec<Cell>)>,
    reliability: Vec<Point>,
    conditions: Vec<Row>,
    groups: Vec<Groups>,
    mistakes: Vec<MistakeRow>,
    mistakes_left: usize,
    clips: Vec<Card>,
    pictures: bool,
    side: f64,
    curve_height: f64,
}

struct Tile {
    name: &'static str,
    value: String,
    note: String,
    bad: bool,
}

struct KindRow {
    kind: Option<Kind>,
    name: &'static str,
    cells: Vec<String>,
}

/// A row of figures under a name.
struct Row {
    name: String,
    cells: Vec<String>,
}

struct Cell {
    text: String,
    right: bool,
    /// How strongly it is coloured, 0 to 100.
    strength: u32,
}

struct Point {
    x: String,
    y: String,
    radius: String,
    title: String,
}

struct Groups {
    by: String,
    rows: Vec<Row>,
    gaps: Vec<String>,
}

struct MistakeRow {
    clip: usize,
    recording: String,
    what: String,
    kind: Kind,
    from: String,
    to: String,
    cost: String,
    told: String,
    picture: Option<Picture>,
}

struct Card {
    number: usize,
    name: String,
    facts: Vec<String>,
    tags: Vec<String>,
    perfect: bool,
    timeline: Timeline,
    shots: Vec<Shot>,
}

/// A picture and why it is shown.
struct Shot {
    picture: Picture,
    caption: String,
    wrong: bool,
}

/// Makes the page. Without `with_pictures` no recording is opened.
pub(super) fn page(
    evaluation: &Evaluation,
    clips: &[Clip],
    with_pictures: bool,
) -> Result<String, askama::Error> {
    let shots: Vec<Vec<Shot>> =
        clips.iter().map(|clip| if with_pictures { shots(clip) } else { Vec::new() }).collect();
    let total = &evaluation.total;
    let mistakes = mistake_rows(evaluation, &shots);
    let columns = total.confusion.columns();
    let told: Vec<What> = columns.iter().chain(&total.confusion.rows()).copied().collect();
    let mut legend: Vec<(What, bool)> = told
        .iter()
        .filter(|what| **what != What::InView)
        .map(|what| (*what, is_hatched(*what)))
        .collect();
    legend.sort_unstable();
    legend.dedup();
    let cards = clips.iter().zip(shots).enumerate();
    let page = Page {
        style: include_str!("templates/page.css"),
        version: env!("CARGO_PKG_VERSION"),
        policy: evaluation.policy.as_ref().map(|it| it.version.clone()).unwrap_or_default(),
        tiles: tiles(evaluation),
        kinds: kind_rows(total),
        hatched: legend.iter().filter(|it| it.1).map(|it| it.0.as_str()).collect(),
        matrix: matrix(total, &columns),
        reliability: total.calibration.bins.iter().map(point).collect(),
        conditions: evaluation.conditions.iter().map(|it| row(&it.tag, &it.figures)).collect(),
        groups: evaluation.fairness.iter().map(groups).collect(),
        mistakes_left: all_mistakes(&evaluation.recordings).len().saturating_sub(mistakes.len()),
        clips: cards.map(|(number, (clip, shots))| card(number, clip, shots)).collect(),
        pictures: with_pictures,
        side: CURVE_SIDE,
        curve_height: CURVE_HEIGHT,
        evaluation,
        legend,
        columns,
        mistakes,
    };
    page.render()
}

fn tiles(evaluation: &Evaluation) -> Vec<Tile> {
    let total = &evaluation.total;
    let away = total.kinds.get(&Kind::OutOfView).cloned().unwrap_or_default();
    let edges = away.edges;
    let tile = |name, value, note, bad| Tile { name, value, note, bad };
    let mut tiles = vec![
        tile(
            "absences found",
            format!("{} of {}", away.found, away.truths),
            format!("all kinds: {} of {}", total.all.found, total.all.truths),
            away.found < away.truths,
        ),
        tile(
            "false alarms",
            total.all.false_alarms.to_string(),
            format!("{:.1} an hour of footage", total.all.false_alarms_per_hour),
            total.all.false_alarms > 0,
        ),
        tile(
            "edges of absences",
            or_dash(edges.median_s.map(|it| format!("{it:.2} s"))),
            format!("95 % within {}", or_dash(edges.p95_s.map(|it| format!("{it:.2} s")))),
            edges.p95_s.is_some_and(|p95| p95 > 0.4),
        ),
        tile(
            "seconds told wrongly",
            or_dash(wrong_share(total).map(percent)),
            format!("{} of {} s", seconds(total.wrong), seconds(total.confusion.judged())),
            false,
        ),
        tile(
            "not there, where nobody could look",
            format!("{} s", seconds(total.dishonest)),
            "told as out of view".to_owned(),
            total.dishonest.as_millis() > 200,
        ),
        tile(
            "calibration error",
            or_dash(total.calibration.expected_error.map(|it| format!("{it:.3}"))),
            "confidence against truth".to_owned(),
            false,
        ),
    ];
    if let Some(speed) = evaluation.speed {
        let value = format!("{:.1}x", speed.times_real_time);
        tiles.push(tile("speed", value, "times real time".to_owned(), speed.times_real_time < 1.0));
    }
    if let Some(photo) = total.photo {
        let value = format!("{} of {}\u{a0}s", seconds(photo.told_in_view), seconds(photo.truth));
        let taken = !photo.told_in_view.is_zero();
        tiles.push(tile("photo taken for the candidate", value, "scored apart".to_owned(), taken));
    }
    tiles
}

fn edge(value: Option<f64>) -> String {
    or_dash(value.map(|value| format!("{value:.2}")))
}

fn kind_rows(total: &Figures) -> Vec<KindRow> {
    let row = |kind: Option<Kind>, name: &'static str, it: &KindFigures| KindRow {
        kind,
        name,
        cells: vec![
            format!("{} of {}", it.found, it.truths),
            or_dash(it.recall.map(percent)),
            it.false_alarms.to_string(),
            format!("{:.1}", it.false_alarms_per_hour),
            edge(it.edges.median_s),
            edge(it.edges.p95_s),
            seconds(it.truth),
            seconds(it.missed),
            seconds(it.invented),
        ],
    };
    let kinds = total.kinds.iter().map(|(kind, it)| row(Some(*kind), kind.description(), it));
    kinds.chain([row(None, "all", &total.all)]).collect()
}

fn row(name: &str, figures: &Figures) -> Row {
    let all = &figures.all;
    Row {
        name: name.to_owned(),
        cells: vec![
            figures.recordings.to_string(),
            length(figures.footage),
            format!("{} of {}", all.found, all.truths),
            all.false_alarms.to_string(),
            edge(all.edges.median_s),
            edge(all.edges.p95_s),
            or_dash(wrong_share(figures).map(percent)),
        ],
    }
}

fn matrix(total: &Figures, columns: &[What]) -> Vec<(What, Vec<Cell>)> {
    let confusion = &total.confusion;
    let line = |truth: What| {
        let all = confusion.true_for(truth).as_secs_f64().max(1e-3);
        let cell = |told: &What| {
            let length = confusion.at(truth, *told);
            let share = length.as_secs_f64() / all;
            Cell {
                text: if length.is_zero() { "·".to_owned() } else { seconds(length) },
                right: truth.allows(*told),
                strength: (share.sqrt() * 70.0).round() as u32,
            }
        };
        (truth, columns.iter().map(cell).collect())
    };
    confusion.rows().into_iter().map(line).collect()
}

fn point(bin: &Bin) -> Point {
    let at = |share: f64| share * CURVE_SIDE;
    Point {
        x: format!("{:.1}", at(bin.mean_confidence)),
        y: format!("{:.1}", at(1.0 - bin.share_true)),
        radius: format!("{:.1}", (3.0 + (bin.intervals as f64).sqrt() * 1.5).min(14.0)),
        title: format!(
            "{} intervals, mean confidence {:.2}, {:.0} % true",
            bin.intervals,
            bin.mean_confidence,
            bin.share_true * 100.0
        ),
    }
}

fn groups(fairness: &crate::score::Fairness) -> Groups {
    let show = |measure: Measure, value: f64| {
        if measure.is_share() { percent(value) } else { format!("{value:.1}") }
    };
    let row = |group: &crate::score::Group| Row {
        name: group.name.clone(),
        cells: vec![
            group.recordings.to_string(),
            format!("{:.1}", group.footage_s),
            or_dash(group.in_view_missed.map(percent)),
            or_dash(group.absence_missed.map(percent)),
            or_dash(group.false_alarms_per_hour.map(|rate| format!("{rate:.1}"))),
        ],
    };
    let gap = |gap: &crate::score::Gap| {
        let sure = match gap.between {
            Some([low, high]) => {
                format!("95 % of draws: {} to {}", show(gap.measure, low), show(gap.measure, high))
            }
            None => "too few recordings to say how sure that is".to_owned(),
        };
        format!(
            "{}: largest gap {}, {} against {} ({sure})",
            gap.measure.description(),
            show(gap.measure, gap.size),
            gap.worst,
            gap.best
        )
    };
    Groups {
        by: fairness.by.clone(),
        rows: fairness.groups.iter().map(row).collect(),
        gaps: fairness.gaps.iter().map(gap).collect(),
    }
}

fn mistake_rows(evaluation: &Evaluation, shots: &[Vec<Shot>]) -> Vec<MistakeRow> {
    let recordings = &evaluation.recordings;
    let number = |of: &Evaluated| recordings.iter().position(|it| std::ptr::eq(it, of));
    let row = |(recording, mistake): (&Evaluated, &crate::score::Mistake)| {
        let clip = number(recording).unwrap_or_default();
        let by = mistake.by.filter(|_| mistake.wrong == Wrong::Edges);
        let shot = shots.get(clip).and_then(|shots| {
            shots.iter().find(|shot| shot.wrong && shot.picture.at == mistake.at())
        });
        MistakeRow {
            clip,
            recording: recording.recording.clone(),
            what: mistake.wrong.description().to_owned(),
            kind: mistake.kind,
            from: mistake.span.start.to_string(),
            to: mistake.span.end.to_string(),
            cost: seconds(mistake.cost),
            told: by.map(|by| format!("told {} to {}", by.start, by.end)).unwrap_or_default(),
            picture: shot.map(|shot| shot.picture.clone()),
        }
    };
    all_mistakes(recordings).into_iter().take(MOST_MISTAKES).map(row).collect()
}

fn card(number: usize, clip: &Clip, shots: Vec<Shot>) -> Card {
    let (document, figures) = (&clip.document, clip.evaluated.figures());
    let camera = &document.camera;
    let mut facts = vec![
        length(figures.footage),
        format!("{}x{} {} in {}", camera.width, camera.height, camera.codec, camera.container),
        format!("{} of {} found", figures.all.found, figures.all.truths),
        match figures.all.false_alarms {
            1 => "1 false alarm".to_owned(),
            count => format!("{count} false alarms"),
        },
        format!("{} of seconds wrong", or_dash(wrong_share(&figures).map(percent))),
    ];
    facts.extend(clip.evaluated.speed.map(|it| format!("{:.1}x real time", it.times_real_time)));
    Card {
        number,
        name: document.recording.clone(),
        facts,
        tags: clip.evaluated.conditions.clone(),
        perfect: clip.evaluated.mistakes.is_empty(),
        timeline: layout(&clip.truth, &reports(document), &clip.trace, &document.policy),
        shots,
    }
}

/// Pictures at each mistake, and inside both ends of each truth interval.
fn shots(clip: &Clip) -> Vec<Shot> {
    let mut wanted: Vec<(MediaTime, String, bool)> = Vec::new();
    for mistake in &clip.evaluated.mistakes {
        let what = format!("{}: {}", mistake.wrong.description(), mistake.kind.description());
        wanted.push((mistake.at(), what, true));
    }
    for truth in &clip.evaluated.score.truths {
        let kind = truth.kind.description();
        wanted.push((truth.span.start + INSIDE, format!("{kind} begins"), false));
        let after = (truth.span.end + INSIDE).min(clip.truth.end());
        wanted.push((after, format!("{kind} is over"), false));
    }
    wanted.truncate(MOST_PICTURES);
    wanted.sort_by_key(|(at, ..)| *at);
    let times: Vec<MediaTime> = wanted.iter().map(|(at, ..)| *at).collect();
    let Ok(mut source) = file::open_with(&clip.path, &file::Options::from_env()) else {
        return Vec::new();
    };
    let pictures = pictures::take(&mut *source, &times);
    let shot = |(picture, (_, caption, wrong)): (Picture, (MediaTime, String, bool))| Shot {
        picture,
        caption,
        wrong,
    };
    pictures.into_iter().zip(wanted).map(shot).collect()
}
