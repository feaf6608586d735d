//! What the candidate chose, kept from one exam to the next: a file in the agent's folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::capture::camera::Remembered;

const FILE: &str = "preferences.json";

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    pub camera: Option<Remembered>,
    /// No sound when the candidate is told.
    pub is_muted: bool,
}

impl Preferences {
    /// What was remembered last; a file that is not there or cannot be read holds nothing.
    pub fn read(folder: &Path) -> Self {
        let Ok(bytes) = fs::read(folder.join(FILE)) else { return Self::default() };
        serde_json::from_slice(&bytes)
            .inspect_err(|error| tracing::warn!(%error, "what was chosen is forgotten"))
            .unwrap_or_default()
    }

    /// Replaces the file as a whole; it is its owner's alone.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        writeln!(file)?;
        file.persist(folder.join(FILE))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_read_again_and_damage_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Preferences::read(folder.path()), Preferences::default());
        let id = serde_json::from_value("C920 [usb-1]".into()).unwrap();
        let camera = Some(Remembered { id, name: "C920".to_owned() });
        let chosen = Preferences { camera, is_muted: true };
        chosen.write(folder.path()).unwrap();
        assert_eq!(Preferences::read(folder.path()), chosen);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::File::create(folder.path().join(FILE)).unwrap().write_all(b"{\"camera\": 7").unwrap();
        assert_eq!(Preferences::read(folder.path()), Preferences::default());
    }
}
