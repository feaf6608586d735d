//! Reports and heartbeats, at the server.

use inview::report::{Event, Hash, MAX_BATCH_EVENTS};
use inview::server::ingest::says::Says;
use inview::server::ingest::{batch as server_batch, heartbeat as server_heartbeat};
use inview::trust::envelope;

use super::SESSION;

/// A batch of events at the server: what is taken is what came, and is taken again.
pub fn batch(bytes: &[u8]) {
    let Ok(batch) = server_batch::parse(bytes, SESSION) else { return };
    assert!((1..=MAX_BATCH_EVENTS).contains(&batch.len()));
    let mut sealed = Vec::new();
    for received in &batch {
        assert_eq!(received.hash, Hash::of(&received.body));
        let came = match &received.signature {
            Some(signature) => envelope::seal(&received.body, signature),
            None => received.body.clone(),
        };
        assert_eq!(envelope::open(&came), (received.body.clone(), received.signature));
        assert!(bytes.windows(came.len()).any(|part| part == came), "not the bytes that came");
        if let Ok(arrived) = &received.event {
            // Whichever way it was read, it is what its bytes say.
            let event: Event = serde_json::from_slice(&received.body).unwrap();
            let identity = arrived.identity;
            assert_eq!((identity.session, event.identity()), (SESSION, Some(identity)));
            assert_eq!(event.prevhash, arrived.prevhash);
            let stored = serde_json::to_vec(&event).unwrap();
            serde_json::from_slice::<Event>(&stored).unwrap();
            assert_eq!(Says::of(event), arrived.says);
        }
        sealed.push(came);
    }
    let again = [b"[".as_slice(), &sealed.join(&b","[..]), b"]"].concat();
    let again = server_batch::parse(&again, SESSION).unwrap();
    let of = |batch: &[server_batch::Received]| -> Vec<(Hash, bool)> {
        batch.iter().map(|it| (it.hash, it.event.is_ok())).collect()
    };
    assert_eq!(of(&again), of(&batch));
}

/// A heartbeat at the server: it survives being written again.
pub fn heartbeat(bytes: &[u8]) {
    let Ok(heartbeat) = server_heartbeat::parse(bytes) else { return };
    let again = serde_json::to_vec(&heartbeat).unwrap();
    assert_eq!(server_heartbeat::parse(&again).as_ref(), Ok(&heartbeat));
}
