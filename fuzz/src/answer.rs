//! The server's answers, at the agent.

use inview::report::{Enrolment, HeartbeatAnswer, Receipt};
use inview::trust::signature::{Signed, SigningKey};
use inview::trust::tree::{self, Inclusion};
use inview::upload::judge_enrolment;
use inview::upload::policy::{Answer, Verdict, Vouched, judge, judge_heartbeat, retry_after};

use super::{INCARNATION, SESSION};

/// An answer at the agent: what the server has not signed acknowledges nothing, and what it has signed
/// only if it is a receipt for these reports. Two bytes of status, then the body; or a way in a tree.
pub fn answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first_chunk() else { return };
    let status = u16::from_be_bytes(*status);
    if let Ok(way) = std::str::from_utf8(body).unwrap_or_default().parse::<Inclusion>() {
        assert_eq!(way.to_string().as_bytes(), body);
        let alone = Inclusion::alone();
        let head = |way: &Inclusion| way.head(tree::leaf(b"{}"));
        assert!(way == alone || head(&way) != head(&alone));
    }
    if let Some(wait) = std::str::from_utf8(body).ok().and_then(retry_after) {
        let most = inview::backoff::RETRY_AFTER_CAP + inview::backoff::BASE;
        assert!(inview::backoff::delay(1, 0.5, Some(wait)) <= most);
    }
    let answered = |vouched| Answer { status, retry_after: None, body: body.to_vec(), vouched };
    let unsigned = judge(&answered(None), SESSION, INCARNATION);
    assert!(!matches!(unsigned, Verdict::Acknowledged(_)));
    let key = SigningKey::from_secret(&[9; 32]);
    let head = tree::head(1, &tree::leaf(body));
    let signature = key.sign(Signed::Receipts, head.as_bytes());
    let seal = (Some(signature), Some(Inclusion::alone()));
    let vouched = Vouched::check(key.public(), body, seal);
    if let Verdict::Acknowledged(receipt) = judge(&answered(vouched), SESSION, INCARNATION) {
        assert!((200..300).contains(&status));
        assert_eq!((receipt.session, receipt.incarnation), (SESSION, INCARNATION));
        let again = serde_json::to_vec(&receipt).unwrap();
        assert_eq!(serde_json::from_slice::<Receipt>(&again).unwrap(), receipt);
    }
    if let Ok(answer) = judge_heartbeat(&answered(None)) {
        assert!((200..300).contains(&status));
        let again = serde_json::to_vec(&answer).unwrap();
        assert_eq!(serde_json::from_slice::<HeartbeatAnswer>(&again).unwrap(), answer);
    }
    if let Ok(enrolment) = judge_enrolment(&answered(None)) {
        assert_eq!(status, 200);
        let again = serde_json::to_vec(&enrolment).unwrap();
        assert_eq!(serde_json::from_slice::<Enrolment>(&again).unwrap(), enrolment);
    }
}
