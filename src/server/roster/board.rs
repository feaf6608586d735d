//! The latest row of each session, by the version at which it changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::row::Html;
use super::viewer::Viewer;
use crate::report::{ExamId, SessionId};
use crate::server::store::Tenant;

/// Rows that are kept; whoever was away for longer than these reach back reads everything again.
const MOST: usize = 4_096;

/// One session as it is shown.
#[derive(Debug, PartialEq)]
pub(in crate::server) struct Row {
    pub(in crate::server) tenant: Tenant,
    pub(in crate::server) session: SessionId,
    /// The exam that it belongs to: whoever does not reach that does not see it.
    pub(in crate::server) exam: Option<ExamId>,
    /// Grows with what is said of the session and does not show in its row: its page shows it.
    pub(in crate::server) revision: u64,
    pub(in crate::server) json: String,
    pub(in crate::server) html: Html,
}

/// A place in the board: the run of the server with the mark of who reads, and the version that was read
/// last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Place {
    pub(in crate::server) run: String,
    pub(in crate::server) version: u64,
}

impl Place {
    /// `<run><mark>-<version>`.
    pub(in crate::server) fn read(text: &str) -> Option<Self> {
        let (run, version) = text.trim().rsplit_once('-')?;
        Some(Self { run: run.to_owned(), version: version.parse().ok()? })
    }
}

/// What comes after a place.
#[derive(Debug, PartialEq)]
pub(in crate::server) enum After {
    /// Rows with their versions, and where to go on.
    Rows(Vec<(u64, Arc<Row>)>, u64),
    /// Something is missing: everything is to be read again, and from this version on.
    Reset(u64),
}

/// What readers are woken by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::server) struct Told {
    version: u64,
    pub(in crate::server) is_closed: bool,
}

#[derive(Debug)]
pub(in crate::server) struct Board {
    run: String,
    rows: Mutex<Rows>,
    told: watch::Sender<Told>,
}

#[derive(Debug, Default)]
struct Rows {
    version: u64,
    /// Of this version and those before it, rows may be missing.
    lost: u64,
    by_version: BTreeMap<u64, Arc<Row>>,
    at: HashMap<(Tenant, SessionId), u64>,
}

impl Board {
    /// `run`: tells the versions of this run of the server from those of others.
    pub(in crate::server) fn new(run: String) -> Self {
        Self { run, rows: Mutex::default(), told: watch::Sender::new(Told::default()) }
    }

    pub(in crate::server) fn id(&self, version: u64, viewer: &Viewer) -> String {
        format!("{}{}-{version}", self.run, viewer.mark())
    }

    pub(in crate::server) fn version(&self) -> u64 {
        self.lock().version
    }

    /// Whether anybody reads.
    pub(in crate::server) fn is_read(&self) -> bool {
        self.told.receiver_count() > 0
    }

    pub(in crate::server) fn reader(&self) -> watch::Receiver<Told> {
        self.told.subscribe()
    }

    /// Puts rows in place of those that were there of the same sessions.
    pub(in crate::server) fn put(&self, rows: Vec<Row>) {
        let mut board = self.lock();
        for row in rows {
            board.put(row);
        }
        self.tell(board.version);
    }

    /// More has changed than can be told.
    pub(in crate::server) fn reset(&self) {
        let mut board = self.lock();
        board.version += 1;
        board.lost = board.version;
        board.by_version.clear();
        board.at.clear();
        self.tell(board.version);
    }

    fn tell(&self, version: u64) {
        self.told.send_if_modified(|told| {
            let is_new = told.version != version;
            told.version = version;
            is_new
        });
    }

    /// The server stops: whoever reads is let go.
    pub(in crate::server) fn close(&self) {
        self.told.send_modify(|told| told.is_closed = true);
    }

    /// Where a reader goes on; `None` when its place is of another run, or saw other exams.
    pub(in crate::server) fn find(&self, place: &Place, viewer: &Viewer) -> Option<u64> {
        let run = format!("{}{}", self.run, viewer.mark());
        let is_here = place.run == run && place.version <= self.version();
        is_here.then_some(place.version)
    }

