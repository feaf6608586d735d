//! What was marked, and every step back. Pure.

use std::collections::BTreeMap;

use super::mark::Mark;
use crate::score::Span;
use crate::time::MediaTime;

/// Steps that can be undone.
const MOST_STEPS: usize = 1_000;

/// An interval that was marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Marked {
    pub span: Span,
    pub mark: Mark,
}

/// An end of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Start,
    End,
}

/// All that a person says of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// In order. Those of one mark do not overlap.
    pub intervals: Vec<Marked>,
    /// Intervals that were begun and not ended.
    pub open: BTreeMap<Mark, MediaTime>,
    /// Conditions, parted by commas.
    pub tags: String,
    pub note: String,
}

/// What is being changed bit by bit: one step back undoes all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    Edge(Mark, Edge),
    Tags,
    Note,
}

/// The content, its history and what is selected in it.
#[derive(Clone, Debug, Default)]
pub struct Document {
    content: Content,
    saved: Content,
    before: Vec<Content>,
    after: Vec<Content>,
    touch: Option<Touch>,
    selected: Option<Marked>,
    revision: u64,
}

impl Content {
    /// The same with every open interval ended at `end`.
    #[must_use]
    pub fn closed(&self, end: MediaTime) -> Self {
        let mut content = self.clone();
        for (mark, start) in std::mem::take(&mut content.open) {
            content.put(Marked { mark, span: Span::new(start, end.max(start)) });
        }
        content
    }

    pub fn tags(&self) -> Vec<String> {
        let tags = self.tags.split(',').map(|tag| tag.trim().to_owned());
        tags.filter(|tag| !tag.is_empty()).collect()
    }

    /// The marks that hold at a moment.
    pub fn at(&self, at: MediaTime) -> Vec<Mark> {
        let here = self.intervals.iter().filter(|it| it.span.contains(at));
        let mut marks: Vec<Mark> = here.map(|it| it.mark).collect();
        marks.extend(self.open.iter().filter(|(_, start)| **start <= at).map(|(mark, _)| *mark));
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    /// Adds an interval; it becomes one with those of its mark that it overlaps or touches.
    pub(super) fn put(&mut self, new: Marked) -> Marked {
        let mut all = new;
        self.intervals.retain(|old| {
            let meets = old.mark == new.mark
                && old.span.start <= new.span.end
                && new.span.start <= old.span.end;
            if meets {
                all.span.start = all.span.start.min(old.span.start);
                all.span.end = all.span.end.max(old.span.end);
            }
            !meets
        });
        if !all.span.is_empty() {
            self.intervals.push(all);
        }
        self.intervals.sort_unstable();
        all
    }
}

impl Document {
    /// A document as it was read: nothing to save, nothing to undo.
    pub fn new(content: Content) -> Self {
        Self { saved: content.clone(), content, ..Self::default() }
    }

    pub const fn content(&self) -> &Content {
        &self.content
    }

    pub const fn selected(&self) -> Option<Marked> {
        self.selected
    }

    /// Grows with every change.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    pub fn is_changed(&self) -> bool {
        self.content != self.saved
    }

    pub fn was_saved(&mut self) {
        self.saved = self.content.clone();
        self.touch = None;
    }

    pub fn can_undo(&self) -> bool {
        !self.before.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.after.is_empty()
    }

    pub fn select(&mut self, marked: Option<Marked>) {
        self.touch = None;
        self.selected = marked.filter(|it| self.content.intervals.contains(it));
    }

    /// Begins an interval at a moment, or ends the one that was begun. One that would be empty goes.
    pub fn press(&mut self, mark: Mark, at: MediaTime) {
        let at = MediaTime::from_millis(at.as_millis());
        let Some(&begun) = self.content.open.get(&mark) else {
            self.selected = None;
            return self.edit(None, |content| {
                content.open.insert(mark, at);
            });
        };
        let span = Span::new(begun.min(at), begun.max(at));
        let mut whole = None;
        self.edit(None, |content| {
            content.open.remove(&mark);
            whole = (!span.is_empty()).then(|| content.put(Marked { span, mark }));
        });
        self.selected = whole;
    }

    /// Gives up the intervals that were begun; false when there are none.
    pub fn give_up(&mut self) -> bool {
        let any = !self.content.open.is_empty();
        self.edit(None, |content| content.open.clear());
        any
    }

    /// Adds an interval, and selects what it becomes.
    pub fn put(&mut self, marked: Marked) {
        if marked.span.is_empty() {
            return;
        }
        let mut whole = marked;
        self.edit(None, |content| whole = content.put(marked));
        self.selected = Some(whole);
    }

    /// Adds several in one step.
    pub fn put_all(&mut self, marked: &[Marked]) {
        self.edit(None, |content| {
            for it in marked.iter().filter(|it| !it.span.is_empty()) {
                content.put(*it);
            }
        });
        self.selected = None;
    }

