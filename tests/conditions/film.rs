//! Footage of the shipped recording, and what may be wrong with it.

use std::sync::Arc;

use inview::capture::file;
use inview::frame::{Frame, I420, Payload};
use inview::geometry::Size;
use inview::time::MediaTime;

use crate::support::shipped_recording;

/// What the picture shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scene {
    Candidate,
    /// A finger on the lens: light shines through it, and there is noise.
    Finger,
    /// A cap on the lens, and the noise of the sensor.
    Cap,
    /// Hardly any light; the noise of the sensor remains.
    Dark,
    /// The same, and the camera has turned up its gain: the noise is brighter than the room.
    Night,
    /// The same picture again and again, bit for bit.
    Frozen,
    /// The same picture, and each time what an encoder makes of it.
    FrozenEncoded,
}

/// Paints a scene: frame number so and so.
pub(crate) type Painter = Arc<dyn Fn(Scene, u64) -> Payload + Send + Sync>;

/// The first seconds of the shipped recording, with the candidate in view.
pub(crate) fn footage() -> Vec<Frame> {
    let mut source = file::open(&shipped_recording()).unwrap();
    (0..60).map(|_| source.next_frame(MediaTime::ZERO).unwrap().unwrap()).collect()
}

/// Random numbers that are the same in every run.
pub(crate) struct Noise(u32);

impl Noise {
    /// Normally distributed, about.
    pub(crate) fn next(&mut self, deviation: f32) -> f32 {
        let mut uniform = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            (self.0 >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (uniform() + uniform() + uniform() + uniform()) * 1.732 * deviation
    }
}

/// Luma of the scene, from 0, at a point of the picture that has this luma in the room.
fn luma(scene: Scene, room: f32, x: f32, y: f32, noise: &mut Noise) -> f32 {
    match scene {
        Scene::Candidate | Scene::Frozen => room,
        Scene::Finger => 50.0 - 30.0 * (x * x + y * y) + 10.0 * x + noise.next(2.0),
        Scene::Cap => noise.next(3.0),
        Scene::Dark => room * 0.01 + noise.next(2.0),
        Scene::Night => room * 0.04 + noise.next(10.0),
        // What is left of a picture that an encoder has sent before.
        Scene::FrozenEncoded => room + (noise.next(1.0) / 2.5).trunc(),
    }
}

/// Paints every point anew, by its luma from 0 and by where it lies: -0.5 to 0.5 from the middle.
pub(crate) fn repaint(
    plane: &mut [u8],
    size: Size,
    seq: u64,
    luma: impl Fn(f32, f32, f32, &mut Noise) -> f32,
) {
    let mut noise = Noise(seq as u32 + 1);
    for (row, line) in plane.chunks_exact_mut(size.width as usize).enumerate() {
        let y = row as f32 / size.height as f32 - 0.5;
        for (column, point) in line.iter_mut().enumerate() {
            let x = column as f32 / size.width as f32 - 0.5;
            let room = f32::from(*point) - 16.0;
            *point = (luma(room, x, y, &mut noise) + 16.0).round() as u8;
        }
    }
}

pub(crate) fn filmed(footage: &[Frame]) -> Painter {
    let frames: Vec<I420> = footage
        .iter()
        .map(|frame| match &frame.payload {
            Payload::I420(planes) => planes.clone(),
            Payload::Rgb8(_) | Payload::Gray8(_) => panic!("{frame:?}"),
        })
        .collect();
    let size = footage[0].size;
    Arc::new(move |scene, seq| {
        let still = matches!(scene, Scene::Frozen | Scene::FrozenEncoded);
        // Forwards and backwards, so that nothing jumps.
        let last = frames.len() - 1;
        let at = if still { 0 } else { seq as usize % (2 * last) };
        let mut planes = frames[at.min(2 * last - at)].clone();
        if matches!(scene, Scene::Candidate | Scene::Frozen) {
            return Payload::I420(planes);
        }
        repaint(&mut planes.y, size, seq, |room, x, y, noise| luma(scene, room, x, y, noise));
        if scene != Scene::FrozenEncoded {
            planes.u.fill(128);
            planes.v.fill(128);
        }
        Payload::I420(planes)
    })
}
