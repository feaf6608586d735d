//! Changes to what is labelled, by keys and mouse.

use std::time::Duration;

use super::{App, Said, intervals, marked_as};
use crate::label::document::{Edge, Marked};
use crate::label::keys::Action;
use crate::label::mark::Mark;
use crate::score::{Report, Span};
use crate::time::MediaTime;

/// A frame, when its length is not known.
const USUAL_FRAME: Duration = Duration::from_millis(67);

impl App {
    pub(super) fn edit(&mut self, action: Action) {
        self.said = None;
        match action {
            Action::Mark(mark) => self.mark(mark),
            Action::Nudge(edge, frames) => self.nudge(edge, frames),
            Action::Here(edge) => {
                let at = self.moment(edge == Edge::End);
                self.move_edge(edge, at, false);
            }
            Action::Drag(edge, to) => {
                let to = self.verdict.frame_near(to, 0).unwrap_or(to);
                self.move_edge(edge, to, true);
                self.show_edge(edge);
            }
            Action::LetGo => self.document.let_go(),
            Action::Select(marked) => {
                self.document.select(marked);
                self.selected_told = None;
            }
            Action::Delete => self.document.delete_selected(),
            Action::GiveUp => {
                if !self.document.give_up() {
                    self.document.select(None);
                    self.selected_told = None;
                }
            }
            Action::Undo => self.document.undo(),
            Action::Redo => self.document.redo(),
            Action::Accept => self.accept(),
            Action::AcceptAll => {
                let all: Vec<Marked> = self.told.reports.iter().filter_map(marked_as).collect();
                self.said = Some(Said::Good(format!("{} taken over.", intervals(all.len()))));
                self.document.put_all(&all);
            }
            Action::Tags(tags) => self.document.set_tags(tags),
            Action::Note(note) => self.document.set_note(note),
            Action::PlayOrPause
            | Action::Pause
            | Action::Step(_)
            | Action::Jump(..)
            | Action::First
            | Action::Last
            | Action::Seek(_)
            | Action::Faster
            | Action::Slower
            | Action::NextMistake(_)
            | Action::GoTo(_)
            | Action::NextEdge(_)
            | Action::SelectTold(_)
            | Action::Zoom(_)
            | Action::Whole
            | Action::Save
            | Action::Help
            | Action::Close(_)
            | Action::Stay => {}
        }
    }

    /// The frame that is shown, as a moment; where something ends with the last frame, the recording's end.
    fn moment(&self, is_an_end: bool) -> MediaTime {
        match &self.screen.shown {
            Some(shown) if is_an_end && shown.is_last => self.end().unwrap_or(shown.pts),
            Some(shown) => shown.pts,
            None => self.position,
        }
    }

    fn mark(&mut self, mark: Mark) {
        let is_open = self.document.content().open.contains_key(&mark);
        self.selected_told = None;
        self.document.press(mark, self.moment(is_open));
    }

    fn nudge(&mut self, edge: Edge, frames: i32) {
        let Some(selected) = self.document.selected() else { return };
        let at = match edge {
            Edge::Start => selected.span.start,
            Edge::End => selected.span.end,
        };
        let blindly = || {
            let by = self.frame_length() * frames.unsigned_abs();
            if frames < 0 { at - by } else { at + by }
        };
        let end = self.end().filter(|end| at >= *end && frames < 0);
        let to = match end {
            // From the recording's end the first step back leads to the last frame.
            Some(end) => self.verdict.frame_near(end - Duration::from_micros(1), 0),
            None => self.verdict.frame_near(at, frames),
        };
        self.move_edge(edge, to.unwrap_or_else(blindly), false);
        self.show_edge(edge);
    }

    fn frame_length(&self) -> Duration {
        let shown = self.screen.shown.as_ref();
        shown.and_then(|it| Some(it.next?.since(it.pts))).unwrap_or(USUAL_FRAME)
    }

    fn move_edge(&mut self, edge: Edge, to: MediaTime, is_drag: bool) {
        let end = self.end().unwrap_or(to);
        self.document.move_edge(edge, to, end, is_drag);
    }

    fn show_edge(&mut self, edge: Edge) {
        if let Some(selected) = self.document.selected() {
            self.seek(match edge {
                Edge::Start => selected.span.start,
                Edge::End => selected.span.end,
            });
        }
    }

    /// Takes over what is selected of the tool's intervals, or else what it tells of this moment, that
    /// which disagrees first.
    fn accept(&mut self) {
        let here = Span::new(self.position, self.position).start;
        let told = self.told.reports.iter().filter(|it| it.span.contains(here));
        let mut told: Vec<&Report> = told.collect();
        told.sort_by_key(|it| !self.disagrees(it));
        let report = self.selected_told.or_else(|| told.first().copied().copied());
        match report.as_ref().and_then(marked_as) {
            Some(marked) => {
                self.document.put(marked);
                self.selected_told = None;
            }
            None => self.said = Some(Said::Bad("The tool tells nothing here.".to_owned())),
        }
    }

    pub(in crate::label) fn disagrees(&self, report: &Report) -> bool {
        self.mistakes.iter().any(|it| {
            it.kind == report.kind && (it.span == report.span || it.by == Some(report.span))
        })
    }
}
