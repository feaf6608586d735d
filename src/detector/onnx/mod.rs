//! Faces by `YuNet`, people by `SSDLite`, both run by tract on the processor, in one thread.
//!
//! ```text
//! Frame ──preprocess──> tensor ──network──> outputs ──postprocess──> Vec<Detection>
//! ```
//!
//! [`Models`] holds what all threads share; an [`Onnx`] holds what one thread needs: for each of
//! the two networks the tables for the frame size at hand, a tensor to fill and the state of tract.
//! They are made at the first frame and again when the size of the frames changes.
//!
//! `resample` serves only `preprocess`; [`Layout`], the map between frame and tensor, lives there and
//! is shared, because all ends must agree on it.
//!
//! Scores below [`postprocess::FACE_FLOOR`] and [`postprocess::PERSON_FLOOR`] are dropped; what
//! counts as present is the policy's affair. Same frame, same machine: same bytes.

mod models;
pub mod postprocess;
pub mod preprocess;
mod resample;

use std::sync::Arc;

pub use models::Models;
use models::Network;
use preprocess::{Input, Layout, Preprocessor};

use super::{Detector, DetectorError};
use crate::detection::Detection;
use crate::frame::Frame;
use crate::geometry::Size;
use crate::report::ModelIdentity;

/// The detector of one thread.
#[derive(Debug)]
pub struct Onnx {
    models: Arc<Models>,
    brighten: bool,
    face: Option<Stage>,
    person: Option<Stage>,
}

/// One network, set up for frames of one size.
#[derive(Debug)]
struct Stage {
    frame: Size,
    preprocessor: Preprocessor,
    network: Network,
}

impl Onnx {
    /// Loads the models for this detector alone.
    pub fn new() -> Result<Self, DetectorError> {
        Ok(Self::with(Models::load()?))
    }

    /// A detector over models that others use too.
    pub const fn with(models: Arc<Models>) -> Self {
        Self { models, brighten: true, face: None, person: None }
    }

    /// Whether dark frames are brightened before the look for faces; they are by default.
    #[must_use]
    pub fn brighten(self, brighten: bool) -> Self {
        Self { brighten, face: None, ..self }
    }
}

impl Stage {
    fn new(
        input: Input,
        frame: &Frame,
        network: impl FnOnce(Size) -> Result<Network, DetectorError>,
    ) -> Result<Self, DetectorError> {
        let preprocessor = Preprocessor::new(input, frame.size);
        let network = network(preprocessor.layout().tensor)?;
        Ok(Self { frame: frame.size, preprocessor, network })
    }

    /// Runs the network on the frame and hands the values of its first `N` outputs to `decode`.
    fn look<const N: usize>(
        &mut self,
        frame: &Frame,
        decode: impl FnOnce([&[f32]; N], Layout) -> Vec<Detection>,
    ) -> Result<Vec<Detection>, DetectorError> {
        let preprocessor = &mut self.preprocessor;
        let outputs = self.network.run(|tensor| preprocessor.fill(frame, tensor))?;
        let mut values = [&[][..]; N];
        for (index, values) in values.iter_mut().enumerate() {
            *values = self.network.values(&outputs, index)?;
        }
        Ok(decode(values, self.preprocessor.layout()))
    }
}

impl Detector for Onnx {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        if frame.size.is_empty() {
            return Ok(Vec::new());
        }
        let fits = |stage: &Stage| stage.frame == frame.size;
        let stage = match self.face.take().filter(fits) {
            Some(stage) => stage,
            None => Stage::new(Input::Faces { brighten: self.brighten }, frame, |input| {
                self.models.face_network(input)
            })?,
        };
        self.face.insert(stage).look(frame, postprocess::faces)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        if frame.size.is_empty() {
            return Ok(Vec::new());
        }
        let fits = |stage: &Stage| stage.frame == frame.size;
        let stage = match self.person.take().filter(fits) {
            Some(stage) => stage,
            None => Stage::new(Input::People, frame, |input| self.models.person_network(input))?,
        };
        self.person
            .insert(stage)
            .look(frame, |[scores, boxes], layout| postprocess::people(scores, boxes, layout))
    }

    fn models(&self) -> &[ModelIdentity] {
        self.models.identities()
    }
}
