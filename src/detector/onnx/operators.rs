//! What a step of a plan does: one of our `kernels`, or one of the few standard operators between them
//! and in the decoding of boxes.

use std::ops::RangeInclusive;

use inview_kernels::Scratch;

use super::file::{FileError, Node};
use super::kernels::Kernel;

pub(super) type Shape = Vec<usize>;

/// An operator as a file has it, for inputs of any shape.
#[derive(Debug)]
pub(super) enum Kind {
    Kernel(Kernel),
    Pairs(Pairs),
    Each(Each),
    /// Joins along an axis.
    Concat(usize),
    Reshape,
    Slice,
    Identity,
}

/// Of two tensors, value by value; the smaller one is repeated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pairs {
    Add,
    Mul,
    Sub,
}

/// Of one tensor, value by value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Each {
    Exp,
    Sigmoid,
}

impl Kind {
    pub(super) fn read(node: &Node) -> Result<Self, FileError> {
        match (node.domain.as_str(), node.operator.as_str()) {
            ("inview", _) => Ok(Self::Kernel(Kernel::read(node)?)),
            ("", "Add") => Ok(Self::Pairs(Pairs::Add)),
            ("", "Mul") => Ok(Self::Pairs(Pairs::Mul)),
            ("", "Sub") => Ok(Self::Pairs(Pairs::Sub)),
            ("", "Exp") => Ok(Self::Each(Each::Exp)),
            ("", "Sigmoid") => Ok(Self::Each(Each::Sigmoid)),
            ("", "Concat") => Ok(Self::Concat(node.number("axis")?)),
            ("", "Reshape") => Ok(Self::Reshape),
            ("", "Slice") => Ok(Self::Slice),
            ("", "Identity") => Ok(Self::Identity),
            _ => Err(FileError::graph(format!("{node} is not known"))),
        }
    }

    /// How many it takes.
    pub(super) fn inputs(&self) -> RangeInclusive<usize> {
        match self {
            Self::Kernel(kernel) => kernel.inputs(),
            Self::Pairs(_) | Self::Reshape => 2..=2,
            Self::Each(_) | Self::Identity => 1..=1,
            Self::Concat(_) => 1..=usize::MAX,
            Self::Slice => 4..=4,
        }
    }

    /// How many of them, the first ones, are tensors; the rest are whole numbers.
    pub(super) const fn tensors(&self) -> usize {
        match self {
            Self::Kernel(_) | Self::Pairs(_) | Self::Each(_) | Self::Concat(_) => usize::MAX,
            Self::Reshape | Self::Slice | Self::Identity => 1,
        }
    }

    /// Whether the result is the input, by another name or in another shape.
    pub(super) const fn renames(&self) -> bool {
        matches!(self, Self::Reshape | Self::Identity)
    }
}

/// An operator for inputs of known shapes.
#[derive(Debug)]
pub(super) enum Operator {
    /// The first input's height, width and channels; whether there is a second one.
    Kernel(Kernel, [usize; 3], bool),
    Pairs(Pairs),
    Each(Each),
    /// How many values of each input in turn.
    Concat(Vec<usize>),
    /// Of so many values, those of a range, again and again.
    Slice(usize, std::ops::Range<usize>),
}

impl Operator {
    /// The operator, if there is anything to do, and the shape of its result. `numbers` are the whole
    /// numbers at an input.
    pub(super) fn of<'a>(
        kind: &Kind,
        inputs: &[Shape],
        numbers: impl Fn(usize) -> Result<&'a [i64], FileError>,
    ) -> Result<(Option<Self>, Shape), FileError> {
        let [first, rest @ ..] = inputs else {
            return Err(FileError::graph("an input is missing".to_owned()));
        };
        match kind {
            Kind::Kernel(kernel) => {
                let result = kernel.result(inputs)?;
                let &[_, height, width, channels] = &first[..] else {
                    return Err(FileError::graph(format!("{first:?} is not one picture")));
                };
                let picture = [height, width, channels];
                let operator = Self::Kernel(kernel.clone(), picture, !rest.is_empty());
                Ok((Some(operator), result.to_vec()))
            }
            Kind::Pairs(pairs) => {
                let second = rest.first().unwrap_or(first);
                Ok((Some(Self::Pairs(*pairs)), repeated(first, second)?))
            }
            Kind::Each(each) => Ok((Some(Self::Each(*each)), first.clone())),
            Kind::Concat(axis) => {
                let shape = joined(inputs, *axis)?;
                let parts = inputs.iter().map(|input| input[*axis..].iter().product());
                Ok((Some(Self::Concat(parts.collect())), shape))
            }
            Kind::Reshape => Ok((None, reshaped(first, numbers(1)?)?)),
            Kind::Slice => {
                let (operator, shape) = slice(first, [numbers(1)?, numbers(2)?, numbers(3)?])?;
                Ok((Some(operator), shape))
            }
            Kind::Identity => Ok((None, first.clone())),
        }
    }

    /// Makes the result of what stands at the inputs.
    pub(super) fn run<'a>(
        &self,
        read: impl Fn(usize) -> &'a [f32],
        to: &mut [f32],
        scratch: &mut Scratch,
    ) {
        match self {
            Self::Kernel(kernel, picture, more) => kernel.run(*picture, read, *more, to, scratch),
            Self::Pairs(Pairs::Add) => pairs(read(0), read(1), to, |a, b| a + b),
            Self::Pairs(Pairs::Mul) => pairs(read(0), read(1), to, |a, b| a * b),
            Self::Pairs(Pairs::Sub) => pairs(read(0), read(1), to, |a, b| a - b),
            Self::Each(Each::Exp) => each(read(0), to, f32::exp),
            Self::Each(Each::Sigmoid) => each(read(0), to, |value| 1.0 / (1.0 + (-value).exp())),
            Self::Concat(parts) => {
                let whole: usize = parts.iter().sum();
                let mut start = 0;
                for (at, part) in parts.iter().enumerate() {
                    let rows = to.chunks_exact_mut(whole).zip(read(at).chunks_exact(*part));
                    for (to, from) in rows {
                        to[start..start + part].copy_from_slice(from);
                    }
                    start += part;
                }
            }
            Self::Slice(whole, range) => {
                let rows = read(0).chunks_exact(*whole);
                for (to, from) in to.chunks_exact_mut(range.len()).zip(rows) {
                    to.copy_from_slice(&from[range.clone()]);
                }
            }
        }
    }
}

