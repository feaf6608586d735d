//! A spool on disk.

use std::fs;

use inview::report::{EventData, Hash, SampledCamera, SessionEnded};
use inview::spool::{self, Outbox};
use inview::time::MediaTime;
use inview::trust::{envelope, verify};
use rusqlite::{Connection, Params};
use tempfile::TempDir;

use super::files::{quick_folder, write};
use super::kept::{genuine_export, session_key};
use super::{INCARNATION, SESSION};

/// The files of a spool with three signed reports, the first of them acknowledged: the database, and its
/// head record.
fn genuine_spool() -> [Vec<u8>; 2] {
    let folder = quick_folder();
    let genuine = genuine_export();
    let mut outbox = Outbox::open(folder.path(), SESSION, INCARNATION).unwrap();
    outbox.sign_by(session_key()).unwrap();
    for seq in 1..=3 {
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(seq),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        outbox.append(None, data).unwrap();
    }
    let first = outbox.peek_batch(1, usize::MAX).unwrap().remove(0);
    outbox.acknowledge(first.seq, first.hash).unwrap();
    let receipt = genuine.chains[0].receipt.clone().unwrap();
    outbox.keep_receipt(&receipt, &genuine.server_key.unwrap()).unwrap();
    let path = outbox.path().to_owned();
    drop(outbox);
    [path.clone(), path.with_extension("head")].map(|path| fs::read(path).unwrap())
}

/// A spool as it is found on disk, with one thing in it replaced: what is believed is whole, signed and in
/// order, and goes on. One byte says what is replaced, the rest is put in its place.
pub fn spool(bytes: &[u8]) {
    believes_spool(bytes);
}

/// A genuine spool, and where it is changed: once for all runs.
struct Bench {
    /// Empty but for the spool of this run.
    folder: TempDir,
    database: Vec<u8>,
    head: Vec<u8>,
    /// Another place, whose rows are changed without a log.
    aside: TempDir,
    changing: Connection,
}

impl Bench {
    fn new() -> Self {
        let [database, head] = genuine_spool();
        let (folder, aside) = (quick_folder(), quick_folder());
        let path = aside.path().join("changed");
        write(&path, &without_log(&database));
        let changing = Connection::open(path).unwrap();
        changing.pragma_update(None, "journal_mode", "MEMORY").unwrap();
        changing.pragma_update(None, "synchronous", "OFF").unwrap();
        Self { folder, database, head, aside, changing }
    }

    /// The database after a change of its rows.
    fn changed(&self, sql: &str, values: impl Params) -> Vec<u8> {
        let path = self.aside.path().join("changed");
        // The connection sees by the counter in it that it is another file.
        write(&path, &without_log(&self.database));
        self.changing.execute(sql, values).unwrap();
        with_log(fs::read(path).unwrap())
    }

    /// Puts a spool into the folder, and nothing else.
    fn lay_out(&self, database: &[u8], head: &[u8], log: Option<&[u8]>) {
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let path = self.folder.path().join(format!("{SESSION}.spool"));
        write(&path, database);
        write(&path.with_extension("head"), head);
        if let Some(log) = log {
            write(&path.with_extension("spool-wal"), log);
        }
    }
}

/// The bytes of the header that say whether changes go to a log first.
const HAS_LOG: std::ops::Range<usize> = 18..20;

fn without_log(database: &[u8]) -> Vec<u8> {
    let mut database = database.to_owned();
    database[HAS_LOG].fill(1);
    database
}

fn with_log(mut database: Vec<u8>) -> Vec<u8> {
    database[HAS_LOG].fill(2);
    database
}

/// Whether it is believed.
pub fn believes_spool(bytes: &[u8]) -> bool {
    thread_local! {
        static BENCH: Bench = Bench::new();
    }
    let Some((which, rest)) = bytes.split_first() else { return false };
    BENCH.with(|bench| believes(bench, which % 11, rest))
}

fn believes(bench: &Bench, which: u8, rest: &[u8]) -> bool {
    let row = |column: &str| {
        let sql = format!("UPDATE event SET {column} = ?1 WHERE seq = 2");
        bench.lay_out(&bench.changed(&sql, [rest]), &bench.head, None);
    };
    let note = |key: &str| {
        let changed = std::str::from_utf8(rest).map_or_else(
            |_not_text| bench.database.clone(),
            |text| {
                let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
                bench.changed(sql, [key, text])
            },
        );
        bench.lay_out(&changed, &bench.head, None);
    };
    match which {
        0 => row("body"),
        1 => row("sig"),
        2 => row("hash"),
        3 => row("prevhash"),
        4 => note("public_key"),
        5 => note("server_key"),
        6 => note(&format!("receipt-{INCARNATION}")),
        7 => note("damage"),
        8 => bench.lay_out(&bench.database, rest, None),
        9 => bench.lay_out(rest, &bench.head, None),
        _ => bench.lay_out(&bench.database, &bench.head, Some(rest)),
    }
    let folder = &bench.folder;
    spool::unsent(folder.path());
    let Ok(mut outbox) = Outbox::open(folder.path(), SESSION, INCARNATION) else { return false };
    if outbox.damage().is_some() {
        return false;
    }
    let mut before = None;
    for stored in outbox.peek_batch(9, usize::MAX).unwrap() {
        let (body, _) = envelope::open(&stored.body);
        assert_eq!(stored.hash, Hash::of(&body));
        assert!(before.is_none_or(|before| before + 1 == stored.seq), "{before:?}");
        before = Some(stored.seq);
    }
    outbox.go_on().unwrap();
    let copy = spool::export(folder.path(), SESSION);
    // What the server vouches for, and by which key, is checked by whoever reads the copy.
    if which < 5 {
        let copy = copy.unwrap().unwrap();
        verify::verify(&copy, Some(&session_key().public())).unwrap();
        assert_eq!(copy.chains, genuine_export().chains);
    }
    true
}
