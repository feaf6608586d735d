//! A tuning as text and CSV.

use comfy_table::{CellAlignment, Table, presets};

use super::{Tried, Tuning};
use crate::replay::args::TuneArgs;

fn settings(tried: &Tried) -> String {
    let settings = tried.settings.iter().map(|(name, value)| format!("{name} = {value}"));
    settings.collect::<Vec<_>>().join(", ")
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}

fn row(name: &str, tried: &Tried) -> [String; 7] {
    [
        name.to_owned(),
        format!("{:.1}", tried.false_alarms_per_hour),
        format!("{:.1}", tried.missed_s),
        tried.recall.map_or_else(|| "–".to_owned(), |recall| format!("{:.1} %", recall * 100.0)),
        seconds(tried.edge_median_s),
        seconds(tried.edge_p95_s),
        settings(tried),
    ]
}

/// The curve, and the policy to take.
pub(super) fn text(tuning: &Tuning, args: &TuneArgs) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "",
        "false alarms an hour",
        "missed (s)",
        "recall",
        "edges: median",
        "95 %",
        "settings",
    ]);
    table.add_row(row("base", &tuning.base));
    for tried in &tuning.curve {
        let taken = tried.settings == tuning.chosen.settings;
        table.add_row(row(if taken { "taken" } else { "" }, tried));
    }
    if !tuning.curve.iter().any(|tried| tried.settings == tuning.chosen.settings) {
        table.add_row(row("taken", &tuning.chosen));
    }
    for column in 1..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let left_out = match tuning.impossible {
        0 => String::new(),
        count => format!(" ({count} more are none)"),
    };
    let written = match &args.out {
        Some(path) => format!("written to {}", path.display()),
        None => "--out FILE writes it".to_owned(),
    };
    format!(
        "{} policies{left_out} on {} recordings, looked at in {} ways\n\n{}\n\nTaken: of those with at most {} \
         false alarms an hour, or else with the fewest, the one that misses the fewest\nseconds; {written}\n",
        tuning.tried,
        tuning.recordings,
        tuning.ways,
        lines.join("\n"),
        args.max_false_alarms,
    )
}

/// One line for each policy.
pub(super) fn csv(tuning: &Tuning) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = tuning.chosen.settings.iter().map(|(name, _)| name.as_str());
    let figures = [
        "false_alarms",
        "false_alarms_per_hour",
        "missed_s",
        "recall",
        "edge_median_s",
        "edge_p95_s",
    ];
    writer.write_record(names.chain(figures))?;
    for tried in &tuning.all {
        let number = |value: Option<f64>| value.map(|it| format!("{it:.3}")).unwrap_or_default();
        let values = tried.settings.iter().map(|(_, value)| value.to_string());
        let figures = [
            tried.false_alarms.to_string(),
            format!("{:.3}", tried.false_alarms_per_hour),
            format!("{:.3}", tried.missed_s),
            number(tried.recall),
            number(tried.edge_median_s),
            number(tried.edge_p95_s),
        ];
        writer.write_record(values.chain(figures))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
