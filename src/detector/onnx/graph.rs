//! A network between its file and a plan: for each step the shape of what it makes, and where that
//! stands. Two nodes become one where what lies between them need not be made.

use std::collections::BTreeMap;

use super::file::{self, FileError, Node};
use super::operators::{Kind, Operator, Shape};
use super::plan::{Place, Plan, Spaces, Step};
use crate::geometry::Size;

/// A network, for inputs of any size that it can take.
#[derive(Debug)]
pub(super) struct Graph {
    input: String,
    constants: BTreeMap<String, Constant>,
    nodes: Vec<Wired>,
    outputs: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Constant {
    Floats(Shape, Vec<f32>),
    Integers(Vec<i64>),
}

/// One node, which is called by its output: names are optional.
#[derive(Debug)]
struct Wired {
    kind: Kind,
    inputs: Vec<String>,
    output: String,
}

impl Graph {
    /// Reads an ONNX file and makes its weights ready.
    pub(super) fn read(bytes: &'static [u8]) -> Result<Self, FileError> {
        Self::of(&file::read(bytes)?)
    }

    fn of(stored: &file::Graph) -> Result<Self, FileError> {
        let [input] = &stored.inputs[..] else {
            return Err(FileError::graph(format!("{} inputs, not one", stored.inputs.len())));
        };
        let constants = stored.constants.iter().map(|values| {
            let constant = match values.integers() {
                Ok(integers) => Constant::Integers(integers),
                Err(_other) => Constant::Floats(values.shape()?, values.floats()?),
            };
            Ok((values.name.clone(), constant))
        });
        Ok(Self {
            input: input.name.clone(),
            constants: constants.collect::<Result<_, FileError>>()?,
            nodes: Wired::all(stored)?,
            outputs: stored.outputs.iter().map(|output| output.name.clone()).collect(),
        })
    }

    /// A plan for an input of `[1, 3, height, width]`.
    pub(super) fn plan(&self, input: Size) -> Result<Plan, FileError> {
        let mut wiring = Wiring::of(self);
        let shape = vec![1, 3, input.height as usize, input.width as usize];
        wiring.plan.input = shape.iter().product();
        wiring.make(&self.input, shape, 0);
        for (at, node) in self.nodes.iter().enumerate() {
            wiring.wire(node, at).map_err(|error| error.at(&node.output))?;
        }
        for name in &self.outputs {
            let (_, place) = wiring.tensor(name)?;
            wiring.plan.outputs.push(place);
        }
        wiring.plan.spaces = wiring.spaces.lengths();
        Ok(wiring.plan)
    }
}

impl Wired {
    /// All nodes in order; those that are one kernel with the next are one node.
    fn all(stored: &file::Graph) -> Result<Vec<Self>, FileError> {
        let inputs = stored.nodes.iter().flat_map(|node| &node.inputs);
        let outputs = stored.outputs.iter().map(|output| &output.name);
        let mut reads = BTreeMap::<_, usize>::new();
        for name in inputs.chain(outputs) {
            *reads.entry(name).or_default() += 1;
        }
        let mut all: Vec<Self> = Vec::new();
        for node in &stored.nodes {
            let node = Self::read(node)?;
            let last = all.pop_if(|last| reads.get(&last.output) == Some(&1));
            match last.as_ref().and_then(|last| last.before(&node)) {
                Some(joined) => all.push(joined),
                None => all.extend(last.into_iter().chain([node])),
            }
        }
        Ok(all)
    }

    /// This node and the next, which alone reads its output, as one.
    fn before(&self, next: &Self) -> Option<Self> {
        let (Kind::Kernel(kernel), Kind::Kernel(following)) = (&self.kind, &next.kind) else {
            return None;
        };
        let [first, rest @ ..] = &next.inputs[..] else { return None };
        let kernel = kernel.before(following).filter(|_| *first == self.output)?;
        // A kernel that can be joined has no more inputs, or else is the one that reads them.
        let inputs = self.inputs.iter().chain(rest).cloned().collect();
        Some(Self { kind: Kind::Kernel(kernel), inputs, output: next.output.clone() })
    }

    fn read(node: &Node) -> Result<Self, FileError> {
        let kind = Kind::read(node)?;
        let [output] = &node.outputs[..] else {
            return Err(FileError::graph(format!("{node} has not one output")));
        };
        let (given, takes) = (node.inputs.len(), kind.inputs());
        if !takes.contains(&given) {
            return Err(FileError::graph(format!("{node} has {given} inputs and takes {takes:?}")));
        }
        Ok(Self { kind, inputs: node.inputs.clone(), output: output.clone() })
    }
}

/// A graph that becomes a plan.
struct Wiring<'a> {
    graph: &'a Graph,
    plan: Plan,
    spaces: Spaces,
    made: BTreeMap<&'a str, (Shape, Place)>,
    /// The last node that reads what stands in a space, by the name of what is made first in it;
    /// never for outputs.
    last: BTreeMap<&'a str, usize>,
    /// What has another name, too: nothing is done to it.
    same: BTreeMap<&'a str, &'a str>,
}

