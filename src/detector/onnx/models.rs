//! The networks: compiled in, checked, optimised once, shared by all detectors of a process.
//!
//! Where each file comes from stands in `models/README.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::graph::Graph;
use super::plan::{Plan, Work};
use crate::detector::DetectorError;
use crate::geometry::Size;
use crate::report::{Hash, ModelIdentity};

/// A network as it is compiled in.
struct Embedded {
    name: &'static str,
    bytes: &'static [u8],
    sha256: &'static str,
}

const FACE: Embedded = Embedded {
    name: "face_yunet",
    bytes: include_bytes!("../../../models/face_yunet.onnx"),
    sha256: "c23598f9c03a58f2c2d23af05d73e0c20bb4401232c70a9ca24ba2e1ee7bcbbc",
};

const PERSON: Embedded = Embedded {
    name: "person_ssdlite_mnv2_coco5_300",
    bytes: include_bytes!("../../../models/person_ssdlite_mnv2_coco5_300.onnx"),
    sha256: "a8d57aca45d83f8412b2d5af7e37d670d7e1ccd3e12b4038417ce02f7afb58e8",
};

const SILHOUETTE: Embedded = Embedded {
    name: "person_selfie_144x256",
    bytes: include_bytes!("../../../models/person_selfie_144x256.onnx"),
    sha256: "cd5da48d90c18d345487e2d390adb508d29c5c352711521856e14b70cbe11baf",
};

/// The networks, ready to run. Costs a fraction of a second and some tens of megabytes: make it
/// once, and give each worker thread an [`super::Onnx`] with a clone of the same [`Arc`].
pub struct Models {
    face: Graph,
    /// By width and height of the input; there are at most eleven. Guards only itself.
    face_plans: Mutex<BTreeMap<(u32, u32), Arc<Plan>>>,
    person_plan: Arc<Plan>,
    /// Prepared when it is first asked for: in most exams it never is.
    silhouette_plan: Mutex<Option<Arc<Plan>>>,
    identities: [ModelIdentity; 3],
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models").field("identities", &self.identities).finish_non_exhaustive()
    }
}

impl Models {
    /// Checks all networks, and prepares those that every exam needs.
    pub fn load() -> Result<Arc<Self>, DetectorError> {
        let identities = [FACE.identity()?, PERSON.identity()?, SILHOUETTE.identity()?];
        let person = PERSON.parse()?;
        let side = super::layout::PERSON_SIDE;
        let person_plan = PERSON.plan(&person, Size::new(side, side))?;
        let face = FACE.parse()?;
        let (face_plans, silhouette_plan) = Default::default();
        Ok(Arc::new(Self { face, face_plans, person_plan, silhouette_plan, identities }))
    }

    pub(super) const fn identities(&self) -> &[ModelIdentity] {
        &self.identities
    }

    /// The face network for an input of this size; prepared at the first call.
    pub fn face_network(&self, input: Size) -> Result<Network, DetectorError> {
        Ok(Network::new(FACE.name, self.face_plan(input)?))
    }

    fn face_plan(&self, input: Size) -> Result<Arc<Plan>, DetectorError> {
        let mut plans = self.face_plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&(input.width, input.height)) {
            return Ok(Arc::clone(plan));
        }
        let plan = FACE.plan(&self.face, input)?;
        tracing::debug!(width = input.width, height = input.height, "face network ready");
        plans.insert((input.width, input.height), Arc::clone(&plan));
        Ok(plan)
    }

    pub(super) fn person_network(&self) -> Network {
        Network::new(PERSON.name, Arc::clone(&self.person_plan))
    }

    pub(super) fn silhouette_network(&self, input: Size) -> Result<Network, DetectorError> {
        let mut prepared = self.silhouette_plan.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = match prepared.take() {
            Some(plan) => plan,
            None => SILHOUETTE.plan(&SILHOUETTE.parse()?, input)?,
        };
        Ok(Network::new(SILHOUETTE.name, Arc::clone(prepared.insert(plan))))
    }
}

impl Embedded {
    /// Name and checksum, after a look whether the bytes are the ones that were measured.
    fn identity(&self) -> Result<ModelIdentity, DetectorError> {
        let sha256 = Hash::of(self.bytes);
        if sha256.to_string() == self.sha256 {
            Ok(ModelIdentity { name: self.name.to_owned(), sha256 })
        } else {
            let found = sha256.to_string();
            Err(DetectorError::WrongChecksum { name: self.name.to_owned(), found })
        }
    }

    fn parse(&self) -> Result<Graph, DetectorError> {
        Graph::read(self.bytes).map_err(|error| self.load_error(&error))
    }

    fn plan(&self, graph: &Graph, input: Size) -> Result<Arc<Plan>, DetectorError> {
        graph.plan(input).map(Arc::new).map_err(|error| self.load_error(&error))
    }

    fn load_error(&self, error: &dyn fmt::Display) -> DetectorError {
        DetectorError::Load { name: self.name.to_owned(), reason: format!("{error:#}") }
    }
}

/// A plan with what it runs in: belongs to one thread.
#[derive(Debug)]
pub struct Network {
    name: &'static str,
    plan: Arc<Plan>,
    work: Work,
}

impl Network {
    fn new(name: &'static str, plan: Arc<Plan>) -> Self {
        let work = plan.work();
        Self { name, plan, work }
    }

    /// Lets `fill` write the input, in the order planes, rows, columns; then runs the network.
    pub fn run<E: fmt::Display>(
        &mut self,
        fill: impl FnOnce(&mut [f32]) -> Result<(), E>,
    ) -> Result<(), DetectorError> {
        fill(self.plan.input(&mut self.work)).map_err(|error| self.failed(error.to_string()))?;
        self.plan.run(&mut self.work);
        Ok(())
    }

    /// The values of an output of the last run, in order.
    pub fn values(&self, index: usize) -> Result<&[f32], DetectorError> {
        let values = self.plan.output(&self.work, index);
        values.ok_or_else(|| self.failed(format!("no output {index}")))
    }

    fn failed(&self, reason: String) -> DetectorError {
        DetectorError::Run { name: self.name.to_owned(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_models_are_the_ones_that_were_measured() {
        let sums = include_str!("../../../models/SHA256SUMS");
        for embedded in [FACE, PERSON, SILHOUETTE] {
            assert!(embedded.identity().is_ok(), "{}", embedded.name);
            let line = format!("{}  {}.onnx", embedded.sha256, embedded.name);
            assert!(sums.lines().any(|sum| sum == line), "{line}");
        }
    }

    #[test]
    fn a_damaged_model_is_refused_by_name() {
        let mut bytes = FACE.bytes.to_vec();
        bytes[1000] ^= 1;
        let damaged = Embedded { bytes: bytes.leak(), ..FACE };
        let error = damaged.identity().unwrap_err();
        assert!(matches!(error, DetectorError::WrongChecksum { .. }), "{error}");
        assert!(error.to_string().starts_with("model face_yunet is damaged"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_network_is_refused() {
        let error = Embedded { bytes: b"nonsense", ..FACE }.parse().unwrap_err();
        assert!(matches!(error, DetectorError::Load { .. }), "{error}");
    }
}
