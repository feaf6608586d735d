//! Checks a report that was exported, and names the first thing that is wrong with it.

use std::fmt;

use super::envelope;
use super::export::{Export, ExportedChain, FORMAT, Link};
use super::signature::{PublicKey, Signed};
use crate::report::{Event, Hash, Identity, Incarnation, Receipt};

/// What holds of a report in which nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub events: u64,
    /// Reports whose place in the chain is all that is left of them.
    pub missing: u64,
    /// All events are signed by the session's key.
    pub signed: bool,
    /// Chains whose server has vouched for them up to some report.
    pub receipts: u64,
}

/// Where a report is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// Absent when it is the file as a whole.
    pub at: Option<(Incarnation, u64)>,
    pub what: Wrong,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("this is no report of a known format")]
    Format,
    #[error("one incarnation is there twice")]
    Twice,
    #[error("the event cannot be read")]
    Unreadable,
    #[error("the event is of another session or incarnation, or has another number")]
    Identity,
    #[error("the event does not follow upon the one before it: something was changed or removed")]
    Chain,
    #[error("the event has no signature")]
    NotSigned,
    #[error("the signature is not the session key's on these bytes")]
    Signature,
    #[error("the receipt is not signed by the server")]
    Receipt,
    #[error("the server has received this report, and it is not here, or is another one")]
    Received,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((incarnation, seq)) => {
                write!(f, "report {seq} of incarnation {incarnation}: {}", self.what)
            }
            None => self.what.fmt(f),
        }
    }
}

/// Checks everything. With `key`, the session's key must be that one: who keeps it apart need not
/// believe the file.
pub fn verify(export: &Export, key: Option<&PublicKey>) -> Result<Verified, Fault> {
    let whole = |what| Fault { at: None, what };
    if export.format != FORMAT {
        return Err(whole(Wrong::Format));
    }
    let key = key.or(export.public_key.as_ref());
    let mut verified = Verified { events: 0, missing: 0, signed: key.is_some(), receipts: 0 };
    for (place, chain) in export.chains.iter().enumerate() {
        let others = export.chains.iter().take(place);
        if others.into_iter().any(|other| other.incarnation == chain.incarnation) {
            return Err(whole(Wrong::Twice));
        }
        let hashes = links(export, chain, key, &mut verified)?;
        verified.receipts += u64::from(receipt(export, chain, &hashes)?);
    }
    Ok(verified)
}

/// The hashes of a chain whose links all hold.
fn links(
    export: &Export,
    chain: &ExportedChain,
    key: Option<&PublicKey>,
    verified: &mut Verified,
) -> Result<Vec<Hash>, Fault> {
    let mut hashes = Vec::new();
    for (seq, link) in (1..).zip(&chain.links) {
        let wrong = |what| Fault { at: Some((chain.incarnation, seq)), what };
        let text = match link {
            Link::Event(text) => text,
            Link::Missing { hash, .. } => {
                verified.missing += 1;
                hashes.push(*hash);
                continue;
            }
        };
        let (body, signature) = envelope::open(text.as_bytes());
        let event: Event =
            serde_json::from_slice(&body).map_err(|_unreadable| wrong(Wrong::Unreadable))?;
        let expected = Identity { session: export.session, incarnation: chain.incarnation, seq };
        if event.identity() != Some(expected) {
            return Err(wrong(Wrong::Identity));
        }
        if event.prevhash != hashes.last().copied().unwrap_or(Hash::ZERO) {
            return Err(wrong(Wrong::Chain));
        }
        if let Some(key) = key {
            let signature = signature.ok_or_else(|| wrong(Wrong::NotSigned))?;
            if !key.verifies(Signed::Event, &body, &signature) {
                return Err(wrong(Wrong::Signature));
            }
        }
        verified.events += 1;
        hashes.push(Hash::of(&body));
    }
    Ok(hashes)
}

