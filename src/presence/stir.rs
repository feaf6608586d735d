//! Whether somebody may be coming back into an empty picture, before anybody is found in it.
//!
//! Who comes back is seen in part at first, moving, often without a head: detectors find them some looks
//! later. The picture shows it at once, since an empty room stays as it is. That alone says nothing, for
//! doors, cats and screens move, too; so it only dates what the detectors find soon after. What has moved on and
//! off since the candidate was gone, as a television does, does not even that.

use std::sync::Arc;
use std::time::Duration;

use super::picture::{BLOCK_COLUMNS, BLOCKS, LumaGrid};
use crate::time::MediaTime;

/// A block that changed by this part of the picture's brightness …
const CHANGED_SHARE_OF_P99: u8 = 16;
/// … in at least this part of the picture: a limb, and more than a detail of the room.
const STIRRED_SHARE: f64 = 0.01;
/// Who comes in changes a part of the picture, and nothing in at least one of so many columns; a camera that
/// is turned changes all of it.
const COLUMNS: usize = 4;
/// A picture is calm when it has been the same for so long.
const CALM_AFTER: Duration = Duration::from_secs(1);
/// Who has not been found after so long has not come back: the room is another one now.
const STIR_LASTS: Duration = Duration::from_secs(2);

/// Who leaves is gone this long after the last look that shows a face.
const LEAVING_LASTS: Duration = Duration::from_secs(1);
/// A part of the picture that has changed for so long, on and off, is restless …
const RESTLESS_AFTER: Duration = Duration::from_secs(2);
/// … until it has been the same for so long.
const RESTLESS_LASTS: Duration = Duration::from_secs(10);

/// The picture is not the one that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stir {
    /// It was the same from here on …
    pub calm_since: MediaTime,
    /// … and is not since the look at this time.
    pub since: MediaTime,
}

/// Remembers the last picture in which nothing moved.
#[derive(Clone, Debug, Default)]
pub struct Calm {
    picture: Option<(MediaTime, Arc<LumaGrid>)>,
    stirred: Option<MediaTime>,
    last_face: Option<MediaTime>,
    /// When blocks changed first and last since nobody is there, row by row.
    changes: Vec<Option<(MediaTime, MediaTime)>>,
    /// Which of them were restless when the picture was calm last.
    restless: Vec<bool>,
}

impl Calm {
    /// Takes the picture of a look, and whether a face was found in it; says since when it is not the calm one
    /// before, if it is not.
    pub fn look(&mut self, at: MediaTime, picture: &Arc<LumaGrid>, has_face: bool) -> Option<Stir> {
        let Some((calm_since, calm)) = &mut self.picture else {
            self.picture = Some((at, Arc::clone(picture)));
            return None;
        };
        let calm_since = *calm_since;
        let changed = picture.blocks_changed_since(calm, CHANGED_SHARE_OF_P99);
        let is_restless = |block: usize| self.restless.get(block).is_some_and(|it| *it);
        let stirred = by_column((0..BLOCKS).filter(|&block| changed[block] && !is_restless(block)));
        if stirred.iter().sum::<f64>() < STIRRED_SHARE * COLUMNS as f64 {
            // Light that changes by and by is followed.
            *calm = Arc::clone(picture);
            self.stirred = None;
            self.note(at, &changed, has_face);
            self.see_what_is_restless(at);
            return None;
        }
        let since = self.stirred.unwrap_or(at);
        let too_long = at.since(since) > STIR_LASTS;
        let changed_by_column = by_column((0..BLOCKS).filter(|&block| changed[block]));
        let everywhere = changed_by_column.iter().all(|share| *share >= STIRRED_SHARE);
        self.note(at, &changed, has_face);
        if since.since(calm_since) < CALM_AFTER || too_long || everywhere {
            (self.picture, self.stirred) = (Some((at, Arc::clone(picture))), None);
            self.see_what_is_restless(at);
            return None;
        }
        self.stirred = Some(since);
        Some(Stir { calm_since, since })
    }

    /// Notes which blocks have changed.
    fn note(&mut self, at: MediaTime, changed: &[bool; BLOCKS], has_face: bool) {
        if has_face {
            self.last_face = Some(at);
            self.changes.clear();
        }
        if self.last_face.is_some_and(|last| at.since(last) < LEAVING_LASTS) {
            return;
        }
        self.changes.resize(BLOCKS, None);
        for (change, _) in self.changes.iter_mut().zip(changed).filter(|(_, changed)| **changed) {
            let first = change.filter(|(_, last)| at.since(*last) <= RESTLESS_LASTS);
            *change = Some((first.map_or(at, |(first, _)| first), at));
        }
    }

    fn see_what_is_restless(&mut self, at: MediaTime) {
        let is_restless = |change: &Option<(MediaTime, MediaTime)>| {
            change.is_some_and(|(first, last)| {
                last.since(first) >= RESTLESS_AFTER && at.since(last) <= RESTLESS_LASTS
            })
        };
        self.restless.clear();
        self.restless.extend(self.changes.iter().map(is_restless));
    }
}

