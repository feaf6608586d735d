//! What happened to the reports themselves, or to the clocks they are timed by: for whoever weighs them,
//! and no verdict on anybody.

use serde::{Deserialize, Serialize};

use super::identity::Incarnation;
use crate::time::MediaTime;

/// Something that bears upon how far a session's reports can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Integrity {
    /// When it was noticed.
    pub at_ms: MediaTime,
    #[serde(flatten)]
    pub what: Noticed,
}

/// What was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Noticed {
    /// The agent's file of reports could not be believed, and was set aside.
    SpoolDamaged {
        /// Whose reports were in it last, and which of them the server may lack; absent where nothing
        /// tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incarnation: Option<Incarnation>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<u64>,
    },
    /// From here on the disk does not take reports; they are held in memory, and sent from there.
    StorageDegraded { cause: StorageFault },
    /// The disk takes reports again, and has those that were held in memory.
    StorageRestored {
        /// How many of them the server did not have yet.
        waiting: u64,
    },
    /// The memory for reports was full, too: so many were not made.
    ReportsLost { reports: u64 },
    /// The wall clock was set: forward, or back where it is negative.
    ClockStepped { by_ms: i64 },
    /// The machine slept.
    Suspended { for_ms: u64 },
}

/// Why the disk does not take reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StorageFault {
    Full,
    ReadOnly,
    /// Another program keeps the file to itself.
    InUse,
    /// It cannot be opened, or reading and writing fail.
    Failing,
}

impl StorageFault {
    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Full => "disk full",
            Self::ReadOnly => "disk cannot be written to",
            Self::InUse => "file in use by another program",
            Self::Failing => "disk failing, or the file cannot be opened",
        }
    }
}

/// One of them, as the server keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StoredIntegrity {
    pub incarnation: Incarnation,
    pub seq: u64,
    #[serde(flatten)]
    pub report: Integrity,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noticed_has_one_name_on_the_wire_and_reads_back() {
        let at_ms = MediaTime::from_millis(1_500);
        for (what, expected) in [
            (
                Noticed::SpoolDamaged { incarnation: None, from: Some(3), to: Some(9) },
                r#"{"at_ms":1500,"what":"spool_damaged","from":3,"to":9}"#,
            ),
            (
                Noticed::StorageDegraded { cause: StorageFault::ReadOnly },
                r#"{"at_ms":1500,"what":"storage_degraded","cause":"read_only"}"#,
            ),
            (
                Noticed::ClockStepped { by_ms: -7_200_000 },
                r#"{"at_ms":1500,"what":"clock_stepped","by_ms":-7200000}"#,
            ),
        ] {
            let report = Integrity { at_ms, what };
            assert_eq!(serde_json::to_string(&report).unwrap(), expected);
            assert_eq!(serde_json::from_str::<Integrity>(expected).unwrap(), report);
        }
    }
}
