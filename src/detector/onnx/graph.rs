//! A network between its file and a plan that tract runs.
//!
//! The reader knows the operators of `operators`, and the few standard ones between them and in the
//! decoding of boxes. tract's own reader knows all standard ones, which are several megabytes of
//! program.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tract_core::internal::{
    AxisOp, DatumExt as _, IntoRunnable as _, OutletId, TVec, Tensor, TractErrorContext as _,
    TractResult, TypedModel, TypedOp, TypedRunnableModel, bail, ensure, tvec,
};
use tract_core::model::SpecialOps as _;
use tract_core::ops::array::{Slice, TypedConcat};
use tract_core::ops::change_axes::wire_with_rank_broadcast;
use tract_core::ops::{math, nn};

use super::file::{self, Node};
use super::operators::Kernel;
use crate::geometry::Size;

/// A network, for inputs of any size that it can take.
#[derive(Debug)]
pub(super) struct Graph {
    input: String,
    constants: BTreeMap<String, Constant>,
    steps: Vec<Step>,
    outputs: Vec<String>,
}

#[derive(Clone, Debug)]
enum Constant {
    Floats(Arc<Tensor>),
    Integers(Vec<i64>),
}

/// One node, which is called by its output: names are optional.
#[derive(Debug)]
struct Step {
    operator: Operator,
    inputs: Vec<String>,
    output: String,
}

#[derive(Debug)]
enum Operator {
    Kernel(Kernel),
    /// Of two tensors, value by value, repeated where one is smaller.
    Pairs(Pairs),
    /// Of one tensor, value by value.
    Each(Each),
    Concat(usize),
    Reshape,
    Slice,
    Identity,
}

#[derive(Clone, Copy, Debug)]
enum Pairs {
    Add,
    Mul,
    Sub,
}

#[derive(Clone, Copy, Debug)]
enum Each {
    Exp,
    Sigmoid,
}

impl Graph {
    /// Reads an ONNX file and makes its weights ready.
    pub(super) fn read(bytes: &'static [u8]) -> TractResult<Self> {
        Self::of(&file::read(bytes)?)
    }

    fn of(stored: &file::Graph) -> TractResult<Self> {
        let [input] = &stored.inputs[..] else { bail!("{} inputs, not one", stored.inputs.len()) };
        let constants = stored.constants.iter().map(|values| {
            let constant = match values.integers() {
                Ok(integers) => Constant::Integers(integers),
                Err(_other) => {
                    let tensor = Tensor::from_shape(&values.shape()?, &values.floats()?)?;
                    Constant::Floats(Arc::new(tensor))
                }
            };
            Ok((values.name.clone(), constant))
        });
        Ok(Self {
            input: input.name.clone(),
            constants: constants.collect::<TractResult<_>>()?,
            steps: stored.nodes.iter().map(Step::read).collect::<TractResult<_>>()?,
            outputs: stored.outputs.iter().map(|output| output.name.clone()).collect(),
        })
    }

    /// A plan for an input of `[1, 3, height, width]`.
    pub(super) fn plan(&self, input: Size) -> TractResult<Arc<TypedRunnableModel>> {
        let mut wiring =
            Wiring { graph: self, model: TypedModel::default(), made: BTreeMap::new() };
        let shape = [1, 3, input.height as usize, input.width as usize];
        let source = wiring.model.add_source(self.input.as_str(), f32::fact(shape))?;
        wiring.made.insert(&self.input, source);
        for step in &self.steps {
            let made = wiring.wire(step).with_context(|| step.output.clone())?;
            wiring.made.insert(&step.output, made);
        }
        let outputs = self.outputs.iter().map(|name| wiring.tensor(name));
        let outputs = outputs.collect::<TractResult<Vec<_>>>()?;
        let mut model = wiring.model;
        model.select_output_outlets(&outputs)?;
        model.into_optimized()?.into_runnable()
    }
}

impl Operator {
    /// How many it takes.
    fn inputs(&self) -> RangeInclusive<usize> {
        match self {
            Self::Kernel(kernel) => kernel.inputs(),
            Self::Pairs(_) | Self::Reshape => 2..=2,
            Self::Each(_) | Self::Identity => 1..=1,
            Self::Concat(_) => 1..=usize::MAX,
            Self::Slice => 4..=4,
        }
    }
}

