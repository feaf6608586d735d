//! The operators of the domain `inview`, of which the networks are made, for tract.
//!
//! `models/convert/fuse.py` writes them in place of the standard ones and describes them; the
//! arithmetic is in the package `inview-kernels`. All operators of a thread work in the same space:
//! one runs at a time.

use std::cell::RefCell;
use std::sync::Arc;

use inview_kernels::{
    Activation, Block, Depthwise, Extent, Pointwise, Scratch, Stem, double_and_add, halve,
};
use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tensor::load_tensor;
use tract_onnx::tract_hir::internal::{
    Datum as _, DatumExt as _, EvalContext, EvalOp, InferenceOp, InferenceResult, IntoTValue as _,
    Op, PlainView, Solver, StaticName, TValue, TVec, Tensor, TensorProxy, TractErrorContext as _,
    TractResult, TypedFact, TypedOp, as_op, bail, check_output_arity, inference_wrap,
    op_as_typed_op, op_out_of_plan, tvec,
};

/// Teaches tract these operators.
pub(super) fn register(operators: &mut OnnxOpRegister) {
    operators.insert("Stem", stem);
    operators.insert("Block", block);
    operators.insert("Halve", |_, _| Ok(parsed(Kernel::Halve)));
    operators.insert("DoubleAndAdd", |_, _| Ok(parsed(Kernel::DoubleAndAdd)));
}

type Parsed = (Box<dyn InferenceOp>, Vec<String>);

fn parsed(kernel: Kernel) -> Parsed {
    (inference_wrap(kernel, 1, rules), Vec::new())
}

/// What follows of the shapes is told by `output_facts`, once they are known.
fn rules(
    _: &dyn Op,
    solver: &mut Solver<'_>,
    inputs: &[TensorProxy],
    outputs: &[TensorProxy],
) -> InferenceResult {
    check_output_arity(outputs, 1)?;
    for input in inputs {
        solver.equals(&input.datum_type, f32::datum_type())?;
        solver.equals(&input.rank, 4)?;
    }
    solver.equals(&outputs[0].datum_type, f32::datum_type())?;
    solver.equals(&outputs[0].rank, 4)
}

fn stem(context: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Parsed> {
    let weights = Weights { context, node };
    let before = node.get_attr("before")?;
    let made = Stem::new(
        &weights.values("stem_weights")?,
        &weights.values("stem_biases")?,
        before,
        weights.activation("stem_activation")?,
    );
    let stem = made.with_context(|| format!("the weights of {} do not fit", node.name))?;
    Ok(parsed(Kernel::Stem(Arc::new(stem))))
}

fn block(context: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Parsed> {
    let weights = Weights { context, node };
    let depthwise = weights.given("depthwise_weights").then(|| weights.depthwise()).transpose()?;
    let (expand, project) = (weights.pointwise("expand")?, weights.pointwise("project")?);
    let block = Block::new(expand, depthwise, project)
        .with_context(|| format!("the parts of {} do not fit each other", node.name))?;
    Ok(parsed(Kernel::Block(Arc::new(block))))
}

/// The attributes of a node.
#[derive(Clone, Copy)]
struct Weights<'a> {
    context: &'a ParsingContext<'a>,
    node: &'a NodeProto,
}

impl Weights<'_> {
    fn given(self, name: &str) -> bool {
        self.node.attribute.iter().any(|attribute| attribute.name == name)
    }

    /// Half precision becomes single.
    fn values(self, name: &str) -> TractResult<Vec<f32>> {
        let stored: &TensorProto = self.node.get_attr(name)?;
        let tensor = load_tensor(&*self.context.framework.provider, stored, None)?;
        Ok(tensor.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    }

    fn activation(self, name: &str) -> TractResult<Activation> {
        match self.node.get_attr::<&str>(name)? {
            "none" => Ok(Activation::None),
            "relu" => Ok(Activation::Relu),
            "relu6" => Ok(Activation::Relu6),
            other => bail!("{}: no activation is called {other}", self.node.name),
        }
    }

    fn depthwise(self) -> TractResult<Depthwise> {
        let shape = (self.node.get_attr("stride")?, self.node.get_attr("before")?);
        let (weights, biases) =
            (self.values("depthwise_weights")?, self.values("depthwise_biases")?);
        Depthwise::new(&weights, &biases, shape, self.activation("depthwise_activation")?)
            .with_context(|| format!("the depthwise weights of {} do not fit", self.node.name))
    }

    fn pointwise(self, part: &str) -> TractResult<Option<Pointwise>> {
        let (weights, biases) = (format!("{part}_weights"), format!("{part}_biases"));
        if !self.given(&weights) {
            return Ok(None);
        }
        let activation = self.activation(&format!("{part}_activation"))?;
        Pointwise::new(&self.values(&weights)?, &self.values(&biases)?, activation)
            .with_context(|| format!("the {part} weights of {} do not fit", self.node.name))
            .map(Some)
    }
}

/// One node of a network.
#[derive(Clone, Debug)]
enum Kernel {
    Stem(Arc<Stem>),
    Block(Arc<Block>),
    Halve,
    DoubleAndAdd,
}

impl PartialEq for Kernel {
    /// The same weights, not equal ones: no two nodes have those.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stem(a), Self::Stem(b)) => Arc::ptr_eq(a, b),
            (Self::Block(a), Self::Block(b)) => Arc::ptr_eq(a, b),
            (Self::Halve, Self::Halve) | (Self::DoubleAndAdd, Self::DoubleAndAdd) => true,
            (Self::Stem(_) | Self::Block(_) | Self::Halve | Self::DoubleAndAdd, _) => false,
        }
    }
}

impl Eq for Kernel {}

impl Kernel {
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
            Self::DoubleAndAdd => (Extent::new(first * 2, second * 2), third),
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

/// What an operator works in.
#[derive(Debug, Default)]
struct Space {
    lines: Vec<f32>,
    scratch: Scratch,
}

thread_local! {
    static SPACE: RefCell<Space> = RefCell::default();
}

impl Kernel {
    fn run(&self, inputs: &[TValue], space: &mut Space) -> TractResult<TVec<TValue>> {
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
                stem.run(from, Extent::new(width, channels), to, &mut space.lines);
            }
            Self::Block(block) => {
                let add = views.get(1).map(PlainView::as_slice::<f32>).transpose()?;
                block.run(from, extent, add.unwrap_or(&[]), to, &mut space.scratch);
            }
            Self::Halve => halve(from, extent, channels, to),
            Self::DoubleAndAdd => {}
        }
        Ok(tvec!(result.into_tvalue()))
    }
}
