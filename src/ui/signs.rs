//! What can be said to the candidate, and by which message.

use crate::report::Kind;

/// What the candidate can do to be seen better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    Waiting,
    AllGood,
    MoveLeft,
    MoveRight,
    MoveUp,
    MoveDown,
    ComeCloser,
    MoveBack,
    MoreLight,
    LitFromBehind,
    LensCovered,
    PictureFrozen,
    NobodyThere,
    FaceNotVisible,
    NoCamera,
    CameraBusy,
    CameraDenied,
    CameraRefused,
    CameraLost,
    DetectorFailed,
}

impl Hint {
    /// The message that says it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Waiting => "hint-waiting",
            Self::AllGood => "hint-all-good",
            Self::MoveLeft => "hint-move-left",
            Self::MoveRight => "hint-move-right",
            Self::MoveUp => "hint-move-up",
            Self::MoveDown => "hint-move-down",
            Self::ComeCloser => "hint-come-closer",
            Self::MoveBack => "hint-move-back",
            Self::MoreLight => "hint-more-light",
            Self::LitFromBehind => "hint-lit-from-behind",
            Self::LensCovered => "hint-lens-covered",
            Self::PictureFrozen => "hint-picture-frozen",
            Self::NobodyThere => "hint-nobody-there",
            Self::FaceNotVisible => "hint-face-not-visible",
            Self::NoCamera => "hint-no-camera",
            Self::CameraBusy => "hint-camera-busy",
            Self::CameraDenied => "hint-camera-denied",
            Self::CameraRefused => "hint-camera-refused",
            Self::CameraLost => "hint-camera-lost",
            Self::DetectorFailed => "hint-detector-failed",
        }
    }
}

/// Whether the candidate is seen. Each has a sign of its own shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Waiting,
    Seen,
    NotSeen,
    CannotLook,
}

impl Sight {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Waiting => "sight-waiting",
            Self::Seen => "sight-seen",
            Self::NotSeen => "sight-not-seen",
            Self::CannotLook => "sight-cannot-look",
        }
    }
}

/// What the candidate is told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    Away,
    FaceNotVisible,
    MultiplePeople,
    StillImage,
    Loop,
    CannotLook,
    /// Seen again, a moment ago.
    Back,
}

impl Notice {
    /// Nothing is to be mended.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Back)
    }

    pub const fn key(self) -> &'static str {
        match self {
            Self::Away => "notice-out-of-view",
            Self::FaceNotVisible => "notice-face-not-visible",
            Self::MultiplePeople => "notice-multiple-people",
            Self::StillImage => "notice-still-image",
            Self::Loop => "notice-loop",
            Self::CannotLook => "notice-cannot-look",
            Self::Back => "notice-back",
        }
    }
}

/// The message for a kind of interval.
pub const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::OutOfView => "kind-out-of-view",
        Kind::FaceNotVisible => "kind-face-not-visible",
        Kind::MultiplePeople => "kind-multiple-people",
        Kind::CameraCovered => "kind-camera-covered",
        Kind::TooDark => "kind-too-dark",
        Kind::FrozenPicture => "kind-frozen-picture",
        Kind::CameraLost => "kind-camera-lost",
        Kind::VirtualCamera => "kind-virtual-camera",
        Kind::SuspectedStillImage => "kind-suspected-still-image",
        Kind::SuspectedLoop => "kind-suspected-loop",
        Kind::AgentGap => "kind-agent-gap",
        Kind::ReportingGap => "kind-reporting-gap",
    }
}
