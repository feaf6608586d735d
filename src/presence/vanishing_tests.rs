//! Drawn candidates who hide their faces, and who leave.

use super::picture::{LumaGrid, PictureChange, PictureStats};
use super::policy::Policy;
use super::small::shrunk;
use super::vanishing::{STILL_THERE, Vanishing};
use crate::detection::{Detection, Label, Silhouette};
use crate::frame::{Frame, I420, Payload, Range};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

const FRAME: Size = Size::new(320, 240);
/// Its left edge in a frame twice as large.
const FAR: f32 = 160.0;

/// What is before the camera.
#[derive(Clone, Copy, Debug)]
struct Scene {
    /// Left edge of the body; None: nobody.
    body: Option<i32>,
    /// A sheet before the face and the middle of the body.
    sheet: bool,
    /// By how much the camera has turned.
    turned: i32,
    light: f32,
    /// Another face, at the top left.
    poster: bool,
}

const THERE: Scene = Scene { body: Some(90), sheet: false, turned: 0, light: 1.0, poster: false };

/// The body is 140 wide, from half of the height down; the face is 50 x 100.8 above its middle:
/// as much of the height as it takes for the whole frame to be looked at.
fn face_at(body: i32) -> BoundingBox {
    let left = body as f32 + 45.0;
    BoundingBox::new(left, 19.2, left + 50.0, 120.0)
}

/// Luma and colour (U) of a pixel.
fn pixel(scene: &Scene, x: i32, y: i32) -> (f32, u8) {
    let across = x + scene.turned;
    let room = (120.0 + ((across * 5 + y * 3) % 120) as f32, 128);
    let Some(body) = scene.body else { return room };
    let face = face_at(body);
    if scene.sheet && (body + 25..body + 115).contains(&x) && (5..200).contains(&y) {
        return (235.0, 128);
    }
    if (x as f32 >= face.left && (x as f32) < face.right) && (8..125).contains(&y) {
        return (150.0 + (y % 20) as f32, 110);
    }
    if (body..body + 140).contains(&x) && y >= 120 {
        return (60.0 + ((x - body) % 30) as f32, 150);
    }
    room
}

fn drawn(scene: &Scene, at: i64) -> Frame {
    let Size { width, height } = FRAME;
    let points = |step: usize| {
        (0..height.cast_signed())
            .step_by(step)
            .flat_map(move |y| (0..width.cast_signed()).step_by(step).map(move |x| (x, y)))
    };
    let y = points(1).map(|(x, y)| (pixel(scene, x, y).0 * scene.light) as u8).collect();
    let colour = |u: u8| (128.0 + (f32::from(u) - 128.0) * scene.light) as u8;
    let u: Vec<u8> = points(2).map(|(x, y)| colour(pixel(scene, x, y).1)).collect();
    let planes = I420 { y, v: vec![128; u.len()], u, range: Range::Full };
    Frame { seq: 0, pts: MediaTime::from_millis(at), size: FRAME, payload: Payload::I420(planes) }
}

/// The same, at the middle of the top of a frame twice as large, in which all else is grey.
fn far_away(scene: &Scene, at: i64) -> Frame {
    let near = drawn(scene, at);
    let Payload::I420(planes) = near.payload else { unreachable!() };
    let plane = |from: &[u8], line: usize, grey: u8| {
        let mut to = vec![grey; from.len() * 4];
        for (row, points) in from.chunks_exact(line).enumerate() {
            let at = row * 2 * line + line / 2;
            to[at..at + line].copy_from_slice(points);
        }
        to
    };
    let (line, half) = (FRAME.width as usize, FRAME.width as usize / 2);
    let y = plane(&planes.y, line, 120);
    let (u, v) = (plane(&planes.u, half, 128), plane(&planes.v, half, 128));
    let payload = Payload::I420(I420 { y, u, v, range: Range::Full });
    Frame { size: Size::new(640, 480), payload, ..near }
}

fn found(bounding_box: BoundingBox) -> Detection {
    Detection { label: Label::Face, score: 0.9, bounding_box }
}

