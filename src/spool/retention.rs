//! How long the spool of a session that is over is kept when the server has all of it: as long as the
//! session's policy says, by the wall clock, which is the only one that goes on while a machine is off.

use std::path::Path;

use rusqlite::{Connection, params};

use super::{ACKNOWLEDGED, Outbox, SpoolError, ballast, export, files, forget};
use crate::report::SessionId;

const DAY: i64 = 24 * 60 * 60;
/// Keys of `meta`: for how many days, and when all was found to be delivered.
const KEEP_DAYS: &str = "keep_days";
const DELIVERED_AT: &str = "delivered_at";

impl Outbox {
    /// From now on the session goes on, and is kept for so long after its end.
    pub fn keep_for(&self, days: u32) -> Result<(), SpoolError> {
        self.with_room(|database| {
            if export::kept(database, DELIVERED_AT)?.is_some() {
                forget(database, DELIVERED_AT)?;
            }
            Ok(0)
        })?;
        self.keep(KEEP_DAYS, &days.to_string())
    }
}

/// Removes the spools of sessions that the server has all of, once their time is over.
///
/// One that is found delivered for the first time is kept from `now` on (seconds since 1970). Sessions
/// that go on are left alone.
pub fn erase_delivered(folder: &Path, now: i64, goes_on: &dyn Fn(SessionId) -> bool) {
    for (path, session) in files::spools_in(folder) {
        if goes_on(session) {
            continue;
        }
        match is_due(&path, now) {
            Ok(true) => files::remove(&path),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "a session stays in the spool"),
        }
    }
    if files::spools_in(folder).is_empty() {
        ballast::give_up(folder);
    }
}

fn is_due(path: &Path, now: i64) -> rusqlite::Result<bool> {
    let database = files::glance_at(path)?;
    let undelivered: u64 = database.query_row(
        "SELECT count(*) FROM event WHERE state <> ?1",
        params![ACKNOWLEDGED],
        |row| row.get(0),
    )?;
    if undelivered > 0 {
        return Ok(false);
    }
    // One of an earlier version, or of a replay, says nothing of it: it goes at once, as it did.
    let days: i64 = number(&database, KEEP_DAYS)?.unwrap_or(0);
    let delivered = match number(&database, DELIVERED_AT)? {
        Some(second) => second,
        None if days == 0 => return Ok(true),
        None => {
            let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)";
            database.execute(sql, params![DELIVERED_AT, now.to_string()])?;
            return Ok(false);
        }
    };
    Ok(delivered.saturating_add(days.saturating_mul(DAY)) <= now)
}

fn number(database: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    Ok(export::kept(database, name)?.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{EventData, Incarnation, SampledCamera, SessionEnded};
    use crate::time::MediaTime;

    const NOW: i64 = 1_795_700_000;

    fn delivered(folder: &Path, name: &[u8], days: Option<u32>) -> Outbox {
        let session = SessionId::derived(&[name]);
        let mut outbox = Outbox::open(folder, session, Incarnation::of_replay(session)).unwrap();
        if let Some(days) = days {
            outbox.keep_for(days).unwrap();
        }
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::ZERO,
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        outbox.append(None, data).unwrap();
        let head = outbox.head();
        outbox.acknowledge(head.seq, head.hash).unwrap();
        outbox
    }

    #[test]
    fn what_the_server_has_is_erased_when_its_time_is_over_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let path = delivered(folder, b"a", Some(7)).path().to_owned();
        erase_delivered(folder, NOW, &|_| false);
        erase_delivered(folder, NOW + 7 * DAY - 1, &|_| false);
        assert!(path.exists());
        // The session goes on, and is delivered anew.
        drop(delivered(folder, b"a", Some(7)));
        erase_delivered(folder, NOW + 8 * DAY, &|_| false);
        erase_delivered(folder, NOW + 15 * DAY - 1, &|_| false);
        assert!(path.exists());
        erase_delivered(folder, NOW + 15 * DAY, &|session| session == SessionId::derived(&[b"a"]));
        assert!(path.exists());
        erase_delivered(folder, NOW + 15 * DAY, &|_| false);
        assert!(!path.exists() && !files::head_of(&path).exists());
    }

    #[test]
    fn without_a_time_it_goes_at_once_and_what_waits_or_was_refused_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let gone = [delivered(folder, b"a", None), delivered(folder, b"b", Some(0))];
        let gone = gone.map(|outbox| outbox.path().to_owned());
        let mut kept = [delivered(folder, b"c", None), delivered(folder, b"d", Some(0))];
        for outbox in &mut kept {
            let data = EventData::SessionEnded(SessionEnded {
                duration_ms: MediaTime::from_millis(1),
                intervals: 0,
                camera: SampledCamera::default(),
                truncated: None,
                ended_by: None,
            });
            outbox.append(None, data).unwrap();
        }
        kept[1].refuse(2).unwrap();
        erase_delivered(folder, NOW, &|_| false);
        assert!(gone.iter().all(|path| !path.exists()));
        assert!(kept.iter().all(|outbox| outbox.path().exists()));
    }
}