impl Step {
    fn read(node: &Node) -> TractResult<Self> {
        let operator = match (node.domain.as_str(), node.operator.as_str()) {
            ("inview", _) => Operator::Kernel(Kernel::read(node)?),
            ("", "Add") => Operator::Pairs(Pairs::Add),
            ("", "Mul") => Operator::Pairs(Pairs::Mul),
            ("", "Sub") => Operator::Pairs(Pairs::Sub),
            ("", "Exp") => Operator::Each(Each::Exp),
            ("", "Sigmoid") => Operator::Each(Each::Sigmoid),
            ("", "Concat") => Operator::Concat(node.number("axis")?),
            ("", "Reshape") => Operator::Reshape,
            ("", "Slice") => Operator::Slice,
            ("", "Identity") => Operator::Identity,
            _ => bail!("{node} is not known"),
        };
        let [output] = &node.outputs[..] else { bail!("{node} has not one output") };
        let (given, takes) = (node.inputs.len(), operator.inputs());
        ensure!(takes.contains(&given), "{node} has {given} inputs and takes {takes:?}");
        Ok(Self { operator, inputs: node.inputs.clone(), output: output.clone() })
    }
}

/// A graph that becomes a model of tract.
struct Wiring<'a> {
    graph: &'a Graph,
    model: TypedModel,
    made: BTreeMap<&'a str, OutletId>,
}

impl<'a> Wiring<'a> {
    fn wire(&mut self, step: &'a Step) -> TractResult<OutletId> {
        let tensors = |this: &mut Self| -> TractResult<TVec<OutletId>> {
            step.inputs.iter().map(|name| this.tensor(name)).collect()
        };
        let name = step.output.as_str();
        match &step.operator {
            Operator::Kernel(kernel) => {
                let inputs = tensors(self)?;
                self.node(name, Box::new(kernel.clone()), &inputs)
            }
            Operator::Pairs(operator) => {
                let operator = match operator {
                    Pairs::Add => math::add(),
                    Pairs::Mul => math::mul(),
                    Pairs::Sub => math::sub(),
                };
                let inputs = tensors(self)?;
                Ok(wire_with_rank_broadcast(name, &mut self.model, operator, &inputs)?[0])
            }
            Operator::Each(operator) => {
                let operator = match operator {
                    Each::Exp => math::exp(),
                    Each::Sigmoid => nn::sigmoid(),
                };
                let inputs = tensors(self)?;
                self.node(name, Box::new(operator), &inputs)
            }
            Operator::Concat(axis) => {
                let inputs = tensors(self)?;
                self.node(name, Box::new(TypedConcat { axis: *axis }), &inputs)
            }
            Operator::Reshape => self.reshape(step),
            Operator::Slice => self.slice(step),
            Operator::Identity => self.input(step, 0),
        }
    }

    fn node(
        &mut self,
        name: &str,
        operator: Box<dyn TypedOp>,
        inputs: &[OutletId],
    ) -> TractResult<OutletId> {
        Ok(self.model.wire_node(name, operator, inputs)?[0])
    }

    fn tensor(&mut self, name: &'a str) -> TractResult<OutletId> {
        if let Some(made) = self.made.get(name) {
            return Ok(*made);
        }
        let Some(Constant::Floats(values)) = self.graph.constants.get(name) else {
            bail!("{name} is not made before it is used");
        };
        let constant = self.model.add_const(name, Arc::clone(values))?;
        self.made.insert(name, constant);
        Ok(constant)
    }

    fn input(&mut self, step: &'a Step, index: usize) -> TractResult<OutletId> {
        let name = step.inputs.get(index).context("an input is missing")?;
        self.tensor(name)
    }

