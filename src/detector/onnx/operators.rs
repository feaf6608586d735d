//! The operators of the domain `inview`, of which the networks are made, for tract.
//!
//! `models/convert/fuse.py` writes them in place of the standard ones and describes them; the
//! arithmetic is in the package `inview-kernels`. All operators of a thread work in the same space:
//! one runs at a time.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::sync::Arc;

use inview_kernels::{
    Activation, Block, Depthwise, Extent, Filter, Pointwise, Scratch, Stem, double, double_and_add,
    halve, mean, spread,
};
use tract_core::internal::{
    DatumExt as _, EvalContext, EvalOp, IntoTValue as _, Op, PlainView, StaticName, TValue, TVec,
    Tensor, TractErrorContext as _, TractResult, TypedFact, TypedOp, as_op, bail, op_as_typed_op,
    op_out_of_plan, tvec,
};

use super::file::Node;

impl Kernel {
    /// The operator of a node of the domain `inview`.
    pub(super) fn read(node: &Node) -> TractResult<Self> {
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
            _ => bail!("{node} is not known"),
        }
    }
}

/// The attributes of a node.
#[derive(Clone, Copy)]
struct Weights<'a> {
    node: &'a Node,
}

impl Weights<'_> {
    fn stem(self) -> TractResult<Kernel> {
        let made = Stem::new(
            &self.node.floats("stem_weights")?,
            &self.node.floats("stem_biases")?,
            self.node.number("before")?,
            self.activation("stem_activation")?,
        );
        let stem = made.with_context(|| format!("the weights of {} do not fit", self.node))?;
        Ok(Kernel::Stem(Arc::new(stem)))
    }

    fn block(self) -> TractResult<Kernel> {
        let depthwise = self.node.has("depthwise_weights").then(|| self.depthwise()).transpose()?;
        let (expand, project) = (self.pointwise("expand")?, self.pointwise("project")?);
        let block = Block::new(expand, depthwise, project)
            .with_context(|| format!("the parts of {} do not fit each other", self.node))?;
        Ok(Kernel::Block(Arc::new(block)))
    }

    fn activation(self, name: &str) -> TractResult<Activation> {
        match self.node.text(name)? {
            "none" => Ok(Activation::None),
            "relu" => Ok(Activation::Relu),
            "relu6" => Ok(Activation::Relu6),
            "hard_swish" => Ok(Activation::HardSwish),
            other => bail!("{}: no activation is called {other}", self.node),
        }
    }

    fn depthwise(self) -> TractResult<Depthwise> {
        let shape = (self.node.number("stride")?, self.node.number("before")?);
        let (weights, biases) =
            (self.node.floats("depthwise_weights")?, self.node.floats("depthwise_biases")?);
        Depthwise::new(&weights, &biases, shape, self.activation("depthwise_activation")?)
            .with_context(|| format!("the depthwise weights of {} do not fit", self.node))
    }

    fn filter(self) -> TractResult<Kernel> {
        let shape = (self.node.number("stride")?, self.node.number("before")?);
        let (weights, biases) =
            (self.node.floats("filter_weights")?, self.node.floats("filter_biases")?);
        let filter = Filter::new(&weights, &biases, shape, self.activation("filter_activation")?);
        let filter = filter.with_context(|| format!("the weights of {} do not fit", self.node))?;
        Ok(Kernel::Filter(Arc::new(filter)))
    }

    fn pointwise(self, part: &str) -> TractResult<Option<Pointwise>> {
        let (weights, biases) = (format!("{part}_weights"), format!("{part}_biases"));
        if !self.node.has(&weights) {
            return Ok(None);
        }
        let activation = self.activation(&format!("{part}_activation"))?;
        Pointwise::new(&self.node.floats(&weights)?, &self.node.floats(&biases)?, activation)
            .with_context(|| format!("the {part} weights of {} do not fit", self.node))
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

impl PartialEq for Kernel {
    /// The same weights, not equal ones: no two nodes have those.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stem(a), Self::Stem(b)) => Arc::ptr_eq(a, b),
            (Self::Block(a), Self::Block(b)) => Arc::ptr_eq(a, b),
            (Self::Filter(a), Self::Filter(b)) => Arc::ptr_eq(a, b),
            (Self::Stem(_) | Self::Block(_) | Self::Filter(_), _) => false,
            (Self::Halve, other) => matches!(other, Self::Halve),
            (Self::DoubleAndAdd, other) => matches!(other, Self::DoubleAndAdd),
            (Self::Mean, other) => matches!(other, Self::Mean),
            (Self::Double, other) => matches!(other, Self::Double),
            (Self::Spread, other) => matches!(other, Self::Spread),
        }
    }
}