impl<'a> Wiring<'a> {
    fn of(graph: &'a Graph) -> Self {
        let (mut last, mut same) = (BTreeMap::new(), BTreeMap::new());
        let first =
            |same: &BTreeMap<&'a str, &'a str>, name: &'a str| *same.get(name).unwrap_or(&name);
        for (at, node) in graph.nodes.iter().enumerate() {
            for input in &node.inputs {
                last.insert(first(&same, input), at);
            }
            if let (true, Some(input)) = (node.kind.renames(), node.inputs.first()) {
                let original = first(&same, input);
                same.insert(node.output.as_str(), original);
            }
        }
        for output in &graph.outputs {
            last.insert(first(&same, output), usize::MAX);
        }
        let (plan, spaces, made) = Default::default();
        Self { graph, plan, spaces, made, last, same }
    }

    fn wire(&mut self, node: &'a Wired, at: usize) -> Result<(), FileError> {
        let constants = &self.graph.constants;
        let numbers = |index: usize| match node.inputs.get(index).map(|name| constants.get(name)) {
            Some(Some(Constant::Integers(values))) => Ok(&values[..]),
            Some(_) => Err(FileError::graph(format!(
                "{} is not a constant of whole numbers",
                node.inputs[index]
            ))),
            None => Err(FileError::graph("an input is missing".to_owned())),
        };
        let tensors = &node.inputs[..node.inputs.len().min(node.kind.tensors())];
        let tensors = tensors.iter().map(|name| self.tensor(name));
        let tensors = tensors.collect::<Result<Vec<_>, _>>()?;
        let (shapes, inputs): (Vec<Shape>, Vec<Place>) = tensors.into_iter().unzip();
        let (operator, shape) = Operator::of(&node.kind, &shapes, numbers)?;
        if let Some(operator) = operator {
            let length = shape.iter().product();
            let space = self.make(&node.output, shape, at);
            self.plan.steps.push(Step { operator, inputs, space, length });
        } else if let Some(place) = inputs.into_iter().next() {
            self.made.insert(&node.output, (shape, place));
        }
        self.free_after(node, at);
        Ok(())
    }

    /// A space for what a node makes.
    fn make(&mut self, name: &'a str, shape: Shape, at: usize) -> usize {
        let length = shape.iter().product();
        let space = self.spaces.take(length);
        self.made.insert(name, (shape, Place::Space(space, length)));
        if !self.last.contains_key(name) && at > 0 {
            self.spaces.free(space);
        }
        space
    }

    /// Gives back the spaces that nothing after this node reads.
    fn free_after(&mut self, node: &'a Wired, at: usize) {
        for input in &node.inputs {
            let first = *self.same.get(input.as_str()).unwrap_or(&input.as_str());
            if self.last.get(first) == Some(&at)
                && let Some((_, Place::Space(space, _))) = self.made.get(first)
            {
                self.spaces.free(*space);
            }
        }
    }

