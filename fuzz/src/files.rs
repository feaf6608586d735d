//! Files for readers that take nothing else.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// In memory where there is such a folder.
pub(super) fn quick_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.unwrap()
}

pub(super) fn write(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// A file with these bytes, which is another one's in the next run.
pub(super) fn with_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    thread_local! {
        static FOLDER: tempfile::TempDir = quick_folder();
    }
    FOLDER.with(|folder| {
        let path = folder.path().join("file");
        write(&path, bytes);
        read(&path)
    })
}
