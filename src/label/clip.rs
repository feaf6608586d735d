//! The recording that is labelled, and the file with its truth.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::document::Content;
use super::truth_file::{TruthFile, TruthFileError};
use crate::capture::CaptureError;
use crate::replay::evaluate::{Labels, LabelsError};
use crate::replay::recordings::{self, Recording};
use crate::score::Form;

/// A recording and where its truth is written.
#[derive(Clone, Debug)]
pub struct Clip {
    pub path: PathBuf,
    pub name: String,
    pub truth_path: PathBuf,
}

/// What is known of its truth already.
#[derive(Clone, Debug)]
pub struct Known {
    pub file: TruthFile,
    pub content: Content,
    /// Labels of another program, to be laid over the recording once its length is known.
    pub foreign: Option<Labels>,
}

/// Why a recording cannot be labelled, or its truth not be saved.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    #[error("{0}: {1}")]
    Recording(String, CaptureError),
    #[error("{0} holds more than one recording: name one of them")]
    Several(String),
    #[error(transparent)]
    Labels(#[from] LabelsError),
    #[error("{0}: {1}")]
    Truth(String, TruthFileError),
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
}

impl Clip {
    /// Finds the recording, and the truth that there is of it: in `out`, or where `inview-replay evaluate`
    /// would find it, beside the recording or in the folder `labels`.
    pub fn find(
        path: &Path,
        out: Option<&Path>,
        labels: Option<&Path>,
    ) -> Result<(Self, Known), ClipError> {
        let named = |path: &Path| path.display().to_string();
        let mut found = recordings::find(&[path.to_owned()]);
        if found.len() > 1 {
            return Err(ClipError::Several(named(path)));
        }
        let Some(recording) = found.pop() else { return Err(ClipError::Several(named(path))) };
        if let Some(fault) = recording.fault {
            return Err(ClipError::Recording(named(path), fault));
        }
        let mut known =
            Known { file: TruthFile::default(), content: Content::default(), foreign: None };
        let truth_path = match out {
            Some(out) => {
                if out.exists() {
                    let text = fs::read_to_string(out);
                    let text = text.map_err(|error| ClipError::Io(named(out), error))?;
                    known.read(&text, out)?;
                }
                out.to_owned()
            }
            None => known.find(&recording, labels)?,
        };
        Ok((Self { path: recording.path, name: recording.name, truth_path }, known))
    }

    /// The name of the file that is written.
    pub fn truth_name(&self) -> String {
        let name = self.truth_path.file_name().unwrap_or(self.truth_path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Writes the truth: all of it or, when that fails, nothing.
    pub fn write(&self, text: &str) -> Result<(), ClipError> {
        let error = |error| ClipError::Io(self.truth_path.display().to_string(), error);
        let parent = self.truth_path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".inview-label-");
        #[cfg(unix)]
        let builder = {
            use std::os::unix::fs::PermissionsExt as _;
            let old = fs::metadata(&self.truth_path).map(|file| file.permissions());
            // Less what the system takes away: a truth file is for the team.
            builder.permissions(old.unwrap_or_else(|_| fs::Permissions::from_mode(0o666)))
        };
        let file = builder.tempfile_in(parent.unwrap_or(Path::new(".")));
        let mut file = file.map_err(error)?;
        file.write_all(text.as_bytes()).map_err(error)?;
        file.as_file().sync_all().map_err(error)?;
        file.persist(&self.truth_path).map_err(|failed| error(failed.error))?;
        Ok(())
    }
}

impl Known {
    fn read(&mut self, text: &str, path: &Path) -> Result<(), ClipError> {
        let read = TruthFile::parse(text);
        (self.file, self.content) =
            read.map_err(|error| ClipError::Truth(path.display().to_string(), error))?;
        Ok(())
    }

    fn find(&mut self, recording: &Recording, folder: Option<&Path>) -> Result<PathBuf, ClipError> {
        let place = Labels::place(recording, folder);
        let labels = match Labels::of(recording, folder) {
            Ok(labels) => labels,
            Err(LabelsError::Absent(_)) => return Ok(place),
            Err(error @ (LabelsError::Read { .. } | LabelsError::Wrong { .. })) => {
                return Err(error.into());
            }
        };
        match labels.form() {
            Form::Labels => {
                self.read(labels.text(), &labels.path)?;
                Ok(labels.path)
            }
            Form::Csv | Form::LabelStudio | Form::Xml => {
                labels.fault().map_or(Ok(()), Err)?;
                self.foreign = Some(labels);
                Ok(place)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::File::create(folder.path().join(name)).unwrap().write_all(text.as_bytes()).unwrap();
        }
        folder
    }

    const TRUTH: &str = r#"{"format": "presence-labels/1", "intervals":
        [{"start": 0, "end": 5, "state": "out_of_view", "people": 0}]}"#;

    #[test]
    fn truth_is_read_and_written_where_evaluate_finds_it() {
        for (there, expected, marks) in [
            (&[][..], "a.labels.json", 0),
            (&[("a.mp4.labels.json", TRUTH)], "a.mp4.labels.json", 1),
            (&[("a.labels.json", TRUTH)], "a.labels.json", 1),
        ] {
            let folder = folder(&[&[("a.mp4", "")], there].concat());
            let (clip, known) = Clip::find(&folder.path().join("a.mp4"), None, None).unwrap();
            assert_eq!(clip.truth_name(), expected);
            assert_eq!(known.content.intervals.len(), marks);
            clip.write("text").unwrap();
            let written = fs::read_to_string(folder.path().join(expected)).unwrap();
            assert_eq!(written, "text");
            let files = fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(files, 2, "nothing else is left behind");
        }
    }

    #[test]
    fn labels_of_other_programs_wait_for_the_length_of_the_recording() {
        let folder = folder(&[("a.mp4", ""), ("a.csv", "start,end,state\n1,2,out_of_view\n")]);
        let (clip, known) = Clip::find(&folder.path().join("a.mp4"), None, None).unwrap();
        assert_eq!(clip.truth_name(), "a.labels.json");
        assert!(known.foreign.is_some());
    }

    #[test]
    fn a_truth_file_that_is_wrong_is_refused_and_not_written_over() {
        let folder = folder(&[("a.mp4", ""), ("a.labels.json", "{}"), ("b.csv", "start\n")]);
        let clip = folder.path().join("a.mp4");
        let error = Clip::find(&clip, None, None).unwrap_err().to_string();
        assert!(error.ends_with("line 1, column 2: missing field `format`"), "{error}");
        let (clip, _) = Clip::find(&clip, Some(&folder.path().join("new.json")), None).unwrap();
        assert_eq!(clip.truth_name(), "new.json");
    }

    #[test]
    fn one_recording_is_labelled_at_a_time() {
        let folder = folder(&[("a.mp4", ""), ("b.mp4", "")]);
        let error = Clip::find(folder.path(), None, None).unwrap_err();
        assert!(matches!(error, ClipError::Several(_)), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_not_read_stays_so() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder(&[("a.mp4", ""), ("a.labels.json", TRUTH)]);
        let path = folder.path().join("a.labels.json");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let (clip, _) = Clip::find(&folder.path().join("a.mp4"), None, None).unwrap();
        clip.write(TRUTH).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
