//! Which camera is opened, when one was chosen. Pure.
//!
//! A chosen camera is known again by its id, or by its name when it was moved to another socket and
//! no other camera is called so. When it is not there at the start, the first one stands in for it.
//! A camera that was open and has gone is waited for: it may only have been plugged in anew, and
//! another one, which looks elsewhere, would say that nobody is there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CameraError, CameraId, CameraInfo, find};
use crate::time::MediaTime;

/// A camera that was open and has gone is waited for so long before another one is taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A camera as a settings file remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub id: CameraId,
    pub name: String,
}

impl From<&CameraInfo> for Remembered {
    fn from(camera: &CameraInfo) -> Self {
        Self { id: camera.id.clone(), name: camera.name.clone() }
    }
}

/// How a camera that was taken fits what was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Nothing was chosen; it is the first.
    #[default]
    First,
    /// It is the chosen one.
    Chosen,
    /// It has the name of the chosen one, alone, and hangs elsewhere.
    Moved,
    /// The chosen one is not there.
    StandIn,
}

/// What was chosen, and what was open last.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    wanted: Option<Remembered>,
    /// No other camera will do.
    is_strict: bool,
    last: Option<Remembered>,
    /// Since when the last one has not been found.
    missing: Option<MediaTime>,
}

impl Choice {
    /// This one if it is there, or else another; without a wish, the first.
    pub fn of(wanted: Option<Remembered>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// This one and no other.
    pub fn only(wanted: Remembered) -> Self {
        Self { wanted: Some(wanted), is_strict: true, ..Self::default() }
    }

    /// The camera to open at `now`, and how it fits.
    ///
    /// # Errors
    /// [`CameraError::NoCamera`] when there is none at all, [`CameraError::NotFound`] when there
    /// are only others than the one that is waited for.
    pub fn pick(
        &mut self,
        cameras: &[CameraInfo],
        now: MediaTime,
    ) -> Result<(CameraInfo, Fit), CameraError> {
        let known = [&self.wanted, &self.last].into_iter().flatten();
        let found = known.into_iter().find_map(|known| known_again(cameras, known));
        if found.is_none() && self.last.is_some() {
            let since = *self.missing.get_or_insert(now);
            if now.since(since) < PATIENCE {
                let is_empty = cameras.is_empty();
                return Err(if is_empty { CameraError::NoCamera } else { CameraError::NotFound });
            }
        }
        let taken = match found {
            Some(found) => found.clone(),
            None if self.is_strict => find(cameras, self.wanted.as_ref().map(|wanted| &wanted.id))?,
            None => find(cameras, None)?,
        };
        let fit = self.fit(cameras, &taken);
        Ok((taken, fit))
    }

    /// It was opened, and gives pictures.
    pub fn opened(&mut self, camera: &CameraInfo) {
        (self.last, self.missing) = (Some(camera.into()), None);
    }

    fn fit(&self, cameras: &[CameraInfo], taken: &CameraInfo) -> Fit {
        match &self.wanted {
            None => Fit::First,
            Some(wanted) if wanted.id == taken.id => Fit::Chosen,
            Some(wanted) if known_again(cameras, wanted) == Some(taken) => Fit::Moved,
            Some(_) => Fit::StandIn,
        }
    }
}

/// By its id, or by a name that only one has.
fn known_again<'a>(cameras: &'a [CameraInfo], known: &Remembered) -> Option<&'a CameraInfo> {
    let mut namesakes = cameras.iter().filter(|camera| camera.name == known.name);
    let only = namesakes.next().filter(|_| namesakes.next().is_none());
    cameras.iter().find(|camera| camera.id == known.id).or(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cameras(named: &[(&str, &str)]) -> Vec<CameraInfo> {
        let camera = |(index, (name, bus)): (usize, &(&str, &str))| CameraInfo {
            id: CameraId::new(name, bus, 0),
            name: (*name).to_owned(),
            driver: String::new(),
            bus: (*bus).to_owned(),
            index: index as u32,
            virtual_device: None,
        };
        named.iter().enumerate().map(camera).collect()
    }

    fn at(secs: i64) -> MediaTime {
        MediaTime::from_millis(secs * 1_000)
    }

    fn wanted(name: &str, bus: &str) -> Choice {
        Choice::of(Some(Remembered { id: CameraId::new(name, bus, 0), name: name.to_owned() }))
    }

    #[track_caller]
    fn assert_takes(choice: &mut Choice, from: &[(&str, &str)], bus: &str, fit: Fit) {
        let (taken, found) = choice.pick(&cameras(from), at(0)).unwrap();
        assert_eq!((taken.bus.as_str(), found), (bus, fit));
    }

    #[test]
    fn the_chosen_camera_is_known_by_its_id_or_else_by_a_name_that_only_one_has() {
        let mut choice = wanted("B", "2");
        assert_takes(&mut choice, &[("A", "1"), ("B", "2"), ("B", "3")], "2", Fit::Chosen);
        assert_takes(&mut choice, &[("A", "1"), ("B", "9")], "9", Fit::Moved);
        assert_takes(&mut choice, &[("A", "1"), ("B", "8"), ("B", "9")], "1", Fit::StandIn);
        assert_takes(&mut choice, &[("A", "1")], "1", Fit::StandIn);
        assert_takes(&mut Choice::default(), &[("A", "1")], "1", Fit::First);
        assert_eq!(choice.pick(&[], at(0)), Err(CameraError::NoCamera));
    }

    #[test]
    fn a_camera_that_was_open_is_waited_for_before_another_one_looks_elsewhere() {
        let mut choice = Choice::default();
        let both = cameras(&[("A", "1"), ("B", "2")]);
        choice.opened(&both[0]);
        for now in [at(100), at(109)] {
            assert_eq!(choice.pick(&both[1..], now), Err(CameraError::NotFound));
        }
        let moved = cameras(&[("B", "2"), ("A", "3")]);
        assert_eq!(choice.pick(&moved, at(109)).unwrap().0.bus, "3");
        assert_eq!(choice.pick(&both[1..], at(110)).unwrap().0.bus, "2");
        choice.opened(&both[1]);
        assert_eq!(choice.pick(&both, at(300)).unwrap().0.bus, "2");
    }

    #[test]
    fn the_chosen_camera_is_taken_again_when_its_stand_in_has_failed() {
        let mut choice = wanted("B", "2");
        let both = cameras(&[("A", "1"), ("B", "2")]);
        choice.opened(&both[0]);
        assert_eq!(choice.pick(&both, at(0)).unwrap(), (both[1].clone(), Fit::Chosen));
    }

    #[test]
    fn no_other_camera_stands_in_for_the_only_one_that_will_do() {
        let both = cameras(&[("A", "1"), ("B", "2")]);
        let mut choice = Choice::only((&both[1]).into());
        assert_eq!(choice.pick(&both[..1], at(0)), Err(CameraError::NotFound));
        choice.opened(&both[1]);
        assert_eq!(choice.pick(&both[..1], at(0)), Err(CameraError::NotFound));
        assert_eq!(choice.pick(&both[..1], at(60)), Err(CameraError::NotFound));
    }
}