    fn integers(&self, step: &Step, index: usize) -> TractResult<&'a [i64]> {
        let name = step.inputs.get(index).context("an input is missing")?;
        match self.graph.constants.get(name) {
            Some(Constant::Integers(values)) => Ok(values),
            Some(Constant::Floats(_)) | None => bail!("{name} is not a constant of whole numbers"),
        }
    }

    fn shape(&self, tensor: OutletId) -> TractResult<TVec<usize>> {
        let shape = &self.model.outlet_fact(tensor)?.shape;
        Ok(shape.as_concrete().context("a shape is not known")?.into())
    }

    /// In the new shape, 0 stands for the side at that place, and -1 for what is left.
    fn reshape(&mut self, step: &'a Step) -> TractResult<OutletId> {
        let input = self.input(step, 0)?;
        let from = self.shape(input)?;
        let mut to: TVec<usize> = tvec!();
        let mut rest = None;
        for (place, side) in self.integers(step, 1)?.iter().enumerate() {
            to.push(match side {
                0 => *from.get(place).context("there is no such side")?,
                -1 => {
                    rest = Some(place);
                    1
                }
                side => usize::try_from(*side)?,
            });
        }
        let (all, known) = (from.iter().product::<usize>(), to.iter().product::<usize>());
        if let Some(place) = rest {
            to[place] = all / known.max(1);
        }
        let dims = |shape: &[usize]| shape.iter().map(|side| (*side).into()).collect();
        let reshaped = AxisOp::Reshape(0, dims(&from), dims(&to));
        self.node(&step.output, Box::new(reshaped), &[input])
    }

    /// Inputs are data, starts, ends and axes, as in opset 10 and later; of one axis each.
    fn slice(&mut self, step: &'a Step) -> TractResult<OutletId> {
        let single = |index: usize| -> TractResult<usize> {
            match self.integers(step, index)? {
                [value] => Ok(usize::try_from(*value)?),
                other => bail!("a slice by {other:?}"),
            }
        };
        let (start, end, axis) = (single(1)?, single(2)?, single(3)?);
        let input = self.input(step, 0)?;
        self.node(&step.output, Box::new(Slice::new(axis, start, end)), &[input])
    }
}

#[cfg(test)]
mod tests {
    use tract_core::internal::IntoTValue as _;

    use super::*;
    use crate::detector::onnx::file::{Graph as Stored, Named, Values};

    fn named(name: &str) -> Named {
        Named { name: name.to_owned() }
    }

    /// What the nodes make of a picture of 3 planes, 1 x 2 pixels, with the values 0 to 5.
    fn run(nodes: Vec<Node>, constants: Vec<Values>) -> TractResult<(Vec<usize>, Vec<f32>)> {
        let stored =
            Stored { nodes, constants, inputs: vec![named("in")], outputs: vec![named("out")] };
        let plan = Graph::of(&stored)?.plan(Size::new(2, 1))?;
        let input = Tensor::from_shape(&[1, 3, 1, 2], &[0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0])?;
        let made = plan.run(tvec!(input.into_tvalue()))?;
        let view = made[0].try_as_plain_ram()?;
        Ok((made[0].shape().to_vec(), view.as_slice::<f32>()?.to_vec()))
    }

    #[test]
    fn standard_operators_do_what_onnx_says() {
        let cut = [("start", 1), ("end", 3), ("axis", 1)];
        let mut constants: Vec<Values> =
            cut.iter().map(|(name, value)| Values::of_integers(name, &[*value])).collect();
        constants.push(Values::of_integers("shape", &[0, -1]));
        constants.push(Values::of_floats("two", &[1], &[2.0]));
        let nodes = vec![
            Node::of("Slice", &["in", "start", "end", "axis"], "cut"),
            Node::of("Reshape", &["cut", "shape"], "flat"),
            Node::of("Mul", &["flat", "two"], "twice"),
            Node::of("Sub", &["twice", "flat"], "once"),
            Node::of("Add", &["once", "two"], "more"),
            Node::of("Identity", &["more"], "out"),
        ];
        let (shape, values) = run(nodes, constants).unwrap();
        assert_eq!((&shape[..], &values[..]), (&[1, 4][..], &[4.0, 5.0, 6.0, 7.0][..]));
        let (shape, values) = run(vec![Node::of("Exp", &["in"], "out")], Vec::new()).unwrap();
        assert_eq!(shape, [1, 3, 1, 2]);
        assert!((values[1] - 1f32.exp()).abs() < 1e-6 && values[0] == 1.0, "{values:?}");
        let (_, values) = run(vec![Node::of("Sigmoid", &["in"], "out")], Vec::new()).unwrap();
        assert!((values[0] - 0.5).abs() < 1e-6, "{values:?}");
    }

    #[test]
    fn what_cannot_be_run_is_told_by_name() {
        for (nodes, says) in [
            (vec![Node::of("LSTM", &["in"], "out")], "LSTM of out"),
            (vec![Node::of("Add", &["in", "gone"], "out")], "gone"),
            (vec![Node::of("Reshape", &["in", "in"], "out")], "in is not a constant"),
            (vec![Node::of("Add", &["in"], "out")], "has 1 inputs and takes 2..=2"),
            (vec![Node::of("Exp", &["in"], "other")], "out is not made"),
        ] {
            let refused = format!("{:#}", run(nodes, Vec::new()).unwrap_err());
            assert!(refused.contains(says), "{refused}");
        }
    }
}
