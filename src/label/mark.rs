//! What can be marked, and by which key.

use crate::report::Kind;
use crate::score::{Label, State, What};

/// One lane of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    OutOfView,
    FaceNotVisible,
    MultiplePeople,
    CameraCovered,
    TooDark,
    FrozenPicture,
    CameraLost,
    PhotoHeldUp,
    /// What was there before is played again.
    Repeats,
    /// Nobody counted the people: company is not scored.
    NotCounted,
    /// Not scored at all: may be called either way.
    Ignore,
}

/// Where several states are marked at once, the first of these counts: it sees least.
const RANK: [Mark; 7] = [
    Mark::CameraLost,
    Mark::CameraCovered,
    Mark::TooDark,
    Mark::FrozenPicture,
    Mark::PhotoHeldUp,
    Mark::OutOfView,
    Mark::FaceNotVisible,
];

impl Mark {
    /// In the order of the lanes.
    pub const ALL: [Self; 11] = [
        Self::OutOfView,
        Self::FaceNotVisible,
        Self::MultiplePeople,
        Self::CameraCovered,
        Self::TooDark,
        Self::FrozenPicture,
        Self::CameraLost,
        Self::PhotoHeldUp,
        Self::Repeats,
        Self::NotCounted,
        Self::Ignore,
    ];

    /// The letter on its key.
    pub const fn key(self) -> char {
        match self {
            Self::OutOfView => 'o',
            Self::FaceNotVisible => 'f',
            Self::MultiplePeople => 'm',
            Self::CameraCovered => 'c',
            Self::TooDark => 'd',
            Self::FrozenPicture => 'z',
            Self::CameraLost => 'x',
            Self::PhotoHeldUp => 'p',
            Self::Repeats => 'r',
            Self::NotCounted => 'u',
            Self::Ignore => 'i',
        }
    }

    /// What a person reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PhotoHeldUp => "photo held up",
            Self::Repeats => "loop",
            Self::NotCounted => "people not counted",
            Self::Ignore => "ignore",
            Self::OutOfView => Kind::OutOfView.description(),
            Self::FaceNotVisible => Kind::FaceNotVisible.description(),
            Self::MultiplePeople => Kind::MultiplePeople.description(),
            Self::CameraCovered => Kind::CameraCovered.description(),
            Self::TooDark => Kind::TooDark.description(),
            Self::FrozenPicture => Kind::FrozenPicture.description(),
            Self::CameraLost => Kind::CameraLost.description(),
        }
    }

    /// When it is true, and when not: what the help says.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::OutOfView => {
                "Nobody is in the picture: from the first frame with nothing of the person to the first \
                 with something again. People far away, on posters or on screens are nobody."
            }
            Self::FaceNotVisible => {
                "A part of the person is there, but no usable face: turned away, hidden, cut off. \
                 A profile is a usable face."
            }
            Self::MultiplePeople => {
                "Two real people or more, also when one is cut off by the edge. \
                 Holds beside everything else."
            }
            Self::CameraCovered => "Something is on the lens: nothing of the room can be seen.",
            Self::TooDark => "Too dark for you to say whether somebody is there.",
            Self::FrozenPicture => {
                "The same picture again and again. Somebody who sits still moves."
            }
            Self::CameraLost => "The recording shows no camera picture, but a notice or nothing.",
            Self::PhotoHeldUp => {
                "A photo or a screen is in the person's place. It is scored apart."
            }
            Self::Repeats => {
                "What was there before is played again, from the first frame of the second time. \
                 Holds beside everything else."
            }
            Self::NotCounted => "You cannot say how many people are there. Company is not scored.",
            Self::Ignore => {
                "May be called either way: half a face at the edge, a blur on the way out. \
                 Nothing is scored here. Keep it short."
            }
        }
    }

    /// The kind of interval that the tool reports for it.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::OutOfView => Some(Kind::OutOfView),
            Self::FaceNotVisible => Some(Kind::FaceNotVisible),
            Self::MultiplePeople => Some(Kind::MultiplePeople),
            Self::CameraCovered => Some(Kind::CameraCovered),
            Self::TooDark => Some(Kind::TooDark),
            Self::FrozenPicture => Some(Kind::FrozenPicture),
            Self::CameraLost => Some(Kind::CameraLost),
            Self::PhotoHeldUp => Some(Kind::SuspectedStillImage),
            Self::Repeats => Some(Kind::SuspectedLoop),
            Self::NotCounted | Self::Ignore => None,
        }
    }

    /// The mark for what the tool reports.
    pub fn of_kind(kind: Kind) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.kind() == Some(kind))
    }

    /// Whether a label of a truth file says this.
    pub(super) fn holds_in(self, label: &Label) -> bool {
        match self {
            Self::MultiplePeople => label.in_company(),
            Self::NotCounted => label.people.is_none(),
            Self::Repeats => label.repeats,
            Self::Ignore => false,
            Self::OutOfView
            | Self::FaceNotVisible
            | Self::CameraCovered
            | Self::TooDark
            | Self::FrozenPicture
            | Self::CameraLost
            | Self::PhotoHeldUp => label.what() == self.what(),
        }
    }

    fn what(self) -> What {
        match (self, self.kind()) {
            (Self::PhotoHeldUp, _) => What::PhotoHeldUp,
            (_, Some(kind)) => What::Kind(kind),
            (_, None) => What::InView,
        }
    }

    /// State and reason in truth files, of the marks that hold at one moment.
    pub(super) fn state_of(marks: &[Self]) -> (State, Option<&'static str>) {
        let first = RANK.into_iter().find(|mark| marks.contains(mark));
        match first {
            Some(Self::CameraLost) => (State::NoPicture, Some("camera_lost")),
            Some(Self::CameraCovered) => (State::NoPicture, Some("lens_covered")),
            Some(Self::TooDark) => (State::NoPicture, Some("too_dark")),
            Some(Self::FrozenPicture) => (State::NoPicture, Some("frozen")),
            Some(Self::PhotoHeldUp) => (State::OutOfView, Some("photo_held_up")),
            Some(Self::OutOfView) => (State::OutOfView, None),
            Some(Self::FaceNotVisible) => (State::FaceHidden, None),
            Some(Self::MultiplePeople | Self::Repeats | Self::NotCounted | Self::Ignore) | None => {
                (State::InView, None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_mark_has_a_key_of_its_own_and_each_reported_kind_a_mark() {
        let keys: BTreeSet<char> = Mark::ALL.into_iter().map(Mark::key).collect();
        assert_eq!(keys.len(), Mark::ALL.len());
        for kind in Kind::ALL {
            let is_of_recordings =
                !matches!(kind, Kind::VirtualCamera | Kind::AgentGap | Kind::ReportingGap);
            assert_eq!(Mark::of_kind(kind).is_some(), is_of_recordings, "{kind:?}");
        }
    }
}