impl Eq for Kernel {}

impl Kernel {
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
    fn result(&self, inputs: &[&[usize]]) -> TractResult<[usize; 4]> {
        let &[1, first, second, third] = inputs[0] else {
            bail!("{:?} is not one picture", inputs[0])
        };
        let pixels = Extent::new(first, second);
        let (extent, channels) = match self {
            Self::Stem(stem) => (Stem::result(Extent::new(second, third)), stem.outputs()),
            Self::Block(block) => (block.result(pixels), block.outputs()),
            Self::Halve => (Extent::new(first / 2, second / 2), third),
            Self::Filter(filter) => (filter.result(pixels), filter.channels()),
            Self::DoubleAndAdd | Self::Double => (Extent::new(first * 2, second * 2), third),
            Self::Mean => (Extent::new(1, 1), third),
            Self::Spread if third == 4 => (Extent::new(first * 2, second * 2), 1),
            Self::Spread => bail!("{third} channels are not four pixels"),
        };
        Ok([1, extent.height, extent.width, channels])
    }
}

impl Op for Kernel {
    fn name(&self) -> StaticName {
        match self {
            Self::Stem(_) => "Stem",
            Self::Block(_) => "Block",
            Self::Halve => "Halve",
            Self::DoubleAndAdd => "DoubleAndAdd",
            Self::Filter(_) => "Filter",
            Self::Mean => "Mean",
            Self::Double => "Double",
            Self::Spread => "Spread",
        }
        .into()
    }

    op_as_typed_op!();
}

impl EvalOp for Kernel {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        SPACE.with_borrow_mut(|space| self.run(&inputs, space))
    }
}

impl TypedOp for Kernel {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shapes = inputs.iter().map(|fact| fact.shape.as_concrete().context("of unknown size"));
        let shape = self.result(&shapes.collect::<TractResult<Vec<_>>>()?)?;
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}

thread_local! {
    static SPACE: RefCell<Scratch> = RefCell::default();
}

impl Kernel {
    fn run(&self, inputs: &[TValue], space: &mut Scratch) -> TractResult<TVec<TValue>> {
        let shapes: TVec<&[usize]> = inputs.iter().map(|input| input.shape()).collect();
        let shape = self.result(&shapes)?;
        let views = inputs.iter().map(|input| input.try_as_plain_ram());
        let views = views.collect::<TractResult<TVec<_>>>()?;
        let from = views[0].as_slice::<f32>()?;
        let &[_, height, width, channels] = shapes[0] else { bail!("not one picture") };
        let extent = Extent::new(height, width);
        if matches!(self, Self::DoubleAndAdd) {
            let mut sum = views[1].tensor().clone();
            double_and_add(from, extent, channels, sum.try_as_plain_ram_mut()?.as_slice_mut()?);
            return Ok(tvec!(sum.into_tvalue()));
        }
        let mut result = Tensor::zero::<f32>(&shape)?;
        let mut view = result.try_as_plain_ram_mut()?;
        let to = view.as_slice_mut::<f32>()?;
        match self {
            Self::Stem(stem) => {
                stem.run(from, Extent::new(width, channels), to);
            }
            Self::Block(block) => {
                let add = views.get(1).map(PlainView::as_slice::<f32>).transpose()?;
                block.run(from, extent, add.unwrap_or(&[]), to, space);
            }
            Self::Filter(filter) => filter.run(from, extent, to),
            Self::Halve => halve(from, extent, channels, to),
            Self::Mean => mean(from, channels, to),
            Self::Double => double(from, extent, channels, to),
            Self::Spread => spread(from, extent, to),
            Self::DoubleAndAdd => {}
        }
        Ok(tvec!(result.into_tvalue()))
    }
}