    /// At most so many rows behind a version, of those that somebody sees.
    pub(in crate::server) fn after(&self, viewer: &Viewer, version: u64, most: usize) -> After {
        let board = self.lock();
        if version < board.lost {
            return After::Reset(board.version);
        }
        let rows = board.by_version.range(version + 1..);
        let rows = rows.filter(|(_, row)| viewer.sees(row)).take(most);
        let rows: Vec<_> = rows.map(|(version, row)| (*version, Arc::clone(row))).collect();
        let next = match rows.last() {
            Some((last, _)) if rows.len() == most => *last,
            Some(_) | None => board.version,
        };
        After::Rows(rows, next)
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        // Nothing in here stops halfway.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn put(&mut self, row: Row) {
        let of = (row.tenant.clone(), row.session);
        if let Some(before) = self.at.get(&of) {
            if self.by_version.get(before).is_some_and(|before| **before == row) {
                return;
            }
            self.by_version.remove(before);
        }
        self.version += 1;
        self.at.insert(of, self.version);
        self.by_version.insert(self.version, Arc::new(row));
        if self.by_version.len() > MOST
            && let Some((version, row)) = self.by_version.pop_first()
        {
            self.lost = version;
            self.at.remove(&(row.tenant.clone(), row.session));
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::report::SessionStatus;
    use crate::server::roster::standing::tests::facts;

    fn row(session: u128, json: &str) -> Row {
        Row {
            tenant: Tenant::local(),
            session: SessionId(uuid::Uuid::from_u128(session)),
            exam: None,
            revision: 0,
            json: json.to_owned(),
            html: Html::new(facts(SessionStatus::Running, 0, Vec::new()), Timestamp::UNIX_EPOCH),
        }
    }

    fn all() -> Viewer {
        Viewer::new(Tenant::local(), None)
    }

    fn of_exam(number: u128) -> (ExamId, Viewer) {
        let exam = ExamId(uuid::Uuid::from_u128(number));
        (exam, Viewer::new(Tenant::local(), Some([exam].into())))
    }

    fn read(board: &Board, version: u64, most: usize) -> (Vec<String>, u64) {
        read_as(&all(), board, version, most)
    }

    fn read_as(viewer: &Viewer, board: &Board, version: u64, most: usize) -> (Vec<String>, u64) {
        match board.after(viewer, version, most) {
            After::Rows(rows, next) => {
                (rows.into_iter().map(|(_, row)| row.json.clone()).collect(), next)
            }
            After::Reset(version) => (vec!["reset".to_owned()], version),
        }
    }

    #[test]
    fn a_reader_finds_the_latest_row_of_each_session_once() {
        let board = Board::new("run".to_owned());
        board.put(vec![row(1, "a"), row(2, "b"), row(1, "c")]);
        assert_eq!(read(&board, 0, 9), (vec!["b".to_owned(), "c".to_owned()], 3));
        assert_eq!(read(&board, 0, 1), (vec!["b".to_owned()], 2));
        assert_eq!(read(&board, 2, 9), (vec!["c".to_owned()], 3));
        // What is the same is no change.
        board.put(vec![row(1, "c")]);
        assert_eq!(read(&board, 3, 9), (vec![], 3));
    }

    #[test]
    fn tenants_find_their_own_rows_and_their_places_move_on() {
        let board = Board::new("run".to_owned());
        board.put(vec![Row { tenant: Tenant::new("b"), ..row(1, "theirs") }, row(2, "ours")]);
        assert_eq!(read(&board, 0, 9), (vec!["ours".to_owned()], 2));
        let theirs = board.after(&Viewer::new(Tenant::new("b"), None), 1, 9);
        assert_eq!(theirs, After::Rows(Vec::new(), 2));
    }

    #[test]
    fn rows_of_other_exams_and_of_none_are_not_there_for_those_who_have_to_do_with_one() {
        let board = Board::new("run".to_owned());
        let ((one, viewer), (other, _)) = (of_exam(1), of_exam(2));
        board.put(vec![
            Row { exam: Some(one), ..row(1, "own") },
            Row { exam: Some(other), ..row(2, "foreign") },
            row(3, "of no exam"),
        ]);
        assert_eq!(read_as(&viewer, &board, 0, 9), (vec!["own".to_owned()], 3));
        assert_eq!(read(&board, 0, 9).0.len(), 3);
        assert!(read_as(&Viewer::new(Tenant::local(), Some([].into())), &board, 0, 9).0.is_empty());
    }

    #[test]
    fn a_place_of_somebody_who_saw_other_exams_is_none() {
        let board = Board::new("run".to_owned());
        let ((_, viewer), (_, other)) = (of_exam(1), of_exam(2));
        let place = Place::read(&board.id(0, &viewer)).unwrap();
        assert_eq!(board.find(&place, &viewer), Some(0));
        assert_eq!((board.find(&place, &other), board.find(&place, &all())), (None, None));
    }

    #[test]
    fn a_place_that_lies_too_far_back_or_in_another_run_is_reset() {
        let board = Board::new("run".to_owned());
        for number in 0..=MOST as u128 {
            board.put(vec![row(number, "x")]);
        }
        assert_eq!(read(&board, 0, 9), (vec!["reset".to_owned()], MOST as u64 + 1));
        assert_eq!(read(&board, 1, 1).0, ["x"]);
        board.reset();
        assert_eq!(read(&board, MOST as u64, 9).0, ["reset"]);
        let place = |text| board.find(&Place::read(text).unwrap(), &all());
        assert_eq!((place("run-7"), place("other-7")), (Some(7), None));
        assert_eq!(place("run-99999"), None);
        assert_eq!(Place::read("rubbish"), None);
    }
}
