//! `POST /v1/exams/{exam}/roster`: a list of candidates, as CSV, becomes a session for each.
//!
//! Under an `Idempotency-Key`, sessions and codes are derived from the server's key: the same list again
//! is answered the same, and the codes stand nowhere meanwhile.
//!
//! | answer | when |
//! |---|---|
//! | 201 and the seats | all rows have a session now |
//! | 200 and the seats | they had before, under the same key |
//! | 400 malformed | it is no such list: `lines` says which lines cannot be used; nothing was issued |
//! | 409 exam-closed | nothing more is issued for the exam |
//! | 422 key-reused | another list was imported under the key |

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::report::{
    Exam, ExamId, Hash, JoinCode, LineFault, Problem, Roster, RosterSeat, SessionId,
};
use crate::server::State;
use crate::server::access::auth::Manager;
use crate::server::api::answers::{Guarded, Keyed, Sent, Sought};
use crate::server::exams;
use crate::server::exams::api::{OfExam, closed, room_fault};
use crate::server::exams::issue::{Handed, expires_at, fresh, from_random, label};
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::http::idempotency::{key, key_reused};
use crate::server::http::origin::Origin;
use crate::server::http::table::{self, inert};
use crate::server::sessions::api::unreadable;
use crate::server::store::audit::{Deed, note_of};
use crate::server::store::exam::{self, Import, Kept};
use crate::server::store::issue::Issue;
use crate::trust::signature::Signed;

/// Most bytes of a list, and most candidates in one.
pub(in crate::server) const MAX_BYTES: usize = 512 * 1024;
const ROWS: usize = 2_000;
/// Most lines that are named when there are faults.
const FAULTS: usize = 100;
/// Codes of a list are good this long, unless something else is asked for.
const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What may be asked for beside the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct Wish {
    /// Until when the codes are good.
    #[param(format = DateTime)]
    pub(in crate::server) expires_at: Option<String>,
    /// As in the issue of one session.
    pub(in crate::server) server_pin: Option<Hash>,
}

