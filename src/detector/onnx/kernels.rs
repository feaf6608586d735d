//! The operators of the domain `inview`, of which the networks are made.
//!
//! `models/convert/fuse.py` writes them in place of the standard ones and describes them; the
//! arithmetic is in the package `inview-kernels`.

use std::ops::RangeInclusive;
use std::sync::Arc;

use inview_kernels::{
    Activation, Block, Depthwise, Extent, Filter, Pointwise, Scratch, Stem, double, double_and_add,
    halve, mean, spread,
};

use super::file::{FileError, Node};

impl Kernel {
    /// The operator of a node of the domain `inview`.
    pub(super) fn read(node: &Node) -> Result<Self, FileError> {
        let weights = Weights { node };
        match node.operator.as_str() {
            "Stem" => weights.stem(),
            "Block" => weights.block(),
            "Halve" => Ok(Self::Halve),
            "DoubleAndAdd" => Ok(Self::DoubleAndAdd),
            "Filter" => weights.filter(),
            "Mean" => Ok(Self::Mean),
            "Double" => Ok(Self::Double),
            "Spread" => Ok(Self::Spread),
            _ => Err(FileError::graph(format!("{node} is not known"))),
        }
    }
}

/// The attributes of a node.
#[derive(Clone, Copy)]
struct Weights<'a> {
    node: &'a Node,
}

impl Weights<'_> {
    fn wrong(self, reason: &str) -> FileError {
        FileError::graph(format!("{}: {reason}", self.node))
    }

    fn stem(self) -> Result<Kernel, FileError> {
        let made = Stem::new(
            &self.node.floats("stem_weights")?,
            &self.node.floats("stem_biases")?,
            self.node.number("before")?,
            self.activation("stem_activation")?,
        );
        made.map(|stem| Kernel::Stem(Arc::new(stem)))
            .ok_or_else(|| self.wrong("the weights do not fit"))
    }

    fn block(self) -> Result<Kernel, FileError> {
        let depthwise = self.node.has("depthwise_weights").then(|| self.depthwise()).transpose()?;
        let (expand, project) = (self.pointwise("expand")?, self.pointwise("project")?);
        let block = Block::new(expand, depthwise, project);
        let block = block.ok_or_else(|| self.wrong("the parts do not fit each other"))?;
        Ok(Kernel::Block(Arc::new(block)))
    }

    fn activation(self, name: &str) -> Result<Activation, FileError> {
        match self.node.text(name)? {
            "none" => Ok(Activation::None),
            "relu" => Ok(Activation::Relu),
            "relu6" => Ok(Activation::Relu6),
            "hard_swish" => Ok(Activation::HardSwish),
            other => Err(self.wrong(&format!("no activation is called {other}"))),
        }
    }

    fn depthwise(self) -> Result<Depthwise, FileError> {
        let shape = (self.node.number("stride")?, self.node.number("before")?);
        let (weights, biases) =
            (self.node.floats("depthwise_weights")?, self.node.floats("depthwise_biases")?);
        Depthwise::new(&weights, &biases, shape, self.activation("depthwise_activation")?)
            .ok_or_else(|| self.wrong("the depthwise weights do not fit"))
    }

    fn filter(self) -> Result<Kernel, FileError> {
        let shape = (self.node.number("stride")?, self.node.number("before")?);
        let (weights, biases) =
            (self.node.floats("filter_weights")?, self.node.floats("filter_biases")?);
        let filter = Filter::new(&weights, &biases, shape, self.activation("filter_activation")?);
        let filter = filter.ok_or_else(|| self.wrong("the weights do not fit"))?;
        Ok(Kernel::Filter(Arc::new(filter)))
    }

    fn pointwise(self, part: &str) -> Result<Option<Pointwise>, FileError> {
        let (weights, biases) = (format!("{part}_weights"), format!("{part}_biases"));
        if !self.node.has(&weights) {
            return Ok(None);
        }
        let activation = self.activation(&format!("{part}_activation"))?;
        Pointwise::new(&self.node.floats(&weights)?, &self.node.floats(&biases)?, activation)
            .ok_or_else(|| self.wrong(&format!("the {part} weights do not fit")))
            .map(Some)
    }
}

