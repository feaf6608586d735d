use std::fs;

use proptest::prelude::*;

use super::*;
use crate::report::{Receipt, SampledCamera, SessionEnded};
use crate::time::MediaTime;
use crate::trust::export::{Link, SignedReceipt};
use crate::trust::signature::Signed;
use crate::trust::verify::verify;

pub(super) fn data(number: i64) -> EventData {
    EventData::SessionEnded(SessionEnded {
        duration_ms: MediaTime::from_millis(number),
        intervals: 0,
        camera: SampledCamera::default(),
        truncated: None,
        ended_by: None,
    })
}

pub(super) fn open(folder: &Path) -> Outbox {
    let session = SessionId::derived(&[b"session"]);
    Outbox::open(folder, session, Incarnation::of_replay(session)).unwrap()
}

fn filled(folder: &Path, count: i64) -> Outbox {
    let mut outbox = open(folder);
    for number in 0..count {
        outbox.append(None, data(number)).unwrap();
    }
    outbox
}

fn waiting(outbox: &Outbox) -> Vec<u64> {
    outbox.peek_batch(1_000, usize::MAX).unwrap().into_iter().map(|event| event.seq).collect()
}

#[test]
fn events_are_numbered_chained_and_given_back_as_they_were_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 3);
    let batch = outbox.peek_batch(10, usize::MAX).unwrap();
    let mut before = Hash::ZERO;
    for (index, stored) in batch.iter().enumerate() {
        let event: Event = serde_json::from_slice(&stored.body).unwrap();
        assert_eq!(event.identity().unwrap().seq, index as u64 + 1);
        assert_eq!(event.prevhash, before);
        assert_eq!(Hash::of(&stored.body), stored.hash);
        before = stored.hash;
    }
    assert_eq!(batch.len(), 3);
}

#[test]
fn a_batch_keeps_to_its_bounds_but_is_never_empty() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 5);
    assert_eq!(outbox.peek_batch(2, usize::MAX).unwrap().len(), 2);
    assert_eq!(outbox.peek_batch(5, 1).unwrap().len(), 1);
    let two = outbox.peek_batch(2, usize::MAX).unwrap();
    let bytes: usize = two.iter().map(|event| event.body.len() + 1).sum();
    assert_eq!(outbox.peek_batch(5, bytes + 1).unwrap().len(), 2);
}

#[test]
fn only_the_hash_of_our_own_event_acknowledges_it() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 3);
    let second = outbox.peek_batch(3, usize::MAX).unwrap()[1].hash;
    let foreign = outbox.acknowledge(3, second).unwrap_err();
    assert!(matches!(foreign, SpoolError::ForeignReceipt { seq: 3 }), "{foreign}");
    assert!(outbox.acknowledge(9, second).is_err());
    assert_eq!(waiting(&outbox), [1, 2, 3]);
    outbox.acknowledge(2, second).unwrap();
    assert_eq!(waiting(&outbox), [3]);
}

#[test]
fn a_replay_that_is_started_again_adds_nothing_twice_even_after_an_acknowledgement() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 3);
    let head = outbox.peek_batch(3, usize::MAX).unwrap()[1].hash;
    outbox.acknowledge(2, head).unwrap();
    drop(outbox);
    let again = filled(folder.path(), 4);
    assert_eq!(waiting(&again), [3, 4]);
}

#[test]
fn a_writer_that_opens_it_anew_goes_on_behind_the_last_event() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), 3));
    let mut again = open(folder.path());
    again.go_on().unwrap();
    assert_eq!(again.append(None, data(77)).unwrap().seq, 4);
    assert_eq!(waiting(&again), [1, 2, 3, 4]);
}

#[test]
fn other_bytes_under_a_known_number_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), 2));
    let mut again = open(folder.path());
    again.append(None, data(0)).unwrap();
    let error = again.append(None, data(77)).unwrap_err();
    assert!(matches!(error, SpoolError::Differs { seq: 2 }), "{error}");
}

#[test]
fn a_refused_event_is_kept_and_does_not_hold_up_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 3);
    outbox.refuse(2).unwrap();
    assert_eq!(waiting(&outbox), [1, 3]);
    assert_eq!(outbox.counts().unwrap().refused, 1);
    assert!(!outbox.remove_if_delivered().unwrap());
}

#[test]
fn a_delivered_spool_is_removed_and_one_that_waits_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 2);
    let head = outbox.peek_batch(2, usize::MAX).unwrap()[1].hash;
    let path = outbox.path().to_owned();
    assert!(!filled(folder.path(), 2).remove_if_delivered().unwrap());
    assert!(path.exists());
    outbox.acknowledge(2, head).unwrap();
    assert!(outbox.remove_if_delivered().unwrap());
    assert!(!path.exists());
}

