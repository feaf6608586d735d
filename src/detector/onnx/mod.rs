//! Faces by `YuNet`, people by `SSDLite`, silhouettes by `MediaPipe`'s selfie segmentation, all on the
//! processor, in one thread.
//!
//! ```text
//! Frame ──preprocess──> tensor ──network──> outputs ──postprocess──> Vec<Detection>
//! ```
//!
//! A face is looked for everywhere, or in a small window around where it was: the same network on a
//! ninth of the pixels.
//!
//! [`Models`] holds what all threads share; an [`Onnx`] holds what one thread needs: for each of
//! the looks the tables for the frame size at hand, and the space that the network runs in.
//! They are made at the first frame and again when the size of the frames changes; those for silhouettes,
//! which are asked for once in minutes, for each one.
//!
//! `file` is the networks as they are stored, `graph` makes a `plan` of them, whose steps are
//! `operators`, most of them our `kernels`. `resample` serves only `preprocess`; [`layout`], the map between
//! frame and tensor, is shared, because all ends must agree on it.
//!
//! Scores below [`postprocess::FACE_FLOOR`] and [`postprocess::PERSON_FLOOR`] are dropped; what
//! counts as present is the policy's affair. Same frame, same machine: same bytes.

mod file;
mod graph;
mod kernels;
pub mod layout;
mod models;
mod operators;
mod plan;
pub mod postprocess;
pub mod preprocess;
mod resample;

use std::sync::Arc;

use layout::Layout;
pub use models::{Models, Network};
use preprocess::{Input, Preprocessor};

use super::{Detector, DetectorError};
use crate::detection::{Detection, Silhouette};
use crate::frame::Frame;
use crate::geometry::{BoundingBox, Size};
use crate::report::ModelIdentity;

/// The detector of one thread.
#[derive(Debug)]
pub struct Onnx {
    models: Arc<Models>,
    brighten: bool,
    face: Option<Stage>,
    near: Option<Stage>,
    person: Option<Stage>,
}

/// One network, set up for an input of one size.
#[derive(Debug)]
struct Stage {
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
        Self { models, brighten: true, face: None, near: None, person: None }
    }

    /// Whether dark frames are brightened before the look for faces; they are by default.
    #[must_use]
    pub fn brighten(self, brighten: bool) -> Self {
        Self { brighten, face: None, near: None, ..self }
    }

    fn face_stage(&self, layout: Layout) -> Result<Stage, DetectorError> {
        let input = Input::Faces { brighten: self.brighten };
        Stage::new(input, layout, |size| self.models.face_network(size))
    }
}

impl Stage {
    fn new(
        input: Input,
        layout: Layout,
        network: impl FnOnce(Size) -> Result<Network, DetectorError>,
    ) -> Result<Self, DetectorError> {
        let network = network(layout.tensor)?;
        Ok(Self { preprocessor: Preprocessor::of(input, layout), network })
    }

    const fn is_for(&self, frame: Size) -> bool {
        let own = self.preprocessor.layout().frame;
        own.width == frame.width && own.height == frame.height
    }

    /// Runs the network on the frame and hands the values of its first `N` outputs to `decode`.
    fn look<const N: usize, T>(
        &mut self,
        frame: &Frame,
        decode: impl FnOnce([&[f32]; N], Layout) -> T,
    ) -> Result<T, DetectorError> {
        let preprocessor = &mut self.preprocessor;
        self.network.run(|tensor| preprocessor.fill(frame, tensor))?;
        let mut values = [&[][..]; N];
        for (index, values) in values.iter_mut().enumerate() {
            *values = self.network.values(index)?;
        }
        Ok(decode(values, self.preprocessor.layout()))
    }
}

impl Detector for Onnx {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        if frame.size.is_empty() {
            return Ok(Vec::new());
        }
        let stage = match self.face.take().filter(|stage| stage.is_for(frame.size)) {
            Some(stage) => stage,
            None => self.face_stage(Layout::of_faces(frame.size))?,
        };
        self.face.insert(stage).look(frame, postprocess::faces)
    }

    fn faces_near(
        &mut self,
        frame: &Frame,
        face: BoundingBox,
    ) -> Result<Vec<Detection>, DetectorError> {
        let Some(layout) = Layout::near_face(frame.size, &face) else { return self.faces(frame) };
        let mut stage = match self.near.take() {
            Some(stage) => stage,
            None => self.face_stage(layout)?,
        };
        stage.preprocessor.follow(layout);
        self.near.insert(stage).look(frame, postprocess::faces)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        if frame.size.is_empty() {
            return Ok(Vec::new());
        }
        let stage = match self.person.take().filter(|stage| stage.is_for(frame.size)) {
            Some(stage) => stage,
            None => Stage::new(Input::People, Layout::of_people(frame.size), |_| {
                Ok(self.models.person_network())
            })?,
        };
        self.person
            .insert(stage)
            .look(frame, |[scores, boxes], layout| postprocess::people(scores, boxes, layout))
    }

    fn silhouette(&mut self, picture: &Frame) -> Result<Option<Silhouette>, DetectorError> {
        if picture.size.is_empty() {
            return Ok(None);
        }
        let layout = Layout::of_silhouette(picture.size);
        let network = |input| self.models.silhouette_network(input);
        let mut stage = Stage::new(Input::Silhouette, layout, network)?;
        let silhouette = stage.look(picture, |[shares]: [&[f32]; 1], layout| Silhouette {
            size: layout.tensor,
            shares: shares.to_vec(),
        })?;
        Ok(Some(silhouette))
    }

    fn models(&self) -> &[ModelIdentity] {
        self.models.identities()
    }
}
