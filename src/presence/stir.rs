//! Whether somebody may be coming back into an empty picture, before anybody is found in it.
//!
//! Who comes back is seen in part at first, moving, often without a head: detectors find them some looks
//! later. The picture shows it at once, since an empty room stays as it is. That alone says nothing, for
//! doors, cats and screens move, too; so it only dates what the detectors find soon after, and only by what
//! hangs together with whom they find: what changed elsewhere did so without them. What has moved on and off since
//! the candidate was gone, as a television does, does not even that.

use std::sync::Arc;
use std::time::Duration;

use super::picture::{BLOCK_COLUMNS, BLOCK_ROWS, BLOCKS, LumaGrid};
use crate::geometry::BoundingBox;
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

/// Blocks with no more than this many between them hang together.
const APART: usize = 1;
/// More parts than this of a picture are not kept apart.
const MOST_PARTS: usize = 4;
const ANYWHERE: BoundingBox = BoundingBox::new(0.0, 0.0, 1.0, 1.0);

/// The picture is not the one that it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stir {
    /// It was the same from here on …
    pub calm_since: MediaTime,
    /// … and is not since the look at this time.
    pub since: MediaTime,
    /// Where it is not, each part since a time of its own.
    pub parts: Parts,
}

/// Parts of the picture that hang together, each with the look since which it has not been as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts([Option<(BoundingBox, MediaTime)>; MOST_PARTS]);

impl Stir {
    /// Whether somebody who is not found at this time may yet be coming back.
    pub(super) fn lasts(&self, at: MediaTime) -> bool {
        at.since(self.since) <= STIR_LASTS
    }

    /// Since when there is something of whom is found here, in parts of the frame's sides.
    pub(super) fn since_at(&self, place: &BoundingBox) -> Option<MediaTime> {
        let parts = self.parts.0.iter().flatten();
        parts.filter(|(part, _)| part.intersection(place) > 0.0).map(|(_, since)| *since).min()
    }
}

/// Finds parts, in space that is kept from look to look.
#[derive(Clone, Debug, Default)]
struct Grouping {
    open: Vec<usize>,
    parts: Vec<(BoundingBox, MediaTime)>,
}

impl Grouping {
    /// Of blocks, when they changed first and whether they still are not as they were, row by row. What was in a
    /// part that is as it was again may be anywhere.
    fn parts(&mut self, first: &[Option<MediaTime>], changed: &[bool; BLOCKS]) -> Parts {
        let Self { open, parts } = self;
        parts.clear();
        let mut seen = [false; BLOCKS];
        for block in 0..BLOCKS {
            let Some(since) = first[block].filter(|_| !seen[block]) else { continue };
            let (mut place, mut earliest, mut is_there) = (place_of(block), since, false);
            open.push(block);
            while let Some(block) = open.pop() {
                let Some(since) = first[block].filter(|_| !seen[block]) else { continue };
                seen[block] = true;
                place = place.joined(&place_of(block));
                earliest = earliest.min(since);
                is_there |= changed[block];
                open.extend(around(block));
            }
            parts.push((if is_there { place } else { ANYWHERE }, earliest));
        }
        parts.sort_unstable_by(|(a, _), (b, _)| b.area().total_cmp(&a.area()));
        let mut found = Parts::default();
        for (index, (place, since)) in parts.iter().enumerate() {
            let part = &mut found.0[index.min(MOST_PARTS - 1)];
            *part = Some(part.map_or((*place, *since), |(all, earliest)| {
                (all.joined(place), earliest.min(*since))
            }));
        }
        found
    }
}

/// The block in parts of the frame's sides.
fn place_of(block: usize) -> BoundingBox {
    let (left, top) = ((block % BLOCK_COLUMNS) as f32, (block / BLOCK_COLUMNS) as f32);
    let (columns, rows) = (BLOCK_COLUMNS as f32, BLOCK_ROWS as f32);
    BoundingBox::new(left / columns, top / rows, (left + 1.0) / columns, (top + 1.0) / rows)
}

/// The blocks that hang together with this one.
fn around(block: usize) -> impl Iterator<Item = usize> {
    let reach = |at: usize, end: usize| at.saturating_sub(APART + 1)..end.min(at + APART + 2);
    let (column, row) = (block % BLOCK_COLUMNS, block / BLOCK_COLUMNS);
    reach(row, BLOCK_ROWS)
        .flat_map(move |row| reach(column, BLOCK_COLUMNS).map(move |it| row * BLOCK_COLUMNS + it))
}

/// Remembers the last picture in which nothing moved.
#[derive(Clone, Debug, Default)]
pub struct Calm {
    picture: Option<(MediaTime, Arc<LumaGrid>)>,
    stirred: Option<MediaTime>,
    /// Which blocks are not as they were since then, row by row, and since when.
    first: Vec<Option<MediaTime>>,
    grouping: Grouping,
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
            self.first.clear();
            self.note(at, &changed, has_face);
            self.see_what_is_restless(at);
            return None;
        }
        let since = self.stirred.unwrap_or(at);
        self.first.resize(BLOCKS, None);
        for block in (0..BLOCKS).filter(|&block| changed[block] && !is_restless(block)) {
            self.first[block].get_or_insert(at);
        }
        let changed_by_column = by_column((0..BLOCKS).filter(|&block| changed[block]));
        let everywhere = changed_by_column.iter().all(|share| *share >= STIRRED_SHARE);
        let is_stir = since.since(calm_since) >= CALM_AFTER && !everywhere;
        self.stirred = Some(since);
        self.note(at, &changed, has_face);
        let parts = |it: &mut Self| it.grouping.parts(&it.first, &changed);
        let stir = is_stir.then(|| Stir { calm_since, since, parts: parts(self) });
        if !stir.is_some_and(|stir| stir.lasts(at)) {
            (self.picture, self.stirred) = (Some((at, Arc::clone(picture))), None);
            self.first.clear();
            self.see_what_is_restless(at);
        }
        stir
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