#[test]
fn sessions_with_something_to_send_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 1);
    let (session, incarnation) = (outbox.session(), outbox.incarnation());
    assert_eq!(unsent(folder.path()), [(session, incarnation)]);
    let head = outbox.peek_batch(1, usize::MAX).unwrap()[0].hash;
    outbox.acknowledge(1, head).unwrap();
    assert_eq!(unsent(folder.path()), []);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_spool() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(&folder.path().join("spool"), 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("spool")), 0o700);
    assert_eq!(mode(outbox.path()), 0o600);
    let wal = outbox.path().with_extension("spool-wal");
    assert_eq!(mode(&wal), 0o600);
}

#[test]
fn a_file_that_is_no_database_is_set_aside_and_not_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 2).path().to_owned();
    fs::File::create(&path)
        .and_then(|mut file| {
            std::io::Write::write_all(&mut file, &b"this is no database ".repeat(400))
        })
        .unwrap();
    let outbox = open(folder.path());
    let aside = outbox.damage().unwrap().aside.as_ref().unwrap();
    assert!(fs::read(aside).unwrap().starts_with(b"this is no"));
    assert_eq!(waiting(&outbox), [] as [u64; 0]);
}

#[test]
fn a_damage_is_told_once_whichever_life_comes_to_tell_it() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 3);
    let head = outbox.peek_batch(3, usize::MAX).unwrap()[0].hash;
    outbox.acknowledge(1, head).unwrap();
    let flip = "UPDATE event SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE seq = 3";
    outbox.database.execute(flip, []).unwrap();
    let incarnation = outbox.incarnation();
    drop(outbox);
    let found = open(folder.path()).damage().cloned().unwrap();
    assert_eq!((found.from, found.last), (Some(2), Some((incarnation, 3))));
    // Killed before it was told.
    let mut again = open(folder.path());
    assert_eq!(again.damage(), Some(&found));
    again.tell_damage(None, Clocks::default(), data(1)).unwrap();
    assert_eq!((again.damage(), waiting(&again)), (None, vec![1]));
    drop(again);
    assert_eq!(open(folder.path()).damage(), None);
}

#[test]
fn a_folder_in_the_place_of_the_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let session = SessionId::derived(&[b"session"]);
    fs::create_dir(folder.path().join(format!("{session}.spool"))).unwrap();
    let error = Outbox::open(folder.path(), session, Incarnation::of_replay(session)).unwrap_err();
    assert!(error.to_string().contains("a folder is in its place"), "{error}");
}

/// The files of a spool as a power cut leaves them: nothing of the log is in the database yet, or
/// all of it.
fn files_of(outbox: Outbox, checkpointed: bool) -> Vec<(PathBuf, Vec<u8>)> {
    if checkpointed {
        outbox.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }
    let folder = outbox.path().parent().unwrap().to_owned();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_session = files.filter(|path| {
        path.extension().is_some_and(|ending| ending != "spool-shm") && !path.ends_with("ballast")
    });
    let files = of_session.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    drop(outbox);
    files
}

fn write_into(folder: &Path, files: &[(PathBuf, Vec<u8>)]) {
    for (path, bytes) in files {
        let mut file = fs::File::create(folder.join(path.file_name().unwrap())).unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
    }
}

/// Syncs cost nothing here, where there is such a folder: for what no disk has to show.
pub(super) fn quick_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.unwrap()
}

#[test]
fn a_bit_flipped_anywhere_leaves_all_events_whole_or_is_told_as_one_damage() {
    let mut told = 0;
    // More of them on demand: each is a folder full of files, opened, checked and written to.
    let rounds = std::env::var("INVIEW_FLIPS").map_or(250, |flips| flips.parse().unwrap());
    for checkpointed in [true, false] {
        let whole = tempfile::tempdir().unwrap();
        let outbox = filled(whole.path(), 30);
        let originals = outbox.peek_batch(100, usize::MAX).unwrap();
        let files = files_of(outbox, checkpointed);
        let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        for round in 0..rounds {
            let folder = quick_folder();
            let mut damaged = files.clone();
            let mut place = (round * 7_919 + 131) % total;
            for (_, bytes) in &mut damaged {
                if place < bytes.len() {
                    bytes[place] ^= 1 << (round % 8);
                    break;
                }
                place -= bytes.len();
            }
            write_into(folder.path(), &damaged);
            let mut outbox = open(folder.path());
            if outbox.damage().is_some() {
                told += 1;
                assert_eq!(waiting(&outbox), [] as [u64; 0]);
            } else {
                assert_eq!(outbox.peek_batch(100, usize::MAX).unwrap(), originals, "round {round}");
                outbox.go_on().unwrap();
                assert_eq!(outbox.append(None, data(99)).unwrap().seq, 31);
            }
        }
    }
    assert!(told > rounds / 2, "only {told} of {rounds} were told: does the check look at all?");
}