/// Issues a session for each row of a list, or none.
#[utoipa::path(
    post, path = "/v1/exams/{exam}/roster", operation_id = "import_roster", tag = "exams",
    params(("exam" = ExamId, Path), Wish, Keyed),
    request_body(content = String, content_type = "text/csv", description = "The first line names the columns: `name`, and `room` or not."),
    responses(
        (status = 201, description = "All rows are issued.", body = Roster),
        (status = 200, description = "They were issued before, under the same key.", body = Roster),
        Guarded,
        Sought,
        Sent,
        (status = 409, description = "`exam-closed`: nothing more is issued for it.", body = Problem, content_type = "application/problem+json"),
        Keyed,
    ),
    security(("token" = ["manage", "admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    manager: Manager,
    OfExam(exam): OfExam,
    Origin(server): Origin,
    query: Result<Query<Wish>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let Query(wish) = query.map_err(|query| unreadable(&query))?;
    body::require("text/csv", &headers)?;
    let key = key(&headers)?;
    let list = body::read(body, MAX_BYTES).await?;
    let exam = exams::api::find(&state, &manager.tenant, manager.reach, exam).await?;
    let (status, seats) = import(&state, &manager, &server, (&exam, &list, key), &wish).await?;
    Ok((status, Json(Roster { exam: exam.exam, seats })).into_response())
}

/// Makes a session for each row of the list, or none.
pub(in crate::server) async fn import(
    state: &State,
    manager: &Manager,
    server: &str,
    (exam, list, key): (&Exam, &[u8], Option<String>),
    wish: &Wish,
) -> Result<(StatusCode, Vec<RosterSeat>), Refusal> {
    let now = state.now();
    let until = expires_at(now, wish.expires_at.as_deref(), LIFETIME)?;
    let rows = rows_of(exam, list)?;
    let import = key.map(|key| Import { exam: exam.exam, key, request: Hash::of(list) });
    let named = name_rows(state, manager, &rows, import.as_ref())?;
    let (tenant, by, of) = (manager.tenant.clone(), manager.by.clone(), exam.exam);
    let issues: Vec<(Issue, Option<String>)> = named
        .iter()
        .zip(&rows)
        .zip(0..)
        .map(|(((session, code), row), place)| {
            let issue = Issue {
                tenant: tenant.clone(),
                session: *session,
                code: code.hash(),
                label: row.name.clone(),
                policy: exam.policy.clone(),
                // The list of sessions has the newest first, and this one its own order.
                issued_at: now.saturating_sub(SignedDuration::from_micros(place)).unwrap_or(now),
                expires_at: until,
            };
            (issue, row.room.clone())
        })
        .collect();
    let importing = state.store.write(move |database| {
        if let Some(import) = &import
            && let Some(before) = exam::imported(database, &tenant, import)?
        {
            return Ok(before);
        }
        if !exam::is_open(database, &tenant, of)? {
            return Ok(Kept::Closed);
        }
        for (issue, room) in &issues {
            exam::issue(database, issue, of, room.as_deref())?;
        }
        if let Some(import) = &import {
            exam::note_import(database, &tenant, import, until)?;
        }
        let detail = format!("{of}: {} sessions", issues.len());
        note_of(database, &tenant, (&by, Deed::RosterImported, now), &detail)?;
        Ok(Kept::New(until))
    });
    let (status, until) = match importing.await? {
        Kept::New(until) => {
            let issued = named.iter().map(|(session, _)| (manager.tenant.clone(), *session));
            state.store.changes().add(issued);
            (StatusCode::CREATED, until)
        }
        Kept::Again(until) => (StatusCode::OK, until),
        Kept::KeyReused => return Err(key_reused()),
        Kept::Closed => return Err(closed()),
    };
    tracing::info!(exam = %of, sessions = rows.len(), "a roster was imported");
    let pin = wish.server_pin;
    let language = exam.language.as_deref();
    let seats = named.into_iter().zip(rows).map(|((session, code), row)| {
        let handed = Handed { session, label: row.name, code, expires_at: until };
        let issued = handed.with_links(server, pin, language);
        RosterSeat { line: row.line, room: row.room, issued }
    });
    Ok((status, seats.collect()))
}

/// A session and a code for each row: by chance, or always the same under the same key.
fn name_rows(
    state: &State,
    manager: &Manager,
    rows: &[Row],
    import: Option<&Import>,
) -> Result<Vec<(SessionId, JoinCode)>, Refusal> {
    let Some(import) = import else { return rows.iter().map(|_| fresh()).collect() };
    let ExamId(exam) = import.exam;
    let tenant = manager.tenant.as_str();
    let named = rows.iter().map(|row| {
        let place = serde_json::to_vec(&(tenant, exam, &import.key, import.request, row.line))
            .map_err(crate::server::store::StoreError::from)?;
        let derived = Hash::of(&state.signer.sign(Signed::Seed, &place).to_bytes());
        let (mut id, mut code) = ([0; 16], [0; 8]);
        id.copy_from_slice(&derived.as_bytes()[..16]);
        code.copy_from_slice(&derived.as_bytes()[16..24]);
        Ok(from_random(id, code))
    });
    named.collect()
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    line: u64,
    name: String,
    room: Option<String>,
}

/// The rows of a list, each with a room that the exam has.
fn rows_of(exam: &Exam, list: &[u8]) -> Result<Vec<Row>, Refusal> {
    let (rows, mut faults) = read(list)?;
    for row in &rows {
        if let Some(reason) = room_fault(exam, row.room.as_deref()) {
            faults.push(LineFault { line: row.line, reason });
        }
    }
    if faults.is_empty() {
        return Ok(rows);
    }
    faults.sort_by_key(|fault| fault.line);
    let detail = format!("{} lines cannot be used; nothing was issued", faults.len());
    faults.truncate(FAULTS);
    Err(Refusal::malformed(detail).with_lines(faults))
}

/// Where in each row something stands.
struct Columns {
    name: usize,
    room: Option<usize>,
}

fn read(list: &[u8]) -> Result<(Vec<Row>, Vec<LineFault>), Refusal> {
    let Ok(text) = std::str::from_utf8(list) else {
        let before = list.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let line = before.matches('\n').count() as u64 + 1;
        let reason = "it is not UTF-8: save the list as “CSV UTF-8”".to_owned();
        return Err(Refusal::malformed("the list is not UTF-8")
            .with_lines(vec![LineFault { line, reason }]));
    };
    // The reader counts lines by their last character; some programs end them by a carriage return alone.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    // Spreadsheets of some countries write semicolons.
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = if header.contains(';') && !header.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut columns, mut rows, mut faults) = (None, Vec::new(), Vec::new());
    let mut seen = BTreeMap::<String, u64>::new();
    for record in reader.records() {
        let record = record.map_err(|error| Refusal::malformed(error.to_string()))?;
        let line = line_of(&record, text.as_bytes());
        if record.iter().all(str::is_empty) {
            continue;
        }
        let Some(Columns { name, room }) = &columns else {
            columns = Some(header_of(&record).map_err(|reason| {
                Refusal::malformed(reason.clone()).with_lines(vec![LineFault { line, reason }])
            })?);
            continue;
        };
        match row_of(&record, line, (*name, *room)) {
            Ok(row) => match seen.insert(row.name.clone(), line) {
                None => rows.push(row),
                Some(before) => {
                    let reason = format!("the same name stands in line {before}");
                    faults.push(LineFault { line, reason });
                }
            },
            Err(reason) => faults.push(LineFault { line, reason }),
        }
        if rows.len() > ROWS {
            return Err(Refusal::malformed(format!("a list has {ROWS} candidates at most")));
        }
    }
    if rows.is_empty() && faults.is_empty() {
        return Err(Refusal::malformed("the list has no candidates below its header"));
    }
    Ok((rows, faults))
}

/// In which line a record begins; the reader tells where the empty lines before it do.
fn line_of(record: &csv::StringRecord, text: &[u8]) -> u64 {
    let Some(position) = record.position() else { return 1 };
    let at = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(at..).unwrap_or_default();
    position.line() + rest.iter().take_while(|byte| **byte == b'\n').count() as u64
}

fn header_of(record: &csv::StringRecord) -> Result<Columns, String> {
    let (mut name, mut room) = (None, None);
    for (place, title) in record.iter().enumerate() {
        let column = match title.to_lowercase().as_str() {
            "name" | "pseudonym" | "label" => &mut name,
            "room" => &mut room,
            _ => {
                return Err(format!(
                    "the header has a column {title:?}: name (or pseudonym) and room are known"
                ));
            }
        };
        if column.replace(place).is_some() {
            return Err(format!("the header has two columns for {title:?}"));
        }
    }
    let name = name.ok_or("the first line must name the columns: name (or pseudonym), and room")?;
    Ok(Columns { name, room })
}

fn row_of(
    record: &csv::StringRecord,
    line: u64,
    (name, room): (usize, Option<usize>),
) -> Result<Row, String> {
    let columns = 1 + usize::from(room.is_some());
    if record.len() > columns {
        return Err(format!("it has {} values, and the header {columns}", record.len()));
    }
    let name = record.get(name).unwrap_or_default();
    let name = label(name)
        .map_err(|_no_label| "the name has 1 to 200 characters, and no line breaks".to_owned())?;
    let room = room.and_then(|room| record.get(room)).filter(|room| !room.is_empty());
    Ok(Row { line, name, room: room.map(str::to_owned) })
}

/// The seats as a table for a spreadsheet.
pub(in crate::server) fn to_csv(seats: &[RosterSeat]) -> Result<String, Refusal> {
    let header = ["name", "room", "code", "link", "agent_link", "good_until"];
    let rows = seats.iter().map(|RosterSeat { room, issued, .. }| {
        let (name, room) = (inert(&issued.label), inert(room.as_deref().unwrap_or_default()));
        let (code, until) = (issued.code.reveal(), issued.expires_at.clone());
        let (link, agent_link) = (issued.link.reveal().clone(), issued.agent_link.reveal().clone());
        [name, room, code, link, agent_link, until]
    });
    table::csv(header, rows)
}

/// When the codes of a list are good no longer that was imported `days` ago.
pub(in crate::server) fn in_days(now: Timestamp, days: u32) -> String {
    let at = now.saturating_add(SignedDuration::from_hours(i64::from(days) * 24));
    at.unwrap_or(Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<(u64, String, Option<String>)> {
        let (rows, faults) = read(list.as_bytes()).unwrap();
        assert_eq!(faults, []);
        rows.into_iter().map(|row| (row.line, row.name, row.room)).collect()
    }

    #[test]
    fn lists_are_read_as_spreadsheets_write_them() {
        let expected = |room: Option<&str>| {
            let room = room.map(str::to_owned);
            vec![(2, "Ann, B.".to_owned(), room.clone()), (4, "C 17".to_owned(), room)]
        };
        assert_eq!(
            names("\u{feff}Name;Room\r\nAnn, B.; A1\r\n;\r\nC 17;A1\r\n"),
            expected(Some("A1"))
        );
        assert_eq!(names("room,PSEUDONYM\nA1,\"Ann, B.\"\n\nA1,C 17"), expected(Some("A1")));
        assert_eq!(names("name\n\"Ann, B.\"\n\nC 17"), expected(None));
        assert_eq!(names("name\r\"Ann, B.\"\r\rC 17\r"), expected(None));
    }

    #[test]
    fn each_line_that_cannot_be_used_is_told_with_its_number() {
        let list = format!("name,room\nAnn,\n,A1\n{},\nAnn,A2\nBob,A1,x\n", "x".repeat(201));
        let (rows, faults) = read(list.as_bytes()).unwrap();
        assert_eq!(rows.len(), 1);
        let lines: Vec<u64> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [3, 4, 5, 6]);
        assert!(faults[2].reason.contains("line 2") && faults[3].reason.contains("3 values"));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for list in
            ["", "name\n", "Ann\nBob\n", "name,rom\nAnn,A1\n", "name,label\nAnn,B\n", "room\nA1\n"]
        {
            assert!(read(list.as_bytes()).is_err(), "{list:?}");
        }
        let refused = read(b"name\nAnn\nJ\xf6rg\n").unwrap_err();
        assert_eq!(refused.lines()[0].line, 3);
    }
}
