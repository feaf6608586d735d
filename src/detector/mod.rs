//! Finds faces and people in a frame.

mod scripted;

pub use scripted::{ScriptError, Scripted};

#[cfg(feature = "detect")]
pub mod onnx;

use crate::detection::{Detection, Silhouette};
use crate::frame::Frame;
use crate::geometry::BoundingBox;
use crate::report::ModelIdentity;

/// Looks at a frame: for faces, cheap, for a face where one was, a part of that, and for bodies,
/// several times dearer; seldom, for silhouettes. The caller decides which is worth its price.
pub trait Detector {
    /// Faces, best first, overlapping ones removed.
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError>;

    /// Faces around `face`, where one was a moment ago; what is elsewhere may be missing. A detector
    /// that has no cheaper way looks everywhere.
    fn faces_near(
        &mut self,
        frame: &Frame,
        face: BoundingBox,
    ) -> Result<Vec<Detection>, DetectorError> {
        let _ = face;
        self.faces(frame)
    }

    /// Bodies or parts of them, best first, overlapping ones removed.
    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError>;

    /// Where people are in a picture, point by point. A detector that cannot tell says nothing.
    fn silhouette(&mut self, picture: &Frame) -> Result<Option<Silhouette>, DetectorError> {
        let _ = picture;
        Ok(None)
    }

    /// What the finds rest on; goes into each report.
    fn models(&self) -> &[ModelIdentity];
}

impl<D: Detector + ?Sized> Detector for Box<D> {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        (**self).faces(frame)
    }

    fn faces_near(
        &mut self,
        frame: &Frame,
        face: BoundingBox,
    ) -> Result<Vec<Detection>, DetectorError> {
        (**self).faces_near(frame, face)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        (**self).people(frame)
    }

    fn silhouette(&mut self, picture: &Frame) -> Result<Option<Silhouette>, DetectorError> {
        (**self).silhouette(picture)
    }

    fn models(&self) -> &[ModelIdentity] {
        (**self).models()
    }
}

/// Why a detector could not be made or could not look.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    #[error("model {name} is damaged: its SHA-256 is {found}")]
    WrongChecksum { name: String, found: String },
    #[error("model {name} cannot be loaded: {reason}")]
    Load { name: String, reason: String },
    #[error("model {name} failed: {reason}")]
    Run { name: String, reason: String },
}
