//! Whether reports and tables are as they were made, and what an agent noticed of its own.

use crate::report::{ForkKind, Noticed, StorageFault};
// What was noticed has a length.
use crate::server::pages::say::figures::millis;
use crate::server::store::check::Fault;
use crate::trust::verify::Wrong;

/// How it was noticed that there is more than one history.
pub(in crate::server) fn forked(how: ForkKind) -> String {
    match how {
        ForkKind::Reports => t!("forked-reports"),
        ForkKind::HeadBehind => t!("forked-head-behind"),
        ForkKind::HeadDiffers => t!("forked-head-differs"),
        ForkKind::Foreign => t!("forked-foreign"),
        ForkKind::TwoAgents => t!("forked-two-agents"),
    }
}

/// What is wrong with a report, or its place.
pub(in crate::server) fn wrong(wrong: Wrong) -> String {
    match wrong {
        Wrong::Format => t!("wrong-format"),
        Wrong::Twice => t!("wrong-twice"),
        Wrong::Unreadable => t!("wrong-unreadable"),
        Wrong::Identity => t!("wrong-identity"),
        Wrong::Chain => t!("wrong-chain"),
        Wrong::NotSigned => t!("wrong-not-signed"),
        Wrong::Signature => t!("wrong-signature"),
        Wrong::Receipt => t!("wrong-receipt"),
        Wrong::Received => t!("wrong-received"),
    }
}

/// Where the server's tables are not as it was reported.
pub(in crate::server) fn disagreement(fault: Fault) -> String {
    match fault {
        Fault::Hash { incarnation, seq } => {
            t!("table-hash", seq = seq, id = incarnation.to_string())
        }
        Fault::Interval(id) => t!("table-interval", id = id.to_string()),
        Fault::Intervals { kept, told } => t!("table-intervals", kept = kept, told = told),
        Fault::Integrity => t!("table-integrity"),
    }
}

fn cause(fault: StorageFault) -> String {
    match fault {
        StorageFault::Full => t!("storage-full"),
        StorageFault::ReadOnly => t!("storage-read-only"),
        StorageFault::InUse => t!("storage-in-use"),
        StorageFault::Failing => t!("storage-failing"),
    }
}

/// What an agent noticed of its reports and clocks.
pub(in crate::server) fn noticed(what: &Noticed) -> String {
    match what {
        Noticed::SpoolDamaged { from: Some(from), to: Some(to), .. } if from <= to => {
            t!("noticed-damaged-missing", from = *from, to = *to)
        }
        Noticed::SpoolDamaged { to: Some(to), .. } => t!("noticed-damaged-arrived", to = *to),
        Noticed::SpoolDamaged { .. } => t!("noticed-damaged"),
        Noticed::StorageDegraded { cause: fault } => {
            t!("noticed-storage-degraded", cause = cause(*fault))
        }
        Noticed::StorageRestored { waiting } => {
            t!("noticed-storage-restored", count = *waiting)
        }
        Noticed::ReportsLost { reports } => t!("noticed-reports-lost", count = *reports),
        Noticed::ClockStepped { by_ms } if *by_ms < 0 => {
            t!("noticed-clock-back", time = millis(by_ms.unsigned_abs()))
        }
        Noticed::ClockStepped { by_ms } => {
            t!("noticed-clock-forward", time = millis(by_ms.unsigned_abs()))
        }
        Noticed::Suspended { for_ms } => t!("noticed-suspended", time = millis(*for_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_is_said_to_be() {
        let back = noticed(&Noticed::ClockStepped { by_ms: -7_200_000 });
        assert!(back.contains("set back by 2 h 00 min"), "{back}");
    }
}
