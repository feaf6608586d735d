//! What a check of an exported report says: one line for each chain.

use std::fmt::Write as _;

use serde::Deserialize;

use super::export::Export;
use super::signature::PublicKey;
use super::verify::{Fault, Verified, Wrong, verify};

/// What the candidate's copy and a proctor's export have in common.
#[derive(Deserialize)]
struct Copy {
    export: Export,
}

/// Reads an export, or the candidate's copy with one in it. `None`: it is neither.
pub fn read(text: &[u8]) -> Option<Export> {
    let copy = serde_json::from_slice::<Copy>(text).map(|copy| copy.export);
    copy.or_else(|_no_copy| serde_json::from_slice(text)).ok()
}

/// What there is to say of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub lines: Vec<String>,
    /// Nothing was found wrong.
    pub is_good: bool,
}

/// Checks each chain by itself, and then all together. `key` as for [`verify`].
pub fn tell(export: &Export, key: Option<&PublicKey>) -> Told {
    let mut told = Told { lines: Vec::new(), is_good: true };
    for chain in &export.chains {
        let alone = Export { chains: vec![chain.clone()], ..export.clone() };
        let line = match verify(&alone, key) {
            Ok(verified) => {
                let head = chain.receipt.as_ref().map(|signed| signed.receipt.as_str());
                format!("incarnation {}: {}", chain.incarnation, good(&verified, head))
            }
            Err(Fault { at: None, what }) => {
                told.is_good = false;
                format!("incarnation {}: WRONG: {what}", chain.incarnation)
            }
            Err(Fault { at: Some((incarnation, seq)), what }) => {
                told.is_good = false;
                format!("incarnation {incarnation}: WRONG at report {seq}: {what}")
            }
        };
        told.lines.push(line);
    }
    match verify(export, key) {
        Err(Fault { at: None, what: what @ (Wrong::Format | Wrong::Twice) }) => {
            told.lines.push(format!("WRONG: {what}"));
            told.is_good = false;
        }
        Err(_) => told.is_good = false,
        Ok(_) => {}
    }
    told
}

fn good(verified: &Verified, receipt: Option<&str>) -> String {
    let Verified { events, missing, signed, .. } = verified;
    let reports = |count: u64| format!("{count} report{}", if count == 1 { "" } else { "s" });
    let mut line =
        format!("{}, {}", reports(*events), if *signed { "signed" } else { "not signed" });
    if *missing > 0 {
        write!(line, ", and the places of {missing} more").ok();
    }
    let receipt = receipt.and_then(|text| serde_json::from_str(text).ok());
    match receipt {
        Some(crate::report::Receipt { acked_seq, head_hash, .. }) => {
            write!(line, "; received up to report {acked_seq}, {head_hash}").ok();
        }
        None => line.push_str("; no receipt of a server"),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::export::{ExportedChain, FORMAT, Link};
    use super::*;
    use crate::report::{Hash, Incarnation, SessionId};

    fn export(first: Link) -> Export {
        let session = SessionId::derived(&[]);
        let chain = |number: u128, link| ExportedChain {
            incarnation: Incarnation(uuid::Uuid::from_u128(number)),
            links: vec![link],
            receipt: None,
        };
        let missing = Link::Missing { hash: Hash::ZERO, reason: String::new() };
        Export {
            format: FORMAT.to_owned(),
            session,
            public_key: None,
            server_key: None,
            chains: vec![chain(1, first), chain(2, missing)],
        }
    }

    #[test]
    fn each_chain_has_its_line_and_one_that_is_wrong_hides_no_other() {
        let told = tell(&export(Link::Event("{}".to_owned())), None);
        assert!(!told.is_good);
        let [first, second] = &told.lines[..] else { panic!("{told:?}") };
        assert!(first.contains("WRONG at report 1: the event cannot be read"), "{first}");
        assert!(second.contains("0 reports, not signed, and the places of 1 more"), "{second}");
    }

    #[test]
    fn a_copy_is_read_as_what_is_in_it() {
        let export = export(Link::Event("{}".to_owned()));
        let alone = serde_json::to_vec(&export).unwrap();
        let copy = serde_json::to_vec(&serde_json::json!({"label": 1, "export": export})).unwrap();
        assert_eq!((read(&alone), read(&copy)), (Some(export.clone()), Some(export)));
        assert_eq!(read(b"{}"), None);
    }

    #[test]
    fn a_chain_that_is_there_twice_is_wrong() {
        let missing = Link::Missing { hash: Hash::ZERO, reason: String::new() };
        let mut export = export(missing);
        let again = export.chains[0].clone();
        export.chains.push(again);
        let told = tell(&export, None);
        assert_eq!((told.is_good, told.lines.len()), (false, 4), "{told:?}");
    }
}
