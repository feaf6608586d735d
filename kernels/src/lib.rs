//! The inner loops of the networks, and of what comes before them (`picture`).
//!
//! Numbers are single precision. A picture is rows of pixels of channels (NHWC with one picture), so
//! that the channels of a pixel lie side by side and every loop runs over them; only the input of
//! [`Stem`] has its three planes apart.
//!
//! ```text
//! planes ──Stem──> pixels ──Block──> pixels ──halve──> pixels ──Block──> …
//!                             └ Pointwise ─> Depthwise ─> Pointwise (+ what came in), row by row
//! ```
//!
//! A block can have the stem before it and the halving after it as parts of its own; what lies between them
//! is then never made whole either.
//!
//! The loops are written once, without intrinsics, and compiled for several instruction sets; the
//! processor at hand picks its own at run time (`pulp`). On one machine the same input gives the same
//! bytes; machines without fused multiply-add differ in the last bits.
//!
//! A package of its own, because these loops are optimised in the builds for tests, too.

#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instruction set that was picked"
)]

mod block;
mod buffer;
mod depthwise;
mod filter;
mod held;
pub mod picture;
mod pointwise;
mod resample;
mod simd;
mod stem;

pub use block::{Block, Scratch};
pub use buffer::Buffer;
pub use depthwise::Depthwise;
pub use filter::Filter;
pub use pointwise::Pointwise;
pub use resample::{double, double_and_add, halve, mean, spread};
pub use simd::Activation;
pub use stem::Stem;

/// Height and width of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    pub height: usize,
    pub width: usize,
}

impl Extent {
    pub const fn new(height: usize, width: usize) -> Self {
        Self { height, width }
    }

    pub const fn pixels(self) -> usize {
        self.height * self.width
    }
}
