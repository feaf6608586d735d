//! When a sound is due. Pure: time comes in.

use std::time::Duration;

use super::tones::Sound;
use super::view_model::Notice;
use crate::time::MediaTime;

/// A warning that stands is heard again after this long.
const REPEAT: Duration = Duration::from_secs(6);

/// What was heard, and what follows.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    /// When the warning is heard again; absent while nothing is wrong.
    due: Option<MediaTime>,
    /// A warning was heard, and "seen again" not yet.
    is_owed: bool,
}

impl Alarm {
    /// The sound to play now, with this notice on the screen.
    pub(super) fn next(&mut self, notice: Option<Notice>, now: MediaTime) -> Option<Sound> {
        match notice {
            Some(
                Notice::Away
                | Notice::FaceNotVisible
                | Notice::MultiplePeople
                | Notice::StillImage
                | Notice::Loop
                | Notice::CannotLook,
            ) => {
                if self.due.is_some_and(|due| now < due) {
                    return None;
                }
                (self.due, self.is_owed) = (Some(now + REPEAT), true);
                Some(Sound::Warning)
            }
            Some(Notice::Back) => {
                self.due = None;
                std::mem::take(&mut self.is_owed).then_some(Sound::Back)
            }
            None => {
                self.due = None;
                None
            }
        }
    }

    /// How long until the next sound, while a warning stands.
    pub(super) fn wait(&self, now: MediaTime) -> Option<Duration> {
        self.due.map(|due| due.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(alarm: &mut Alarm, told: &[(i64, Option<Notice>)]) -> Vec<(i64, Sound)> {
        let at = |secs| MediaTime::from_millis(secs * 1_000);
        let next =
            |(secs, notice): &(i64, Option<Notice>)| Some((*secs, alarm.next(*notice, at(*secs))?));
        told.iter().filter_map(next).collect()
    }

    #[test]
    fn a_warning_is_repeated_gently_while_it_stands_and_its_end_is_heard_once() {
        let away = Some(Notice::Away);
        let mut told: Vec<_> = (10..25).map(|secs| (secs, away)).collect();
        told.extend((25..30).map(|secs| (secs, Some(Notice::Back))));
        let expected =
            [(10, Sound::Warning), (16, Sound::Warning), (22, Sound::Warning), (25, Sound::Back)];
        assert_eq!(heard(&mut Alarm::default(), &told), expected);
    }

    #[test]
    fn another_notice_does_not_hurry_the_sound_and_a_new_warning_is_heard_at_once() {
        let told = [
            (10, Some(Notice::Away)),
            (11, Some(Notice::CannotLook)),
            (12, None),
            (13, Some(Notice::Away)),
            (14, None),
            (15, Some(Notice::Back)),
        ];
        let expected = [(10, Sound::Warning), (13, Sound::Warning), (15, Sound::Back)];
        assert_eq!(heard(&mut Alarm::default(), &told), expected);
    }

    #[test]
    fn coming_back_before_any_warning_is_not_heard() {
        assert_eq!(heard(&mut Alarm::default(), &[(3, None), (4, Some(Notice::Back))]), []);
    }
}