/// Where the body of a scene is, and the face: what a network would draw.
fn silhouette(scene: &Scene) -> Silhouette {
    let size = Size::new(80, 60);
    let points = (0..size.height.cast_signed())
        .flat_map(|y| (0..size.width.cast_signed()).map(move |x| (x, y)));
    let is_body = |x: i32, y: i32| {
        scene.body.is_some_and(|body| {
            let face = face_at(body);
            (body..body + 140).contains(&x) && y >= 120
                || (x as f32 >= face.left && (x as f32) < face.right) && y >= 8
        })
    };
    let shares = points.map(|(x, y)| if is_body(x * 4 + 2, y * 4 + 2) { 1.0 } else { 0.0 });
    Silhouette { size, shares: shares.collect() }
}

/// Watches scenes five times a second; each with whether the face is found.
#[derive(Debug, Default)]
struct Watch {
    vanishing: Vanishing,
    at: i64,
    asked: usize,
    /// Of the sensor, in levels.
    noise: f64,
    far: bool,
}

impl Watch {
    fn see(&mut self, scene: &Scene, face: bool) -> Option<f64> {
        let frame = if self.far { far_away(scene, self.at) } else { drawn(scene, self.at) };
        let place = |body: i32| {
            let face = face_at(body);
            let x = if self.far { FAR } else { 0.0 };
            BoundingBox { left: face.left + x, right: face.right + x, ..face }
        };
        let mut faces = Vec::new();
        faces.extend(scene.body.filter(|_| face).map(|body| found(place(body))));
        faces.extend(scene.poster.then(|| found(BoundingBox::new(5.0, 5.0, 45.0, 50.0))));
        self.vanishing.look(&Policy::default(), &frame, &faces);
        if self.vanishing.asks().is_some() {
            self.asked += 1;
            // The picture is one in which all was as at first.
            self.vanishing.told(&silhouette(&Scene { sheet: false, ..*scene.or(&THERE) }));
        }
        self.at += 200;
        let change = PictureChange { mean: 2.0, max: 20, share: 0.1, noise: self.noise };
        let picture = LumaGrid::of(&frame).stats(None);
        self.vanishing.share(&frame, &PictureStats { change: Some(change), ..picture })
    }

    /// Somebody who sits there for a while.
    fn seated(scene: &Scene) -> Self {
        Self::default().sits(scene)
    }

    fn sits(mut self, scene: &Scene) -> Self {
        let watch = &mut self;
        for _ in 0..8 {
            assert_eq!(watch.see(scene, true), None);
        }
        self
    }
}

impl Scene {
    fn or<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self.body.is_some() { self } else { other }
    }
}

#[test]
fn who_hides_behind_a_sheet_is_still_there() {
    let mut watch = Watch::seated(&THERE);
    for _ in 0..20 {
        let share = watch.see(&Scene { sheet: true, ..THERE }, false).unwrap();
        assert!(share > 0.2 && share < 0.9, "{share}");
    }
    assert_eq!(watch.asked, 1);
}

#[test]
fn nothing_is_left_of_who_leaves() {
    let mut watch = Watch::seated(&THERE);
    for _ in 0..5 {
        let share = watch.see(&Scene { body: None, ..THERE }, false).unwrap();
        assert!(share < STILL_THERE / 2.0, "{share}");
    }
}

#[test]
fn far_away_the_surroundings_of_the_face_tell_the_same() {
    let far = || Watch { far: true, ..Watch::default() }.sits(&THERE);
    let share = far().see(&Scene { sheet: true, ..THERE }, false).unwrap();
    assert!(share > 0.2 && share < 0.9, "{share}");
    let share = far().see(&Scene { body: None, ..THERE }, false).unwrap();
    assert!(share < STILL_THERE / 2.0, "{share}");
}

#[test]
fn a_face_that_moved_before_it_was_lost_says_nothing_and_asks_for_nothing() {
    let mut watch = Watch::seated(&THERE);
    for step in 1..4 {
        watch.see(&Scene { body: Some(90 + 10 * step), ..THERE }, true);
    }
    let hidden = Scene { body: Some(120), sheet: true, ..THERE };
    assert_eq!((watch.see(&hidden, false), watch.asked), (None, 0));
}

