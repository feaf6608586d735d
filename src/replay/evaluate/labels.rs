//! Where the truth of a recording stands, and the conditions it was made under.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::replay::recordings::Recording;
use crate::score::{Form, Truth, TruthError, import};
use crate::time::MediaTime;

/// Endings of truth files, in place of the recording's or behind it; the first that is there is read.
const ENDINGS: [(&str, Form); 7] = [
    ("labels.json", Form::Labels),
    ("labels.csv", Form::Csv),
    ("label-studio.json", Form::LabelStudio),
    ("labels.xml", Form::Xml),
    ("csv", Form::Csv),
    ("xml", Form::Xml),
    ("eaf", Form::Xml),
];

/// Labels of a recording, as they were read.
#[derive(Clone, Debug)]
pub struct Labels {
    pub path: PathBuf,
    form: Form,
    text: String,
}

/// Why a recording cannot be evaluated. Prints as one line.
#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    #[error("no truth file beside it: {0}, or another one that docs/EVALUATION.md names")]
    Absent(String),
    #[error("{path}: {reason}")]
    Read { path: String, reason: std::io::Error },
    #[error("{path}: {reason}")]
    Wrong { path: String, reason: TruthError },
}

impl Labels {
    /// Reads the truth file beside a recording, or in `folder`.
    pub fn of(recording: &Recording, folder: Option<&Path>) -> Result<Self, LabelsError> {
        let beside = beside(recording, folder);
        let behind = |ending: &str| {
            let mut name = beside.clone().into_os_string();
            name.push(".");
            name.push(ending);
            PathBuf::from(name)
        };
        let places = |(ending, form): (&str, Form)| {
            [beside.with_extension(ending), behind(ending)].map(|path| (path, form))
        };
        let found = ENDINGS.into_iter().flat_map(places);
        let mut found = found.filter(|(path, _)| path.is_file() && *path != recording.path);
        if let Some((path, form)) = found.next() {
            let text = fs::read_to_string(&path)
                .map_err(|reason| LabelsError::Read { path: path.display().to_string(), reason })?;
            return Ok(Self { path, form, text });
        }
        let expected = Self::place(recording, folder);
        let name = expected.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Err(LabelsError::Absent(name))
    }

    /// Where a truth file in our own format is looked for first.
    pub fn place(recording: &Recording, folder: Option<&Path>) -> PathBuf {
        beside(recording, folder).with_extension(ENDINGS[0].0)
    }

    pub const fn form(&self) -> Form {
        self.form
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is true of a recording that ends at `end` and has so many frames a second.
    pub fn truth(&self, end: MediaTime, frame_rate: f64) -> Result<Truth, LabelsError> {
        import(self.form, &self.text, end, frame_rate)
            .map_err(|reason| LabelsError::Wrong { path: self.path.display().to_string(), reason })
    }

    /// What is wrong with them, before the recording is known.
    pub fn fault(&self) -> Option<LabelsError> {
        self.truth(MediaTime::from_millis(3_600_000), 30.0).err()
    }
}

/// The recording's name where its truth files are.
fn beside(recording: &Recording, folder: Option<&Path>) -> PathBuf {
    match folder {
        Some(folder) => folder.join(&recording.name),
        None => recording.path.clone(),
    }
}

/// Reads conditions from lines `recording,tag,tag,…`; the first line may be a heading.
pub fn parse_tags(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut cells = line.split(',').map(|cell| cell.trim().trim_matches('"').to_owned());
        if let Some(recording) = cells.next() {
            tags.entry(recording).or_default().extend(cells.filter(|cell| !cell.is_empty()));
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_beside_a_recording_is_found_in_any_form() {
        let folder = tempfile::tempdir().unwrap();
        let recording = |name: &str| Recording {
            path: folder.path().join(name),
            name: name.to_owned(),
            fault: None,
        };
        for name in ["a.mp4", "a.eaf", "a.csv", "b.mp4.labels.json", "c.csv"] {
            fs::File::create(folder.path().join(name)).unwrap();
        }
        let found = |name: &str| {
            let labels = Labels::of(&recording(name), None);
            labels.map(|labels| labels.path.file_name().unwrap().to_owned())
        };
        assert_eq!(found("a.mp4").unwrap(), "a.csv");
        assert_eq!(found("b.mp4").unwrap(), "b.mp4.labels.json");
        let absent = found("d.mp4").unwrap_err().to_string();
        assert!(absent.starts_with("no truth file beside it: d.labels.json,"), "{absent}");
    }

    #[test]
    fn tags_stand_behind_the_recording() {
        let tags = parse_tags("recording,tags\na.mp4, light:dim,glasses:yes\n\na.mp4,noise\n");
        assert_eq!(tags["a.mp4"], ["light:dim", "glasses:yes", "noise"]);
    }
}