    pub fn delete_selected(&mut self) {
        if let Some(selected) = self.selected.take() {
            self.edit(None, |content| content.intervals.retain(|it| *it != selected));
        }
    }

    /// Moves an edge of what is selected: not past the other edge, a neighbour of its mark, or the
    /// recording's ends. With `is_drag`, all moves of one drag are one step.
    pub fn move_edge(&mut self, edge: Edge, to: MediaTime, end: MediaTime, is_drag: bool) {
        let Some(selected) = self.selected else { return };
        let others = || {
            self.content.intervals.iter().filter(|it| it.mark == selected.mark && **it != selected)
        };
        let Span { start, end: old_end } = selected.span;
        let least = std::time::Duration::from_millis(1);
        let to = MediaTime::from_millis(to.as_millis());
        let span = match edge {
            Edge::Start => {
                let ends = others().map(|it| it.span.end).filter(|end| *end <= start);
                let lowest = ends.max().unwrap_or(MediaTime::ZERO);
                Span { start: to.max(lowest).min(old_end - least), end: old_end }
            }
            Edge::End => {
                let starts = others().map(|it| it.span.start).filter(|start| *start >= old_end);
                let highest = starts.min().unwrap_or(end).max(start + least);
                Span { start, end: to.min(highest).max(start + least) }
            }
        };
        let moved = Marked { span, ..selected };
        let touch = is_drag.then_some(Touch::Edge(selected.mark, edge));
        self.edit(touch, |content| {
            content.intervals.iter_mut().filter(|it| **it == selected).for_each(|it| *it = moved);
            content.intervals.sort_unstable();
        });
        self.selected = Some(moved);
    }

    /// A drag has ended: the next one is a step of its own.
    pub const fn let_go(&mut self) {
        self.touch = None;
    }

    pub fn set_tags(&mut self, tags: String) {
        self.edit(Some(Touch::Tags), |content| content.tags = tags);
    }

    pub fn set_note(&mut self, note: String) {
        self.edit(Some(Touch::Note), |content| content.note = note);
    }

    pub fn undo(&mut self) {
        if let Some(content) = self.before.pop() {
            let now = std::mem::replace(&mut self.content, content);
            self.after.push(now);
            self.stepped();
        }
    }

    pub fn redo(&mut self) {
        if let Some(content) = self.after.pop() {
            let now = std::mem::replace(&mut self.content, content);
            self.before.push(now);
            self.stepped();
        }
    }

    fn stepped(&mut self) {
        self.touch = None;
        self.revision += 1;
        self.selected = self.selected.filter(|it| self.content.intervals.contains(it));
    }