#[test]
fn a_tail_that_was_lost_without_a_word_is_told_with_the_number_of_its_last_report() {
    let whole = tempfile::tempdir().unwrap();
    let mut outbox = filled(whole.path(), 3);
    outbox.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for number in 3..8 {
        outbox.append(None, data(number)).unwrap();
    }
    let incarnation = outbox.incarnation();
    let mut files = files_of(outbox, false);
    files.retain(|(path, _)| path.extension().is_some_and(|ending| ending != "spool-wal"));
    let folder = tempfile::tempdir().unwrap();
    write_into(folder.path(), &files);
    let damage = open(folder.path()).damage().cloned().unwrap();
    assert_eq!(damage.last, Some((incarnation, 8)));
    assert!(damage.reason.contains("report 8") && damage.aside.unwrap().exists());
}

#[test]
fn a_spool_at_its_quota_takes_reports_as_long_as_it_holds_some_that_the_server_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = filled(folder.path(), 200);
    let head = outbox.head();
    outbox.acknowledge(head.seq, head.hash).unwrap();
    outbox.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let pages: i64 =
        outbox.database.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    outbox.database.pragma_update(None, "max_page_count", pages).unwrap();
    for number in 200..260 {
        outbox.append(None, data(number)).unwrap();
    }
    assert_eq!(waiting(&outbox), (201..=260).collect::<Vec<u64>>());
}

#[test]
fn a_spool_that_somebody_removed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 4);
    let (path, incarnation) = (outbox.path().to_owned(), outbox.incarnation());
    drop(outbox);
    fs::remove_file(path).unwrap();
    let damage = open(folder.path()).damage().cloned().unwrap();
    assert_eq!((damage.last, damage.aside), (Some((incarnation, 4)), None));
}

#[test]
fn a_reader_takes_no_damaged_file_from_under_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 2).path().to_owned();
    fs::File::create(&path)
        .and_then(|mut file| {
            std::io::Write::write_all(&mut file, &b"this is no database ".repeat(400))
        })
        .unwrap();
    let session = SessionId::derived(&[b"session"]);
    let reading = Outbox::reader(folder.path(), session, Incarnation::of_replay(session));
    assert!(matches!(reading, Err(SpoolError::Open { .. })));
    assert!(fs::read(&path).unwrap().starts_with(b"this is no"));
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_secret(&[number; 32])
}

#[test]
fn what_is_signed_is_hashed_without_its_signature_and_the_copy_has_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = filled(folder.path(), 1);
    outbox.sign_by(key(1)).unwrap();
    for number in 1..4 {
        outbox.append(None, data(number)).unwrap();
    }
    let batch = outbox.peek_batch(10, usize::MAX).unwrap();
    for (index, sent) in batch.iter().enumerate() {
        let (body, signature) = envelope::open(&sent.body);
        assert_eq!((Hash::of(&body), signature.is_some()), (sent.hash, index > 0));
    }
    let head = batch[3].hash;
    let receipt = Receipt {
        session: outbox.session(),
        incarnation: outbox.incarnation(),
        acked_seq: 4,
        head_hash: head,
        server_time: String::new(),
        results: Vec::new(),
    };
    let receipt = serde_json::to_string(&receipt).unwrap();
    let receipt = SignedReceipt::alone(receipt, |head| key(9).sign(Signed::Receipts, head));
    outbox.acknowledge(4, head).unwrap();
    outbox.keep_receipt(&receipt, &key(9).public()).unwrap();
    // The first event was made before there was a key.
    let mut copy = export(folder.path(), outbox.session()).unwrap().unwrap();
    assert_eq!(copy.public_key.take(), Some(key(1).public()));
    let verified = verify(&copy, None).unwrap();
    assert_eq!((verified.events, verified.receipts, verified.missing), (4, 1, 0));
    assert_eq!(export::give_up_some(&outbox.database).unwrap(), 4);
    let copy = export(folder.path(), outbox.session()).unwrap().unwrap();
    let verified = verify(&copy, None).unwrap();
    assert_eq!((verified.events, verified.receipts, verified.missing), (0, 1, 4));
    drop(outbox);
    assert!(open(folder.path()).damage().is_none());
}

