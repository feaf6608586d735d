//! Which recordings the given paths mean.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::capture::CaptureError;
use crate::report::Hash;

/// In a folder, files with these endings are recordings. A file that is named itself is always one.
const VIDEO_ENDINGS: [&str; 18] = [
    "3gp", "asf", "avi", "flv", "h264", "m4v", "mjpeg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts",
    "mxf", "ogv", "ts", "webm", "wmv",
];
const IMAGE_ENDINGS: [&str; 4] = ["bmp", "jpeg", "jpg", "png"];

/// A path that was given, and what it means.
#[derive(Debug)]
pub struct Recording {
    pub path: PathBuf,
    /// Without folders; unique enough for a person.
    pub name: String,
    /// Why it cannot even be tried.
    pub fault: Option<CaptureError>,
}

impl Recording {
    /// One recording, whatever it is.
    pub fn at(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self { path, name, fault: None }
    }
}

/// Files stand for themselves; a folder of images is one recording; any other folder stands for
/// the recordings in it and in its folders, by name.
pub fn find(paths: &[PathBuf]) -> Vec<Recording> {
    let mut found = Vec::new();
    for path in paths {
        match find_in(path) {
            Ok(within) if within.is_empty() => {
                let fault = Some(CaptureError::NoRecordings);
                found.push(Recording { fault, ..Recording::at(path.clone()) });
            }
            Ok(within) => found.extend(within.into_iter().map(Recording::at)),
            Err(error) => {
                let fault = Some(error.into());
                found.push(Recording { fault, ..Recording::at(path.clone()) });
            }
        }
    }
    found
}

/// Whether the paths name one recording and no more: one document is printed instead of a list.
pub fn is_single(paths: &[PathBuf]) -> bool {
    match paths {
        [path] => !path.is_dir() || find_in(path).is_ok_and(|within| within == [path.clone()]),
        _ => false,
    }
}

fn find_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    let is_file_ending = |entry: &PathBuf, endings: &[&str]| {
        let ending = entry.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        entry.is_file() && ending.is_some_and(|ending| endings.contains(&&*ending))
    };
    let mut found = Vec::new();
    for entry in &entries {
        if is_file_ending(entry, &VIDEO_ENDINGS) {
            found.push(entry.clone());
        } else if entry.is_dir() {
            found.extend(find_in(entry)?);
        }
    }
    if found.is_empty() && entries.iter().any(|entry| is_file_ending(entry, &IMAGE_ENDINGS)) {
        found.push(path.to_owned());
    }
    Ok(found)
}

/// SHA-256 of a file's bytes; of a folder of images: of the names and hashes of its files, by name.
pub fn sha256(path: &Path) -> Result<Hash, CaptureError> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(sha256_of_file(path)?);
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    let mut hasher = Sha256::new();
    for entry in entries.iter().filter(|entry| entry.is_file()) {
        hasher.update(entry.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.update([0]);
        hasher.update(sha256_of_file(entry)?.as_bytes());
    }
    Ok(Hash::from_bytes(hasher.finalize().into()))
}

fn sha256_of_file(path: &Path) -> io::Result<Hash> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(Hash::from_bytes(hasher.finalize().into()));
        }
        hasher.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap();
        }
        folder
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        find(&[folder.path().to_owned()]).into_iter().map(|recording| recording.name).collect()
    }

    #[test]
    fn a_folder_stands_for_the_videos_in_it_and_below() {
        let folder = folder(&["b.mp4", "a.WEBM", "notes.txt", "more/c.avi", "thumb.png"]);
        assert_eq!(names(&folder), ["a.WEBM", "b.mp4", "c.avi"]);
        assert!(!is_single(&[folder.path().to_owned()]));
    }

    #[test]
    fn a_folder_of_images_is_one_recording() {
        let folder = folder(&["0001.jpg", "0002.jpg"]);
        let found = find(&[folder.path().to_owned()]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, folder.path());
        assert!(is_single(&[folder.path().to_owned()]));
    }

    #[test]
    fn an_empty_folder_and_a_missing_file_are_faults_of_their_own() {
        let empty = folder(&[]);
        let missing = empty.path().join("nothing.mp4");
        let found = find(&[empty.path().to_owned(), missing]);
        assert!(matches!(found[0].fault, Some(CaptureError::NoRecordings)), "{found:?}");
        assert!(matches!(found[1].fault, Some(CaptureError::NotFound)), "{found:?}");
    }

    #[test]
    fn the_hash_of_a_folder_depends_on_names_and_bytes() {
        let one = folder(&["1.jpg", "2.jpg"]);
        let other = folder(&["1.jpg", "3.jpg"]);
        assert_ne!(sha256(one.path()).unwrap(), sha256(other.path()).unwrap());
        assert_eq!(sha256(&one.path().join("1.jpg")).unwrap(), Hash::of(b""));
    }
}