    fn edit(&mut self, touch: Option<Touch>, change: impl FnOnce(&mut Content)) {
        let old = self.content.clone();
        change(&mut self.content);
        if self.content == old {
            return;
        }
        let goes_on = touch.is_some() && touch == self.touch;
        self.touch = touch;
        self.revision += 1;
        self.after.clear();
        if !goes_on {
            self.before.push(old);
            if self.before.len() > MOST_STEPS {
                self.before.remove(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    fn spans(document: &Document) -> Vec<(Mark, i64, i64)> {
        let of = |it: &Marked| (it.mark, it.span.start.as_millis(), it.span.end.as_millis());
        document.content().intervals.iter().map(of).collect()
    }

    #[test]
    fn a_key_begins_an_interval_and_ends_it() {
        let mut document = Document::default();
        document.press(Mark::OutOfView, at(1_000));
        assert_eq!(spans(&document), []);
        assert_eq!(document.content().at(at(1_500)), [Mark::OutOfView]);
        document.press(Mark::OutOfView, at(3_000));
        assert_eq!(spans(&document), [(Mark::OutOfView, 1_000, 3_000)]);
        assert_eq!(document.selected().unwrap().span, Span::new(at(1_000), at(3_000)));
    }

    #[test]
    fn an_interval_may_be_ended_before_its_beginning_and_an_empty_one_goes() {
        let mut document = Document::default();
        document.press(Mark::Ignore, at(3_000));
        document.press(Mark::Ignore, at(1_000));
        document.press(Mark::TooDark, at(500));
        document.press(Mark::TooDark, at(500));
        assert_eq!(spans(&document), [(Mark::Ignore, 1_000, 3_000)]);
    }

    #[test]
    fn what_overlaps_in_one_lane_becomes_one_and_other_lanes_stay() {
        let mut document = Document::default();
        for (mark, start, end) in [
            (Mark::OutOfView, 0, 1_000),
            (Mark::OutOfView, 2_000, 3_000),
            (Mark::MultiplePeople, 500, 2_500),
            (Mark::OutOfView, 900, 2_000),
        ] {
            document.put(Marked { mark, span: Span::new(at(start), at(end)) });
        }
        let expected = [(Mark::OutOfView, 0, 3_000), (Mark::MultiplePeople, 500, 2_500)];
        assert_eq!(spans(&document), expected);
    }

    #[test]
    fn an_edge_stops_at_its_neighbours_and_at_the_other_edge() {
        let mut document = Document::default();
        for (start, end) in [(0, 1_000), (4_000, 5_000), (2_000, 3_000)] {
            let span = Span::new(at(start), at(end));
            document.put(Marked { mark: Mark::OutOfView, span });
        }
        let end = at(9_000);
        document.move_edge(Edge::Start, at(200), end, false);
        document.move_edge(Edge::End, at(8_000), end, false);
        let selected = document.selected().unwrap().span;
        assert_eq!(selected, Span::new(at(1_000), at(4_000)));
        document.move_edge(Edge::End, at(0), end, false);
        assert_eq!(document.selected().unwrap().span, Span::new(at(1_000), at(1_001)));
    }

    #[test]
    fn a_drag_is_one_step_and_two_drags_are_two() {
        let mut document = Document::default();
        document.put(Marked { mark: Mark::OutOfView, span: Span::new(at(0), at(1_000)) });
        for to in [1_100, 1_200, 1_300] {
            document.move_edge(Edge::End, at(to), at(9_000), true);
        }
        document.let_go();
        document.move_edge(Edge::End, at(1_400), at(9_000), true);
        document.undo();
        assert_eq!(spans(&document), [(Mark::OutOfView, 0, 1_300)]);
        document.undo();
        assert_eq!(spans(&document), [(Mark::OutOfView, 0, 1_000)]);
    }

    #[test]
    fn what_is_saved_is_no_change_and_undo_makes_it_one() {
        let mut document = Document::default();
        document.set_tags("dim".to_owned());
        document.set_tags("dim, noise".to_owned());
        assert!(document.is_changed());
        document.was_saved();
        assert!(!document.is_changed());
        document.undo();
        assert!(document.is_changed());
        assert_eq!(document.content().tags, "");
        document.redo();
        assert!(!document.is_changed());
    }

    #[derive(Clone, Debug)]
    enum Do {
        Press(Mark, i64),
        Put(Mark, i64, i64),
        Move(Edge, i64),
        Select(usize),
        Delete,
        GiveUp,
        Note(u8),
    }

    fn deeds() -> impl Strategy<Value = Vec<Do>> {
        let mark = || prop::sample::select(Mark::ALL.to_vec());
        let time = || 0_i64..10_000;
        let edge = prop_oneof![Just(Edge::Start), Just(Edge::End)];
        let deed = prop_oneof![
            (mark(), time()).prop_map(|(mark, at)| Do::Press(mark, at)),
            (mark(), time(), time()).prop_map(|(mark, a, b)| Do::Put(mark, a.min(b), a.max(b))),
            (edge, time()).prop_map(|(edge, at)| Do::Move(edge, at)),
            (0_usize..9).prop_map(Do::Select),
            Just(Do::Delete),
            Just(Do::GiveUp),
            (0_u8..3).prop_map(Do::Note),
        ];
        prop::collection::vec(deed, 0..40)
    }

    fn carry_out(document: &mut Document, deed: &Do) {
        match *deed {
            Do::Press(mark, millis) => document.press(mark, at(millis)),
            Do::Put(mark, start, end) => {
                document.put(Marked { mark, span: Span::new(at(start), at(end)) });
            }
            Do::Move(edge, to) => document.move_edge(edge, at(to), at(10_000), to % 2 == 0),
            Do::Select(place) => {
                let marked = document.content().intervals.get(place).copied();
                document.select(marked);
            }
            Do::Delete => document.delete_selected(),
            Do::GiveUp => drop(document.give_up()),
            Do::Note(note) => document.set_note(format!("{note}")),
        }
    }

    proptest! {
        #[test]
        fn lanes_never_overlap_and_undo_leads_all_the_way_back_and_forth(deeds in deeds()) {
            let mut document = Document::default();
            for deed in &deeds {
                carry_out(&mut document, deed);
                for mark in Mark::ALL {
                    let all = document.content().intervals.iter();
                    let lane: Vec<Span> = all.filter(|it| it.mark == mark).map(|it| it.span).collect();
                    prop_assert!(lane.iter().all(|span| !span.is_empty()));
                    prop_assert!(lane.windows(2).all(|two| two[0].end <= two[1].start));
                }
                if let Some(selected) = document.selected() {
                    prop_assert!(document.content().intervals.contains(&selected));
                }
            }
            let last = document.content().clone();
            while document.can_undo() {
                document.undo();
            }
            prop_assert_eq!(document.content(), &Content::default());
            while document.can_redo() {
                document.redo();
            }
            prop_assert_eq!(document.content(), &last);
        }
    }
}