/// One node of a network.
#[derive(Clone, Debug)]
pub(super) enum Kernel {
    Stem(Arc<Stem>),
    Block(Arc<Block>),
    Filter(Arc<Filter>),
    Halve,
    DoubleAndAdd,
    Mean,
    Double,
    Spread,
}

impl Kernel {
    /// This one and the next as one, where what lies between them need not be made.
    pub(super) fn before(&self, next: &Self) -> Option<Self> {
        let joined = match (self, next) {
            (Self::Stem(stem), Self::Block(block)) => block.after(stem),
            (Self::Block(block), Self::Halve) => block.halved(),
            (_, _) => None,
        };
        joined.map(|block| Self::Block(Arc::new(block)))
    }

    /// Size and channels of a first input of shape `[1, first, second, third]`: planes, or pixels.
    fn picture(&self, [first, second, third]: [usize; 3]) -> (Extent, usize) {
        let planes = match self {
            Self::Stem(_) => true,
            Self::Block(block) => block.has_stem(),
            Self::Filter(_)
            | Self::Halve
            | Self::DoubleAndAdd
            | Self::Mean
            | Self::Double
            | Self::Spread => false,
        };
        if planes {
            (Extent::new(second, third), first)
        } else {
            (Extent::new(first, second), third)
        }
    }

    /// How many it takes.
    pub(super) const fn inputs(&self) -> RangeInclusive<usize> {
        match self {
            Self::Stem(_)
            | Self::Filter(_)
            | Self::Halve
            | Self::Mean
            | Self::Double
            | Self::Spread => 1..=1,
            Self::Block(_) => 1..=2,
            Self::DoubleAndAdd => 2..=2,
        }
    }

    /// Shape of the result for the shapes of the inputs.
    pub(super) fn result(&self, inputs: &[Vec<usize>]) -> Result<[usize; 4], FileError> {
        let &[1, first, second, third] = &inputs[0][..] else {
            return Err(FileError::graph(format!("{:?} is not one picture", inputs[0])));
        };
        let (from, given) = self.picture([first, second, third]);
        let doubled = Extent::new(from.height * 2, from.width * 2);
        let (extent, channels) = match self {
            Self::Stem(stem) => (Stem::result(from), stem.outputs()),
            Self::Block(block) => (block.result(from), block.outputs()),
            Self::Halve => (Extent::new(from.height / 2, from.width / 2), third),
            Self::Filter(filter) => (filter.result(from), filter.channels()),
            Self::DoubleAndAdd | Self::Double => (doubled, third),
            Self::Mean => (Extent::new(1, 1), third),
            Self::Spread if third == 4 => (doubled, 1),
            Self::Spread => {
                return Err(FileError::graph(format!("{third} channels are not four pixels")));
            }
        };
        let result = [1, extent.height, extent.width, channels];
        let fits = match self {
            Self::Stem(_) => given == Stem::PLANES,
            Self::Block(block) => block.inputs() == given,
            Self::Filter(filter) => filter.channels() == given,
            Self::Halve | Self::DoubleAndAdd | Self::Mean | Self::Double | Self::Spread => true,
        };
        if fits && inputs[1..].iter().all(|more| more[..] == result) {
            Ok(result)
        } else {
            Err(FileError::graph(format!("{inputs:?} do not fit")))
        }
    }

    /// Makes the result of a first input of shape `[1, first, second, third]`.
    pub(super) fn run<'a>(
        &self,
        sides: [usize; 3],
        read: impl Fn(usize) -> &'a [f32],
        more: bool,
        to: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (from, (extent, channels)) = (read(0), self.picture(sides));
        match self {
            Self::Stem(stem) => stem.run(from, extent, to),
            Self::Block(block) => {
                block.run(from, extent, if more { read(1) } else { &[] }, to, scratch);
            }
            Self::Filter(filter) => filter.run(from, extent, to),
            Self::Halve => halve(from, extent, channels, to),
            Self::DoubleAndAdd => double_and_add(from, extent, channels, read(1), to),
            Self::Mean => mean(from, channels, to),
            Self::Double => double(from, extent, channels, to),
            Self::Spread => spread(from, extent, to),
        }
    }
}