/// Which share of each of the picture's columns these blocks are.
fn by_column(blocks: impl Iterator<Item = usize>) -> [f64; COLUMNS] {
    let mut shares = [0.0; COLUMNS];
    for block in blocks {
        shares[block % BLOCK_COLUMNS * COLUMNS / BLOCK_COLUMNS] += COLUMNS as f64 / BLOCKS as f64;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Payload};
    use crate::geometry::Size;

    const FRAME: Size = Size::new(320, 240);

    /// Looks five times a second at what is painted for each look.
    fn stirs_of(looks: usize, luma: impl Fn(usize, u32, u32) -> u8) -> Vec<Option<(i64, i64)>> {
        stirs_after(0, looks, luma)
    }

    /// The same; the first so many looks show a face.
    fn stirs_after(
        with_face: usize,
        looks: usize,
        luma: impl Fn(usize, u32, u32) -> u8,
    ) -> Vec<Option<(i64, i64)>> {
        let mut calm = Calm::default();
        let mut look = |index: usize| {
            let at = MediaTime::ZERO + Duration::from_millis(200) * index as u32;
            let points = (0..FRAME.height).flat_map(|y| (0..FRAME.width).map(move |x| (x, y)));
            let payload = Payload::Gray8(points.map(|(x, y)| luma(index, x, y)).collect());
            let frame = Frame { seq: 0, pts: at, size: FRAME, payload };
            calm.look(at, &Arc::new(LumaGrid::of(&frame)), index < with_face)
                .map(|stir| (stir.calm_since.as_millis(), stir.since.as_millis()))
        };
        (0..looks).map(&mut look).collect()
    }

    /// A grey room with a bright thing, so many pixels wide.
    fn stirs(widths: &[u32]) -> Vec<Option<(i64, i64)>> {
        stirs_of(widths.len(), |index, x, y| room(widths[index], x, y))
    }

    fn room(width: u32, x: u32, y: u32) -> u8 {
        if x < width { 240 } else { 100 + ((x + y) % 7) as u8 }
    }

    #[test]
    fn a_picture_that_was_calm_stirs_from_the_first_look_that_differs() {
        let stirs = stirs(&[0, 0, 0, 0, 0, 0, 40, 90, 90]);
        assert_eq!(stirs[..6], [None; 6]);
        assert_eq!(stirs[6..], [Some((0, 1_200)); 3]);
    }

    #[test]
    fn noise_and_light_that_flickers_leave_the_room_calm_and_hide_nobody() {
        let widths = [0, 0, 0, 0, 0, 0, 0, 60, 60];
        let stirs = stirs_of(widths.len(), |index, x, y| {
            let noise = (x * 7_919 + y * 104_729 + index as u32 * 1_299_709)
                .wrapping_mul(2_654_435_761)
                >> 27;
            let light = if index % 2 == 0 { 1.0 } else { 0.8 };
            (f64::from(room(widths[index], x, y)) * light) as u8 - 16 + noise as u8
        });
        assert_eq!(stirs[..7], [None; 7]);
        assert_eq!(stirs[7..], [Some((0, 1_400)); 2]);
    }

    #[test]
    fn a_picture_that_is_never_the_same_does_not_stir() {
        assert_eq!(stirs(&[0, 20, 40, 60, 80, 60, 40, 20, 0, 20]), [None; 10]);
        assert_eq!(stirs(&[0, 0, 0, 0, 40]), [None; 5]);
    }

    #[test]
    fn what_goes_away_again_and_details_are_no_stir() {
        let widths = [0, 0, 0, 0, 0, 0, 8, 40, 0, 40];
        // Eight pixels wide is a lamp on a device, as high as it is wide.
        let stirs = stirs_of(widths.len(), |index, x, y| {
            let is_there = widths[index] > 8 || y < 8;
            room(if is_there { widths[index] } else { 0 }, x, y)
        });
        assert_eq!(stirs[6..], [None, Some((0, 1_400)), None, Some((0, 1_800))]);
    }

    #[test]
    fn light_and_a_camera_that_is_turned_are_no_stir() {
        assert_eq!(stirs(&[0, 0, 0, 0, 0, 0, 319, 319, 0])[6..], [None; 3]);
        assert_eq!(stirs(&[0, 0, 0, 0, 0, 0, 90, 319, 319])[6..], [Some((0, 1_200)), None, None]);
    }

    #[test]
    fn what_stays_is_a_part_of_the_room_after_two_seconds() {
        let mut widths = vec![0; 6];
        widths.extend([40; 20]);
        let stirs = stirs(&widths);
        assert_eq!(stirs[16], Some((0, 1_200)));
        assert_eq!(stirs[17..], [None; 9]);
    }

    /// A television at the right, which is on for 3 s, off for 1.4 s and on again; somebody comes 2 s later.
    fn television(with_face: usize) -> Vec<Option<(i64, i64)>> {
        stirs_after(with_face, 40, |index, x, y| {
            let is_on = !(15..22).contains(&index);
            if x >= 260 && y < 60 && is_on && index % 2 == 0 {
                200
            } else {
                room(if index < 32 { 0 } else { 60 }, x, y)
            }
        })
    }

    #[test]
    fn what_has_moved_on_and_off_since_nobody_is_there_does_not_stir() {
        let stirs = television(0);
        assert_eq!(stirs[..32], [None; 32]);
        assert!(stirs[32].is_some_and(|(_, since)| since == 6_400), "{:?}", stirs[32]);
        let in_view = television(20);
        assert!(in_view[22].is_some(), "it moved while the candidate was there: {in_view:?}");
    }
}