#[test]
fn a_signature_that_was_damaged_on_the_disk_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    outbox.sign_by(key(1)).unwrap();
    outbox.append(None, data(1)).unwrap();
    drop(outbox);
    assert!(open(folder.path()).damage().is_none());
    let outbox = open(folder.path());
    let flip = "UPDATE event SET sig = CAST(x'00' || substr(sig, 2) AS BLOB)";
    outbox.database.execute(flip, []).unwrap();
    drop(outbox);
    let damage = open(folder.path()).damage().cloned().unwrap();
    assert!(damage.reason.contains("signature of report 1"), "{damage:?}");
}

#[test]
fn a_spool_of_the_first_version_goes_on_with_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = filled(folder.path(), 3);
    let second = outbox.peek_batch(3, usize::MAX).unwrap()[1].hash;
    outbox.acknowledge(2, second).unwrap();
    // As the first version would have left it.
    let before = "UPDATE event SET body = NULL WHERE state = 1;
        ALTER TABLE event DROP COLUMN sig; PRAGMA user_version = 1;";
    outbox.database.execute_batch(before).unwrap();
    drop(outbox);
    let mut outbox = open(folder.path());
    assert_eq!((outbox.damage(), waiting(&outbox)), (None, vec![3]));
    outbox.go_on().unwrap();
    outbox.sign_by(key(1)).unwrap();
    outbox.append(None, data(4)).unwrap();
    assert_eq!(waiting(&outbox), [3, 4]);
    let copy = export(folder.path(), outbox.session()).unwrap().unwrap();
    assert!(matches!(copy.chains[0].links[0], Link::Missing { .. }));
}

#[derive(Clone, Debug)]
enum Action {
    Append,
    AcknowledgeUpTo(u64),
    Refuse(u64),
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => Just(Action::Append),
        2 => (0_u64..12).prop_map(Action::AcknowledgeUpTo),
        1 => (1_u64..12).prop_map(Action::Refuse),
        1 => Just(Action::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_outbox_behaves_like_a_list_in_memory(actions in prop::collection::vec(action(), 1..30)) {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = open(folder.path());
        // (hash, state) of each event, from the first on, and how many were made since the opening.
        let mut model: Vec<(Hash, u8)> = Vec::new();
        let mut made = 0;
        for action in actions {
            match action {
                Action::Append => {
                    outbox.append(None, data(i64::try_from(made).unwrap())).unwrap();
                    made += 1;
                    if made > model.len() {
                        model.push((outbox.cursor.1, WAITING));
                    }
                }
                Action::AcknowledgeUpTo(seq) => {
                    let known = usize::try_from(seq).unwrap();
                    let hash = known.checked_sub(1).and_then(|at| model.get(at)).map(|event| event.0);
                    let done = outbox.acknowledge(seq, hash.unwrap_or(Hash::ZERO)).is_ok();
                    prop_assert_eq!(done, seq == 0 || hash.is_some());
                    if done {
                        let waiting = model[..known].iter_mut().filter(|event| event.1 == WAITING);
                        waiting.for_each(|event| event.1 = ACKNOWLEDGED);
                    }
                }
                Action::Refuse(seq) => {
                    outbox.refuse(seq).unwrap();
                    if let Some(event) = model.get_mut(usize::try_from(seq).unwrap() - 1)
                        && event.1 == WAITING
                    {
                        event.1 = REFUSED;
                    }
                }
                Action::Reopen => {
                    drop(outbox);
                    outbox = open(folder.path());
                    prop_assert!(outbox.damage().is_none());
                    made = 0;
                }
            }
            let expected: Vec<u64> = (1..).zip(&model).filter(|(_, e)| e.1 == WAITING).map(|(s, _)| s).collect();
            prop_assert_eq!(waiting(&outbox), expected);
        }
    }
}

#[test]
fn those_that_open_a_new_spool_at_the_same_time_wait_for_each_other() {
    let session = SessionId::derived(&[b"session"]);
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let together = std::sync::Barrier::new(3);
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    together.wait();
                    Outbox::open(folder.path(), session, Incarnation::of_replay(session)).unwrap();
                });
            }
            // The uploader looks for what waits.
            threads.spawn(|| {
                together.wait();
                unsent(folder.path());
            });
        });
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut aside = files.filter(|name| name.to_string_lossy().contains("damaged"));
        assert_eq!(aside.next(), None, "one was set aside");
    }
}
