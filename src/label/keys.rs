//! Which key does what.

use std::time::Duration;

use eframe::egui::{Event, Key, Modifiers};

use super::document::{Edge, Marked};
use super::mark::Mark;
use crate::score::{Mistake, Report};
use crate::time::MediaTime;

/// What a person asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    PlayOrPause,
    Pause,
    /// So many frames on.
    Step(i32),
    /// So much on, or back.
    Jump(Way, Duration),
    First,
    Last,
    Seek(MediaTime),
    Faster,
    Slower,
    /// Begins or ends an interval.
    Mark(Mark),
    /// Moves an edge of the selected interval by so many frames.
    Nudge(Edge, i32),
    /// Moves an edge to the frame that is shown.
    Here(Edge),
    Drag(Edge, MediaTime),
    LetGo,
    Select(Option<Marked>),
    SelectTold(Report),
    Delete,
    GiveUp,
    Undo,
    Redo,
    NextMistake(Way),
    GoTo(Mistake),
    NextEdge(Way),
    Accept,
    AcceptAll,
    Tags(String),
    Note(String),
    Zoom(f32),
    Whole,
    Save,
    Help,
    /// Closes, although there are changes: saves them first, or not.
    Close(Save),
    Stay,
}

/// Along the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    On,
    Back,
}

/// Whether changes are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    First,
    Not,
}

const SECOND: Duration = Duration::from_secs(1);
const TEN_SECONDS: Duration = Duration::from_secs(10);

/// What the help says of keys.
pub(super) const LEGEND: [(&str, &str); 15] = [
    ("Space  K", "play or pause"),
    ("← →  , .", "a frame back, on"),
    ("Shift ← →", "a second"),
    ("Ctrl ← →  J L", "ten seconds"),
    ("Home End", "to the first, last frame"),
    ("↑ ↓", "play faster, slower: 0.5x to 4x"),
    ("E  Shift E", "to the next, previous edge"),
    ("1 2  3 4", "move the start, the end by a frame"),
    ("Q W", "start, end of what is selected: here"),
    ("Del", "delete what is selected"),
    ("Ctrl Z  Ctrl Y", "undo, redo"),
    ("N  Shift N", "to the next, previous disagreement"),
    ("A  Shift A", "take over the tool's, all of them"),
    ("+ − 0", "zoom the timeline; also the wheel"),
    ("Ctrl S", "save"),
];

/// What a key asks for. Keys that are held repeat only what leads along the recording.
pub(super) fn action(event: &Event) -> Option<Action> {
    let Event::Key { key, pressed: true, repeat, modifiers, .. } = event else { return None };
    let action = if modifiers.command || modifiers.ctrl {
        with_command(*key, *modifiers)
    } else if modifiers.alt {
        None
    } else if modifiers.shift {
        with_shift(*key)
    } else {
        plain(*key)
    };
    action.filter(|action| {
        !repeat || matches!(action, Action::Step(_) | Action::Jump(..) | Action::Nudge(..))
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other keys do nothing")]
fn with_command(key: Key, modifiers: Modifiers) -> Option<Action> {
    Some(match key {
        Key::S => Action::Save,
        Key::Z if modifiers.shift => Action::Redo,
        Key::Z => Action::Undo,
        Key::Y => Action::Redo,
        Key::ArrowLeft => Action::Jump(Way::Back, TEN_SECONDS),
        Key::ArrowRight => Action::Jump(Way::On, TEN_SECONDS),
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other keys do nothing")]
fn with_shift(key: Key) -> Option<Action> {
    Some(match key {
        Key::ArrowLeft => Action::Jump(Way::Back, SECOND),
        Key::ArrowRight => Action::Jump(Way::On, SECOND),
        Key::N => Action::NextMistake(Way::Back),
        Key::E => Action::NextEdge(Way::Back),
        Key::A => Action::AcceptAll,
        Key::Slash | Key::Questionmark => Action::Help,
        // On many keyboards these are on a shifted key.
        Key::Plus | Key::Equals => Action::Zoom(2.0),
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other keys do nothing")]
fn plain(key: Key) -> Option<Action> {
    if let Some(mark) = marked_by(key) {
        return Some(Action::Mark(mark));
    }
    Some(match key {
        Key::Space | Key::K => Action::PlayOrPause,
        Key::ArrowLeft | Key::Comma => Action::Step(-1),
        Key::ArrowRight | Key::Period => Action::Step(1),
        Key::J => Action::Jump(Way::Back, TEN_SECONDS),
        Key::L => Action::Jump(Way::On, TEN_SECONDS),
        Key::Home => Action::First,
        Key::End => Action::Last,
        Key::ArrowUp => Action::Faster,
        Key::ArrowDown => Action::Slower,
        Key::E => Action::NextEdge(Way::On),
        Key::N => Action::NextMistake(Way::On),
        Key::A => Action::Accept,
        Key::Q => Action::Here(Edge::Start),
        Key::W => Action::Here(Edge::End),
        Key::Num1 => Action::Nudge(Edge::Start, -1),
        Key::Num2 => Action::Nudge(Edge::Start, 1),
        Key::Num3 => Action::Nudge(Edge::End, -1),
        Key::Num4 => Action::Nudge(Edge::End, 1),
        Key::Delete | Key::Backspace => Action::Delete,
        Key::Escape => Action::GiveUp,
        Key::Plus | Key::Equals => Action::Zoom(2.0),
        Key::Minus => Action::Zoom(0.5),
        Key::Num0 => Action::Whole,
        Key::F1 | Key::Questionmark => Action::Help,
        _ => return None,
    })
}

fn marked_by(key: Key) -> Option<Mark> {
    let mut letters = key.name().chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?.to_ascii_lowercase();
    Mark::ALL.into_iter().find(|mark| mark.key() == letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(key: Key, modifiers: Modifiers, repeat: bool) -> Option<Action> {
        action(&Event::Key { key, physical_key: None, pressed: true, repeat, modifiers })
    }

    #[test]
    fn the_key_of_a_mark_does_nothing_else() {
        for mark in Mark::ALL {
            let key = Key::from_name(&mark.key().to_ascii_uppercase().to_string()).unwrap();
            assert_eq!(pressed(key, Modifiers::NONE, false), Some(Action::Mark(mark)));
            assert_eq!(pressed(key, Modifiers::NONE, true), None, "held, it would end at once");
        }
        assert_eq!(pressed(Key::Z, Modifiers::COMMAND, false), Some(Action::Undo));
        let redo = Modifiers::COMMAND | Modifiers::SHIFT;
        assert_eq!(pressed(Key::Z, redo, false), Some(Action::Redo));
    }

    #[test]
    fn only_ways_along_the_recording_repeat() {
        assert_eq!(pressed(Key::ArrowLeft, Modifiers::NONE, true), Some(Action::Step(-1)));
        assert_eq!(pressed(Key::Space, Modifiers::NONE, true), None);
        assert_eq!(pressed(Key::Delete, Modifiers::NONE, true), None);
    }
}
