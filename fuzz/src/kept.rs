//! Reports as they were exported.

use inview::report::{Event, EventData, Hash, Identity, Receipt, SampledCamera, SessionEnded};
use inview::time::MediaTime;
use inview::trust::export::{Export, ExportedChain, FORMAT, Link, SignedReceipt};
use inview::trust::signature::{Signed, SigningKey};
use inview::trust::{envelope, told, verify};

use super::{INCARNATION, SESSION};

/// The session's key in [`genuine_export`].
pub(super) fn session_key() -> SigningKey {
    SigningKey::from_secret(&[1; 32])
}

/// An export in which all is well. It is also a seed.
pub fn genuine_export() -> Export {
    let (mut links, mut head) = (Vec::new(), Hash::ZERO);
    for seq in 1..=3 {
        let identity = Identity { session: SESSION, incarnation: INCARNATION, seq };
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(seq.cast_signed()),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        let body = serde_json::to_vec(&Event::new(&identity, head, None, data)).unwrap();
        head = Hash::of(&body);
        let sealed = envelope::seal(&body, &envelope::sign(&body, &session_key()));
        links.push(Link::Event(String::from_utf8(sealed).unwrap()));
    }
    let receipt = serde_json::to_string(&Receipt {
        session: SESSION,
        incarnation: INCARNATION,
        acked_seq: 3,
        head_hash: head,
        server_time: String::new(),
        results: Vec::new(),
    });
    let (receipt, server) = (receipt.unwrap(), SigningKey::from_secret(&[9; 32]));
    let receipt = SignedReceipt::alone(receipt, |head| server.sign(Signed::Receipts, head));
    let receipt = Some(receipt);
    Export {
        format: FORMAT.to_owned(),
        session: SESSION,
        public_key: Some(session_key().public()),
        server_key: Some(server.public()),
        chains: vec![ExportedChain { incarnation: INCARNATION, links, receipt }],
    }
}

/// An exported report: who has not the session's key makes no event that is believed.
pub fn export(bytes: &[u8]) {
    let Some(export) = told::read(bytes) else { return };
    let again = serde_json::to_vec(&export).unwrap();
    assert_eq!(told::read(&again).as_ref(), Some(&export));
    let key = session_key().public();
    let verdict = verify::verify(&export, Some(&key));
    assert_eq!(told::tell(&export, Some(&key)).is_good, verdict.is_ok());
    if verdict.is_err() {
        return;
    }
    let genuine = genuine_export();
    let known = &genuine.chains[0].links;
    for chain in &export.chains {
        for (place, link) in chain.links.iter().enumerate() {
            if let Link::Event(text) = link {
                assert_eq!(known.get(place), Some(link), "forged: {text}");
            }
        }
    }
}
