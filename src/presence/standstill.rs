//! For how long the picture has been exactly as it was, and whether that is a camera that hangs.
//!
//! H.264 of few bits leaves out who hardly moves: the picture stands still from one key frame to the next, which
//! shows where they are now. A picture that hangs, encoded so, is renewed by key frames, too, and by nothing
//! else. So a short standstill says nothing yet, and a look that differs, alone among others that do not, is
//! no movement.

use std::time::Duration;

use super::picture::PictureChange;
use crate::time::MediaTime;

/// Unchanged means also: no sample differs by more than this many levels …
const STILL_MAX: u8 = 8;
/// … and hardly any by more than three.
const STILL_SHARE: f64 = 0.001;
/// The picture hangs after so long without any change. Before people in view it stood still for 1.4 s at most,
/// of all clips made worse; where it hung for 3 s and was strongly compressed, for 1.8 s …
const HANGS_AFTER: Duration = Duration::from_millis(1_600);
/// … or after so long with changes of single looks alone. Before people: 1.4 s at most.
const RENEWED_FOR: Duration = Duration::from_secs(3);

/// How a look differs from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    None,
    /// By a few levels here and there: encoders mend what they showed too coarsely.
    Slight,
    Much,
}

impl Difference {
    /// Where a picture is as the one before up to so many levels in the mean.
    pub(super) fn of(change: &PictureChange, level: f64) -> Self {
        match change.max <= STILL_MAX && change.share <= STILL_SHARE {
            true if change.mean <= level => Self::None,
            true => Self::Slight,
            false => Self::Much,
        }
    }
}

/// Remembers when the picture last differed from the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Standstill {
    last: Option<MediaTime>,
    /// The last look that differed at all …
    differed: Option<MediaTime>,
    /// … other than slightly, alone among others that did not …
    changed: Option<MediaTime>,
    /// … and right after one that did, or that showed nobody.
    moved: Option<MediaTime>,
}

impl Standstill {
    /// Takes a look; gives for how long the picture has been as it is.
    pub(super) fn look(&mut self, at: MediaTime, by: Difference, somebody: bool) -> Duration {
        let again = self.differed == self.last;
        if !somebody || by != Difference::None && again {
            self.moved = Some(at);
        }
        if by == Difference::Much || by == Difference::Slight && (again || !somebody) {
            self.changed = Some(at);
        }
        if by != Difference::None {
            self.differed = Some(at);
        }
        self.last = Some(at);
        self.changed.map_or(Duration::ZERO, |changed| at.since(changed))
    }

    /// What was before says nothing of what comes.
    pub(super) fn begins(&mut self, at: MediaTime) {
        (self.last, self.differed) = (Some(at), Some(at));
        (self.changed, self.moved) = (Some(at), Some(at));
    }

    /// Whether the look at this time differed from the one before.
    pub(super) fn changed_at(&self, at: MediaTime) -> bool {
        self.differed == Some(at)
    }

    /// Since when the picture hangs, if it does.
    pub(super) fn hangs_since(&self, at: MediaTime) -> Option<MediaTime> {
        let lasts = |since: &MediaTime, long| at.since(*since) >= long;
        let renewed = self.moved.filter(|moved| lasts(moved, RENEWED_FOR));
        renewed.or(self.changed.filter(|changed| lasts(changed, HANGS_AFTER)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks five times a second, `.` as the one before, `x` different and `-` slightly, `o` of an empty
    /// room; since when the picture hangs at the last of them, in milliseconds.
    fn hangs(looks: &str) -> Option<i64> {
        let mut standstill = Standstill::default();
        let mut at = MediaTime::ZERO;
        for look in looks.chars() {
            at = at + Duration::from_millis(200);
            let by = match look {
                '.' => Difference::None,
                '-' => Difference::Slight,
                _ => Difference::Much,
            };
            standstill.look(at, by, look != 'o');
        }
        standstill.hangs_since(at).map(MediaTime::as_millis)
    }

    #[test]
    fn a_picture_that_stands_still_for_long_hangs() {
        assert_eq!(hangs("xxx........"), Some(600));
        assert_eq!(hangs("xxx......."), None);
        assert_eq!(hangs("xxx........x"), None);
        assert_eq!(hangs("x--....-...."), Some(600), "which an encoder mends");
        assert_eq!(hangs("x--....--..."), None, "somebody under a camera without noise");
    }

    #[test]
    fn a_picture_that_key_frames_alone_renew_hangs_since_it_last_moved() {
        assert_eq!(hangs("xxx.....x.....x..."), Some(600));
        assert_eq!(hangs("xxx.....x.....x."), None, "not yet");
        assert_eq!(hangs("xxx.....xx....x....."), None, "who moves between key frames");
        assert_eq!(hangs("ooo.o...o...ooo.....x..."), None, "who was not there before");
    }

    #[test]
    fn what_was_before_a_silence_is_forgotten() {
        let mut standstill = Standstill::default();
        let at = MediaTime::from_millis;
        standstill.look(at(0), Difference::Much, true);
        standstill.begins(at(9_000));
        assert_eq!(standstill.look(at(9_200), Difference::None, true), Duration::from_millis(200));
        assert_eq!(standstill.hangs_since(at(9_200)), None);
        assert!(standstill.changed_at(at(9_000)));
    }
}