    fn tensor(&mut self, name: &'a str) -> Result<(Shape, Place), FileError> {
        if let Some(made) = self.made.get(name) {
            return Ok(made.clone());
        }
        let Some(Constant::Floats(shape, values)) = self.graph.constants.get(name) else {
            return Err(FileError::graph(format!("{name} is not made before it is used")));
        };
        let place = Place::Constant(self.plan.constants.len());
        self.plan.constants.push(values.clone());
        self.made.insert(name, (shape.clone(), place.clone()));
        Ok((shape.clone(), place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::onnx::file::{Graph as Stored, Named, Values};

    fn named(name: &str) -> Named {
        Named { name: name.to_owned() }
    }

    /// What the nodes make of a picture of 3 planes, 1 x 2 pixels, with the values 0 to 5.
    fn run(nodes: Vec<Node>, constants: Vec<Values>) -> Result<Vec<f32>, FileError> {
        let stored =
            Stored { nodes, constants, inputs: vec![named("in")], outputs: vec![named("out")] };
        let plan = Graph::of(&stored)?.plan(Size::new(2, 1))?;
        let mut work = plan.work();
        plan.input(&mut work).copy_from_slice(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        plan.run(&mut work);
        Ok(plan.output(&work, 0).unwrap().to_vec())
    }

    fn integers(constants: &[(&str, &[i64])]) -> Vec<Values> {
        constants.iter().map(|(name, values)| Values::of_integers(name, values)).collect()
    }

    #[test]
    fn standard_operators_do_what_onnx_says() {
        let mut constants =
            integers(&[("start", &[1]), ("end", &[3]), ("axis", &[1]), ("shape", &[0, -1])]);
        constants.push(Values::of_floats("two", &[1], &[2.0]));
        let nodes = vec![
            Node::of("Slice", &["in", "start", "end", "axis"], "cut"),
            Node::of("Reshape", &["cut", "shape"], "flat"),
            Node::of("Mul", &["flat", "two"], "twice"),
            Node::of("Sub", &["twice", "flat"], "once"),
            Node::of("Add", &["once", "two"], "more"),
            Node::of("Identity", &["more"], "out"),
        ];
        assert_eq!(run(nodes, constants).unwrap(), [4.0, 5.0, 6.0, 7.0]);
        let values = run(vec![Node::of("Exp", &["in"], "out")], Vec::new()).unwrap();
        assert!((values[1] - 1f32.exp()).abs() < 1e-6 && values[0] == 1.0, "{values:?}");
        let values = run(vec![Node::of("Sigmoid", &["in"], "out")], Vec::new()).unwrap();
        assert!((values[0] - 0.5).abs() < 1e-6, "{values:?}");
    }

    #[test]
    fn the_smaller_of_two_is_repeated_on_either_side() {
        let row = || vec![Values::of_floats("row", &[1, 1, 2], &[10.0, 20.0])];
        let on_the_right = run(vec![Node::of("Sub", &["in", "row"], "out")], row()).unwrap();
        assert_eq!(on_the_right, [-10.0, -19.0, -8.0, -17.0, -6.0, -15.0]);
        let on_the_left = run(vec![Node::of("Sub", &["row", "in"], "out")], row()).unwrap();
        assert_eq!(on_the_left, [10.0, 19.0, 8.0, 17.0, 6.0, 15.0]);
        let column = vec![Values::of_floats("column", &[3, 1, 1], &[1.0, 2.0, 3.0])];
        let refused = run(vec![Node::of("Add", &["in", "column"], "out")], column).unwrap_err();
        assert!(refused.to_string().contains("[3, 1, 1]"), "{refused}");
    }

    #[test]
    fn tensors_are_joined_and_cut_along_any_axis() {
        let axis = |axis: i64| vec![Node::of("Concat", &["in", "in"], "out").with("axis", axis)];
        let columns = run(axis(3), Vec::new()).unwrap();
        assert_eq!(columns, [0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0, 3.0, 4.0, 5.0, 4.0, 5.0]);
        let planes = run(axis(1), Vec::new()).unwrap();
        assert_eq!(planes, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let cut = integers(&[("start", &[1]), ("end", &[2]), ("axis", &[3])]);
        let node = Node::of("Slice", &["in", "start", "end", "axis"], "out");
        assert_eq!(run(vec![node], cut).unwrap(), [1.0, 3.0, 5.0]);
    }

    #[test]
    fn what_is_read_later_keeps_its_space() {
        let nodes = vec![
            Node::of("Exp", &["in"], "once"),
            Node::of("Identity", &["once"], "kept"),
            Node::of("Sub", &["once", "in"], "unused"),
            Node::of("Sub", &["once", "once"], "zero"),
            Node::of("Add", &["zero", "in"], "again"),
            Node::of("Exp", &["again"], "twice"),
            Node::of("Sub", &["twice", "kept"], "out"),
        ];
        assert_eq!(run(nodes, Vec::new()).unwrap(), [0.0; 6]);
    }

    #[test]
    fn joined_nodes_make_what_each_makes_by_itself() {
        let stored = file::read(include_bytes!("../../../models/face_yunet.onnx")).unwrap();
        let joined = Graph::of(&stored).unwrap();
        let nodes = stored.nodes.iter().map(Wired::read).collect::<Result<Vec<_>, _>>().unwrap();
        // The stem and two of four halvings: what the others halve is read once more.
        assert_eq!(nodes.len() - joined.nodes.len(), 3);
        let apart = Graph { nodes, ..Graph::of(&stored).unwrap() };
        let outputs = [joined, apart].map(|graph| {
            let plan = graph.plan(Size::new(96, 64)).unwrap();
            let mut work = plan.work();
            for (at, value) in plan.input(&mut work).iter_mut().enumerate() {
                *value = (at * at % 255) as f32;
            }
            plan.run(&mut work);
            (0..3).map(|index| plan.output(&work, index).unwrap().to_vec()).collect::<Vec<_>>()
        });
        assert_eq!(outputs[0], outputs[1]);
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
            let refused = run(nodes, Vec::new()).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
