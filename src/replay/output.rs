//! Documents as text, JSON, JSON lines and CSV.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::{Document, Failure, RecordedInterval, Status};
use crate::report::{Family, Kind};
use crate::time::MediaTime;

/// How documents are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table that a person reads.
    #[default]
    Text,
    /// One object for one recording, a list for several.
    Json,
    /// One object a line for each recording.
    Jsonl,
    /// One line for each interval.
    Csv,
}

/// What became of one recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    Done(Box<Document>),
    Failed(Failure),
}

/// Writes outcomes as they come, in the form that was asked for.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    format: Format,
    single: bool,
    written: usize,
    totals: Totals,
}

#[derive(Debug, Default)]
struct Totals {
    recordings: usize,
    failed: usize,
    seconds: f64,
    intervals: Vec<RecordedInterval>,
}

impl<W: Write> Writer<W> {
    /// `single`: JSON is one object instead of a list.
    pub fn new(out: W, format: Format, single: bool) -> Self {
        Self { out, format, single, written: 0, totals: Totals::default() }
    }

    pub fn write(&mut self, outcome: &Outcome) -> io::Result<()> {
        match self.format {
            Format::Text => self.write_text(outcome)?,
            Format::Json => self.write_json(outcome)?,
            Format::Jsonl => {
                serde_json::to_writer(&mut self.out, outcome)?;
                writeln!(self.out)?;
            }
            Format::Csv => self.write_csv(outcome)?,
        }
        self.written += 1;
        self.out.flush()
    }

    /// Ends the list, or sums up.
    pub fn finish(mut self) -> io::Result<W> {
        match self.format {
            Format::Json if !self.single && self.written == 0 => writeln!(self.out, "[]")?,
            Format::Json if !self.single => writeln!(self.out, "\n]")?,
            Format::Text => writeln!(self.out, "{}", self.totals.in_words())?,
            Format::Csv if self.written == 0 => self.write_csv_header()?,
            Format::Json | Format::Jsonl | Format::Csv => {}
        }
        self.out.flush()?;
        Ok(self.out)
    }

    fn write_json(&mut self, outcome: &Outcome) -> io::Result<()> {
        if self.single {
            serde_json::to_writer_pretty(&mut self.out, outcome)?;
            return writeln!(self.out);
        }
        write!(self.out, "{}", if self.written == 0 { "[\n" } else { ",\n" })?;
        serde_json::to_writer_pretty(&mut self.out, outcome)?;
        Ok(())
    }

    fn write_csv_header(&mut self) -> io::Result<()> {
        writeln!(
            self.out,
            "recording,kind,start_s,end_s,length_s,confidence,closed_by,warned,alerted,id"
        )
    }

    fn write_csv(&mut self, outcome: &Outcome) -> io::Result<()> {
        if self.written == 0 {
            self.write_csv_header()?;
        }
        let Outcome::Done(document) = outcome else { return Ok(()) };
        let mut csv = csv::Writer::from_writer(&mut self.out);
        for interval in &document.intervals {
            csv.write_record([
                document.recording.as_str(),
                interval.kind.as_str(),
                &format!("{:.3}", interval.start_s),
                &format!("{:.3}", interval.end_s),
                &format!("{:.3}", length_s(interval)),
                &format!("{:.3}", interval.confidence),
                interval.closed_by.as_str(),
                &interval.warned.to_string(),
                &interval.alerted.to_string(),
                &interval.id.to_string(),
            ])?;
        }
        csv.flush()
    }

    fn write_text(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.totals.add(outcome);
        match outcome {
            Outcome::Done(document) => write!(self.out, "{}", text(document)),
            Outcome::Failed(failure) => {
                writeln!(
                    self.out,
                    "{}\n  could not be replayed: {}\n",
                    failure.recording, failure.error
                )
            }
        }
    }
}

fn length_s(interval: &RecordedInterval) -> f64 {
    MediaTime::from_secs_f64(interval.end_s - interval.start_s).as_secs_f64()
}

fn clock(seconds: f64) -> String {
    MediaTime::from_secs_f64(seconds).to_string()
}

fn text(document: &Document) -> String {
    let camera = &document.camera;
    let mut lines = vec![format!(
        "{}   {}   {}x{} {} in {}   {} of {} frames looked at",
        document.recording,
        clock(document.duration_s),
        camera.width,
        camera.height,
        camera.codec,
        camera.container,
        document.sampled,
        document.frames,
    )];
    match &document.status {
        Status::Complete => {}
        Status::Truncated(reason) => {
            lines.push(format!("TRUNCATED: {reason}; what could be read is reported"));
        }
        Status::Incomplete => lines.push("INCOMPLETE: stopped before its end".to_owned()),
    }
    if camera.unusable_frames > 0 {
        lines.push(format!("{} frames could not be decoded", camera.unusable_frames));
    }
    if document.intervals.is_empty() {
        lines.push("nothing to report".to_owned());
    } else {
        let table = table(&document.intervals);
        lines.extend(table.lines().map(|line| line.trim_end().to_owned()));
    }
    lines.join("\n  ") + "\n\n"
}

fn table(intervals: &[RecordedInterval]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["what", "from", "to", "seconds", "confidence", "ended by", ""]);
    for interval in intervals {
        table.add_row([
            interval.kind.description().to_owned(),
            clock(interval.start_s),
            clock(interval.end_s),
            format!("{:.1}", length_s(interval)),
            format!("{:.2}", interval.confidence),
            interval.closed_by.as_str().replace('_', " "),
            if interval.alerted {
                "alert".to_owned()
            } else if interval.warned {
                "warning".to_owned()
            } else {
                String::new()
            },
        ]);
    }
    for column in 1..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.recordings += 1;
        match outcome {
            Outcome::Done(document) => {
                self.seconds += document.duration_s;
                self.intervals.extend(document.intervals.iter().cloned());
            }
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    /// One line: what was replayed and what was found in it.
    fn in_words(&self) -> String {
        let plural = |count: usize, word: &str| {
            format!("{count} {word}{}", if count == 1 { "" } else { "s" })
        };
        let mut found = plural(self.intervals.len(), "interval");
        let by_kind: Vec<String> = Kind::ALL
            .iter()
            .filter_map(|kind| {
                let of_kind: Vec<_> = self.intervals.iter().filter(|i| i.kind == *kind).collect();
                let seconds: f64 = of_kind.iter().map(|i| length_s(i)).sum();
                (!of_kind.is_empty())
                    .then(|| format!("{} {} ({seconds:.1} s)", of_kind.len(), kind.description()))
            })
            .collect();
        if !by_kind.is_empty() {
            found = format!("{found}: {}", by_kind.join(", "));
        }
        let mut words = vec![found];
        let alerts = self.intervals.iter().filter(|interval| interval.alerted).count();
        words.push(plural(alerts, "alert"));
        let blind = self.intervals.iter().filter(|i| i.family == Family::CouldNotLook).count();
        if blind > 0 {
            words.push(format!("{} in which the camera could not look", plural(blind, "time")));
        }
        if self.failed > 0 {
            words.push(format!("{} could not be replayed", plural(self.failed, "recording")));
        }
        let (recordings, length) = (plural(self.recordings, "recording"), clock(self.seconds));
        format!("{recordings}, {length}: {}", words.join("; "))
    }
}