/// Whether a receipt is there that holds.
fn receipt(export: &Export, chain: &ExportedChain, hashes: &[Hash]) -> Result<bool, Fault> {
    let Some(signed) = &chain.receipt else { return Ok(false) };
    let Ok(receipt) = serde_json::from_str::<Receipt>(&signed.receipt) else {
        return Err(Fault { at: None, what: Wrong::Receipt });
    };
    let wrong = |what| Fault { at: Some((chain.incarnation, receipt.acked_seq)), what };
    let is_signed = export.server_key.is_some_and(|key| signed.is_signed_by(&key));
    if !is_signed || receipt.session != export.session || receipt.incarnation != chain.incarnation {
        return Err(wrong(Wrong::Receipt));
    }
    let last = usize::try_from(receipt.acked_seq).ok().and_then(|seq| seq.checked_sub(1));
    if last.and_then(|last| hashes.get(last)) == Some(&receipt.head_hash) {
        Ok(true)
    } else {
        Err(wrong(Wrong::Received))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::{EventData, SampledCamera, SessionEnded, SessionId};
    use crate::time::MediaTime;
    use crate::trust::export::SignedReceipt;
    use crate::trust::signature::SigningKey;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_secret(&[number; 32])
    }

    fn incarnation(number: u8) -> Incarnation {
        Incarnation(uuid::Uuid::from_u128(number.into()))
    }

    fn chain(session: SessionId, number: u8, length: u64, by: &SigningKey) -> ExportedChain {
        let (mut links, mut head) = (Vec::new(), Hash::ZERO);
        for seq in 1..=length {
            let identity = Identity { session, incarnation: incarnation(number), seq };
            let data = EventData::SessionEnded(SessionEnded {
                duration_ms: MediaTime::from_millis(seq.cast_signed()),
                intervals: 0,
                camera: SampledCamera::default(),
                truncated: None,
                ended_by: None,
            });
            let body = serde_json::to_vec(&Event::new(&identity, head, None, data)).unwrap();
            head = Hash::of(&body);
            let sealed = envelope::seal(&body, &envelope::sign(&body, by));
            links.push(Link::Event(String::from_utf8(sealed).unwrap()));
        }
        let receipt = Receipt {
            session,
            incarnation: incarnation(number),
            acked_seq: length,
            head_hash: head,
            server_time: String::new(),
            results: Vec::new(),
        };
        let receipt = serde_json::to_string(&receipt).unwrap();
        let receipt =
            Some(SignedReceipt::alone(receipt, |head| key(9).sign(Signed::Receipts, head)));
        ExportedChain { incarnation: incarnation(number), links, receipt }
    }

    fn export() -> Export {
        let session = SessionId::derived(&[b"x"]);
        Export {
            format: FORMAT.to_owned(),
            session,
            public_key: Some(key(1).public()),
            server_key: Some(key(9).public()),
            chains: vec![chain(session, 1, 5, &key(1)), chain(session, 2, 3, &key(1))],
        }
    }

    fn fault(export: &Export) -> (u64, Wrong) {
        let fault = verify(export, None).unwrap_err();
        (fault.at.map_or(0, |(_, seq)| seq), fault.what)
    }

    #[test]
    fn a_report_that_nobody_touched_is_verified() {
        let verified = Verified { events: 8, missing: 0, signed: true, receipts: 2 };
        assert_eq!(verify(&export(), None), Ok(verified));
        assert_eq!(verify(&export(), Some(&key(1).public())).map(|it| it.events), Ok(8));
    }

    #[test]
    fn any_stored_event_changed_removed_swapped_or_duplicated_names_the_first_bad_seq() {
        let mut changed = export();
        let Link::Event(text) = &mut changed.chains[0].links[2] else { panic!() };
        *text = text.replace("\"intervals\":0", "\"intervals\":1");
        assert_eq!(fault(&changed), (3, Wrong::Signature));
        let mut removed = export();
        removed.chains[0].links.remove(2);
        assert_eq!(fault(&removed), (3, Wrong::Identity));
        let mut swapped = export();
        swapped.chains[0].links.swap(1, 2);
        assert_eq!(fault(&swapped), (2, Wrong::Identity));
        let mut duplicated = export();
        let twice = duplicated.chains[0].links[2].clone();
        duplicated.chains[0].links.insert(3, twice);
        assert_eq!(fault(&duplicated), (4, Wrong::Identity));
        let mut cut_off = export();
        cut_off.chains[0].links.truncate(4);
        assert_eq!(fault(&cut_off), (5, Wrong::Received));
        let mut doubled = export();
        let again = doubled.chains[0].clone();
        doubled.chains.push(again);
        assert_eq!(fault(&doubled), (0, Wrong::Twice));
    }

    #[test]
    fn a_history_that_was_made_anew_by_another_key_is_not_believed() {
        let mut forged = export();
        forged.chains[0] = chain(forged.session, 1, 5, &key(2));
        assert_eq!(fault(&forged), (1, Wrong::Signature));
        // Whoever forges everything can put another key into the file, but not into the server.
        forged.public_key = Some(key(2).public());
        forged.chains.truncate(1);
        assert!(verify(&forged, None).is_ok());
        let known = verify(&forged, Some(&key(1).public())).unwrap_err();
        assert_eq!(known.what, Wrong::Signature);
        let mut other_server = export();
        other_server.server_key = Some(key(8).public());
        assert_eq!(fault(&other_server), (5, Wrong::Receipt));
    }

    #[test]
    fn a_valid_event_of_another_session_is_not_of_this_one() {
        let mut export = export();
        export.chains[0] = chain(SessionId::derived(&[b"y"]), 1, 5, &key(1));
        assert_eq!(fault(&export), (1, Wrong::Identity));
    }

    #[test]
    fn what_the_server_could_not_store_keeps_its_place() {
        let mut export = export();
        let Link::Event(text) = &export.chains[0].links[2] else { panic!() };
        let hash = Hash::of(&envelope::open(text.as_bytes()).0);
        export.chains[0].links[2] = Link::Missing { hash, reason: "malformed".to_owned() };
        assert_eq!(verify(&export, None).map(|it| (it.events, it.missing)), Ok((7, 1)));
        export.chains[0].links[2] =
            Link::Missing { hash: Hash::ZERO, reason: "malformed".to_owned() };
        assert_eq!(fault(&export), (4, Wrong::Chain));
    }

    #[test]
    fn without_a_key_the_chain_alone_is_checked() {
        let mut export = export();
        export.public_key = None;
        assert_eq!(verify(&export, None).map(|it| it.signed), Ok(false));
        let Link::Event(text) = &mut export.chains[0].links[2] else { panic!() };
        *text = text.replace("\"intervals\":0", "\"intervals\":1");
        assert_eq!(fault(&export), (4, Wrong::Chain));
    }

    proptest! {
        #[test]
        fn no_changed_byte_of_an_event_goes_unnoticed(link in 0_usize..5, place in 0_usize..600, to in 32_u8..127) {
            let mut export = export();
            let Link::Event(text) = &mut export.chains[0].links[link] else { panic!() };
            let mut bytes = text.clone().into_bytes();
            let place = place % bytes.len();
            let before = std::mem::replace(&mut bytes[place], to);
            *text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(verify(&export, None).is_ok(), before == to);
        }
    }
}
