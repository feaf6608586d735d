//! A network that is ready to run: its steps in order, and which of them write to the same space.
//!
//! ```text
//! Graph ──place──> Plan (steps, sizes of spaces; shared) ──> Work (the spaces; one thread's)
//! ```
//!
//! A space is used again once what stands in it is no longer needed. Running allocates nothing.

use inview_kernels::{Buffer, Scratch};

use super::operators::Operator;

/// Where a tensor stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// In one of the spaces, this many values from its beginning.
    Space(usize, usize),
    Constant(usize),
}

/// One operator with its places.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) operator: Operator,
    pub(super) inputs: Vec<Place>,
    /// Space and length of the result.
    pub(super) space: usize,
    pub(super) length: usize,
}

/// Steps, and the spaces that they need. The first space is the input's.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) constants: Vec<Vec<f32>>,
    /// Lengths.
    pub(super) spaces: Vec<usize>,
    pub(super) outputs: Vec<Place>,
    /// Length of the input.
    pub(super) input: usize,
}

/// What a thread runs a plan in.
#[derive(Clone, Debug)]
pub(super) struct Work {
    spaces: Vec<Buffer>,
    scratch: Scratch,
}

impl Plan {
    pub(super) fn work(&self) -> Work {
        let spaces = self.spaces.iter().copied().map(Buffer::zeros).collect();
        Work { spaces, scratch: Scratch::default() }
    }

    /// The values of an input, before a run.
    pub(super) fn input<'a>(&self, work: &'a mut Work) -> &'a mut [f32] {
        &mut work.spaces[0][..self.input]
    }

    /// Runs all steps on what stands in the input.
    pub(super) fn run(&self, work: &mut Work) {
        let Work { spaces, scratch } = work;
        for step in &self.steps {
            // Taken out for a moment, so that the others can be read.
            let mut to = std::mem::take(&mut spaces[step.space]);
            let read = |at: usize| self.read(&step.inputs[at], spaces);
            step.operator.run(read, &mut to[..step.length], scratch);
            spaces[step.space] = to;
        }
    }

    /// The values of an output after a run; none where there is no such output.
    pub(super) fn output<'a>(&'a self, work: &'a Work, index: usize) -> Option<&'a [f32]> {
        self.outputs.get(index).map(|place| self.read(place, &work.spaces))
    }

    fn read<'a>(&'a self, place: &Place, spaces: &'a [Buffer]) -> &'a [f32] {
        match place {
            Place::Space(space, length) => &spaces[*space][..*length],
            Place::Constant(index) => &self.constants[*index],
        }
    }
}

/// Gives out spaces while a plan is made.
#[derive(Debug, Default)]
pub(super) struct Spaces {
    /// Length, and whether what stands in it is still needed.
    spaces: Vec<(usize, bool)>,
}

impl Spaces {
    /// The free space that fits best, or a new one.
    pub(super) fn take(&mut self, length: usize) -> usize {
        let free = self.spaces.iter().enumerate().filter(|(_, (_, used))| !used);
        // The smallest that is large enough, or else the largest, which grows.
        let best = free.min_by_key(|(_, (size, _))| (*size < length, size.abs_diff(length)));
        let place = best.map(|(place, _)| place);
        let place = place.unwrap_or_else(|| {
            self.spaces.push((0, false));
            self.spaces.len() - 1
        });
        let (size, used) = &mut self.spaces[place];
        (*size, *used) = ((*size).max(length), true);
        place
    }

    pub(super) fn free(&mut self, place: usize) {
        self.spaces[place].1 = false;
    }

    pub(super) fn lengths(self) -> Vec<usize> {
        self.spaces.into_iter().map(|(length, _)| length).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_that_is_free_again_is_taken_before_a_new_one() {
        let mut spaces = Spaces::default();
        assert_eq!((spaces.take(100), spaces.take(10), spaces.take(50)), (0, 1, 2));
        spaces.free(0);
        spaces.free(2);
        assert_eq!(spaces.take(40), 2);
        assert_eq!(spaces.take(120), 0);
        assert_eq!(spaces.take(1), 3);
        assert_eq!(spaces.lengths(), [120, 10, 50, 1]);
    }
}