#[test]
fn whoever_moves_a_little_behind_the_sheet_is_followed() {
    let mut watch = Watch::seated(&THERE);
    for step in 0..20 {
        let hidden = Scene { body: Some(90 + step), sheet: true, ..THERE };
        let share = watch.see(&hidden, false).unwrap();
        assert!(share > STILL_THERE, "{step}: {share}");
    }
}

/// The share that is as it was of somebody who is there in this light, and then hides or leaves in that one.
fn share_when(light: f32, then: &Scene, noise: f64) -> Option<f64> {
    let mut watch = Watch { noise, ..Watch::seated(&Scene { light, ..THERE }) };
    watch.see(then, false)
}

#[test]
fn in_the_dark_it_is_told_whether_somebody_hides_or_left_unless_there_is_much_noise() {
    let hidden = Scene { sheet: true, light: 0.15, ..THERE };
    let left = Scene { body: None, ..hidden };
    assert!(share_when(0.15, &hidden, 2.0).unwrap() > 0.2);
    assert!(share_when(0.15, &left, 2.0).unwrap() < STILL_THERE);
    assert_eq!(share_when(0.15, &hidden, 5.0), None);
    assert_eq!(share_when(0.04, &Scene { light: 0.04, ..hidden }, 0.0), None);
}

#[test]
fn light_that_is_another_is_taken_off() {
    for light in [0.7, 0.85, 1.0] {
        let hidden = Scene { sheet: true, light, ..THERE };
        assert!(share_when(0.85, &hidden, 0.0).unwrap() > 0.2, "{light}");
        let share = share_when(0.85, &Scene { body: None, ..hidden }, 0.0).unwrap();
        assert!(share < STILL_THERE, "{light}: {share}");
    }
}

#[test]
fn nothing_is_said_when_the_camera_moves() {
    let mut watch = Watch::seated(&THERE);
    assert!(watch.see(&Scene { sheet: true, ..THERE }, false).is_some());
    assert_eq!(watch.see(&Scene { sheet: true, turned: 37, ..THERE }, false), None);
}

#[test]
fn a_face_that_is_found_for_a_moment_changes_nothing() {
    let mut watch = Watch::seated(&THERE);
    let hidden = Scene { sheet: true, ..THERE };
    assert!(watch.see(&hidden, false).is_some());
    assert_eq!(watch.see(&hidden, true), None);
    assert!(watch.see(&hidden, false).is_some());
    assert_eq!(watch.asked, 1);
}

#[test]
fn a_poster_is_not_the_candidates_return() {
    let before = Scene { poster: true, ..THERE };
    let mut watch = Watch::seated(&before);
    for _ in 0..3 {
        assert!(watch.see(&Scene { sheet: true, ..before }, false).is_some());
    }
    let share = watch.see(&Scene { body: None, ..before }, false).unwrap();
    assert!(share < STILL_THERE, "{share}");
}

#[test]
fn every_format_makes_the_same_small_picture() {
    let size = Size::new(402, 300);
    let grey = |luma: u8| Payload::Gray8(vec![luma; size.area()]);
    let half = Size::new(201, 150);
    let i420 = |y: u8, range| {
        Payload::I420(I420 {
            y: vec![y; size.area()],
            u: vec![128; half.area()],
            v: vec![128; half.area()],
            range,
        })
    };
    let rgb = Payload::Rgb8(vec![100; size.area() * 3]);
    let small = |payload| shrunk(&Frame { seq: 3, pts: MediaTime::ZERO, size, payload }).unwrap();
    let expected = small(grey(100));
    assert_eq!(expected.size, Size::new(160, 120));
    assert_eq!(small(rgb), expected);
    assert_eq!(small(i420(100, Range::Full)), expected);
    assert_eq!(small(i420(102, Range::Limited)), expected);
    let cut = Frame { seq: 0, pts: MediaTime::ZERO, size, payload: Payload::Gray8(vec![0; 9]) };
    assert_eq!(shrunk(&cut), None);
}
