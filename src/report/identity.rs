//! Who a report is from and which one it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// One exam session of one candidate, or one replay of one recording under one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// One life of the program that reports. A spool that lost its tail must not use a sequence number
/// twice, so every start takes a new incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Incarnation(pub Uuid);

/// One interval: its opening and its closing report share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct IntervalId(pub Uuid);

/// What a proctor asks of an agent. The agent does it once, however often it is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

/// One exam that many candidates take: its sessions have one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ExamId(pub Uuid);

/// A person who signs in at the server. No report knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct AccountId(pub Uuid);

/// A message that the server sends by itself; the same for all whom it tells of one thing.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl MessageId {
    /// Depends on what it tells of, and on nothing else.
    pub fn derived(parts: &[&[u8]]) -> Self {
        Self(derived(parts))
    }
}

/// A UUID of version 8 that depends on nothing but the parts: same parts, same id.
fn derived(parts: &[&[u8]]) -> Uuid {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl SessionId {
    /// For replay: depends on the recording and on all that decides what is found in it, so that a
    /// replay that is started again continues its session, and another configuration gets its own.
    pub fn derived(parts: &[&[u8]]) -> Self {
        Self(derived(parts))
    }
}

impl Incarnation {
    /// For replay, which starts from the first frame each time and makes the same events again.
    pub fn of_replay(session: SessionId) -> Self {
        Self(derived(&[session.0.as_bytes(), b"incarnation"]))
    }
}

impl IntervalId {
    /// The `number`th interval (from 1) of a session: the same in each replay.
    pub fn derived(session: SessionId, number: u64) -> Self {
        Self(derived(&[session.0.as_bytes(), b"interval", &number.to_be_bytes()]))
    }

    /// For the server: its silence of a session since this time, in microseconds since 1970.
    pub fn of_silence(session: SessionId, since_micros: i64) -> Self {
        Self(derived(&[session.0.as_bytes(), b"silence", &since_micros.to_be_bytes()]))
    }
}

macro_rules! prints_as_uuid {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}
prints_as_uuid!(SessionId, Incarnation, IntervalId, CommandId, ExamId, AccountId);

/// The key of a report at the server. `seq` counts from 1 within an incarnation, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    pub session: SessionId,
    pub incarnation: Incarnation,
    pub seq: u64,
}

impl Identity {
    /// The `id` attribute of the event.
    pub fn event_id(&self) -> String {
        format!("{}-{}", self.incarnation.0.simple(), self.seq)
    }

    /// The `source` attribute of the event.
    pub fn event_source(&self) -> String {
        format!("urn:inview:session:{}", self.session)
    }

    /// Reads the identity back from `source` and `id`; `None` when they are not of that form.
    pub fn parse(source: &str, id: &str) -> Option<Self> {
        let session = source.strip_prefix("urn:inview:session:")?.parse().ok()?;
        let (incarnation, digits) = id.split_once('-')?;
        let incarnation = Incarnation(Uuid::try_parse(incarnation).ok()?);
        let identity = Self { session, incarnation, seq: digits.parse().ok()? };
        // One spelling only, or two texts would name one event.
        (identity.event_id() == id && identity.event_source() == source && identity.seq > 0)
            .then_some(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let session = SessionId::derived(&[b"recording"]);
        Identity { session, incarnation: Incarnation::of_replay(session), seq: 7 }
    }

    #[test]
    fn reads_back_what_it_writes() {
        let it = identity();
        assert_eq!(Identity::parse(&it.event_source(), &it.event_id()), Some(it));
    }

    #[test]
    fn refuses_other_spellings_of_the_same_identity() {
        let it = identity();
        let incarnation = it.incarnation.0.simple().to_string();
        for id in [
            format!("{incarnation}-07"),
            format!("{incarnation}-+7"),
            format!("{incarnation}-0"),
            format!("{}-7", incarnation.to_uppercase()),
            incarnation,
        ] {
            assert_eq!(Identity::parse(&it.event_source(), &id), None, "{id}");
        }
    }

    #[test]
    fn derived_ids_depend_on_every_part_and_its_borders() {
        assert_eq!(SessionId::derived(&[b"ab"]), SessionId::derived(&[b"ab"]));
        assert_ne!(SessionId::derived(&[b"ab", b"c"]), SessionId::derived(&[b"a", b"bc"]));
        let session = identity().session;
        assert_ne!(IntervalId::derived(session, 1), IntervalId::derived(session, 2));
    }
}