fn each(from: &[f32], to: &mut [f32], make: impl Fn(f32) -> f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = make(*from);
    }
}

fn pairs(first: &[f32], second: &[f32], to: &mut [f32], make: impl Fn(f32, f32) -> f32) {
    let length = first.len().min(second.len()).max(1);
    let all = to.chunks_exact_mut(length).enumerate();
    for (at, to) in all {
        let part = |of: &[f32]| {
            if of.len() == length { 0..length } else { at * length..(at + 1) * length }
        };
        let values = first[part(first)].iter().zip(&second[part(second)]);
        for (to, (first, second)) in to.iter_mut().zip(values) {
            *to = make(*first, *second);
        }
    }
}

/// The shape of the larger one, of which the smaller one is the last sides.
fn repeated(first: &Shape, second: &Shape) -> Result<Shape, FileError> {
    let length = |shape: &Shape| shape.iter().product::<usize>();
    let (larger, smaller) =
        if length(first) < length(second) { (second, first) } else { (first, second) };
    let sides = smaller.iter().position(|side| *side != 1).map_or(&[][..], |at| &smaller[at..]);
    if larger.ends_with(sides) && smaller.len() <= larger.len() {
        Ok(larger.clone())
    } else {
        Err(FileError::graph(format!("{smaller:?} cannot be repeated to be {larger:?}")))
    }
}

fn joined(inputs: &[Shape], axis: usize) -> Result<Shape, FileError> {
    let mut shape = inputs[0].clone();
    let others = |shape: &Shape| {
        let mut shape = shape.clone();
        shape.get_mut(axis).map(|side| *side = 0).map(|()| shape)
    };
    let fits =
        others(&shape).is_some() && inputs.iter().all(|input| others(input) == others(&shape));
    if !fits {
        return Err(FileError::graph(format!("{inputs:?} cannot be joined along {axis}")));
    }
    shape[axis] = inputs.iter().map(|input| input[axis]).sum();
    Ok(shape)
}

/// In the new shape, 0 stands for the side at that place, and -1 for what is left.
fn reshaped(from: &Shape, wanted: &[i64]) -> Result<Shape, FileError> {
    let wrong = || FileError::graph(format!("{from:?} cannot become {wanted:?}"));
    let mut to = Vec::new();
    let mut rest = None;
    for (place, side) in wanted.iter().enumerate() {
        to.push(match side {
            0 => *from.get(place).ok_or_else(wrong)?,
            -1 => {
                rest = Some(place);
                1
            }
            side => usize::try_from(*side).ok().ok_or_else(wrong)?,
        });
    }
    let all = from.iter().product::<usize>();
    if let Some(place) = rest {
        to[place] = all / to.iter().product::<usize>().max(1);
    }
    if to.iter().product::<usize>() == all { Ok(to) } else { Err(wrong()) }
}

/// `cut` are starts, ends and axes, as in opset 10 and later; of one axis each.
fn slice(from: &Shape, cut: [&[i64]; 3]) -> Result<(Operator, Shape), FileError> {
    let wrong = || FileError::graph(format!("a slice of {from:?} by {cut:?}"));
    let single = |values: &[i64]| match values {
        [value] => usize::try_from(*value).ok().ok_or_else(wrong),
        _ => Err(wrong()),
    };
    let [start, end, axis] = [single(cut[0])?, single(cut[1])?, single(cut[2])?];
    let mut shape = from.clone();
    let side = shape.get_mut(axis).filter(|side| start < end && end <= **side).ok_or_else(wrong)?;
    *side = end - start;
    let inner = from[axis + 1..].iter().product::<usize>();
    Ok((Operator::Slice(from[axis] * inner, start * inner..end * inner), shape))
}
