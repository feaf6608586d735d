//! Where in the recording one is: playing, and going to what is to be looked at.

use std::time::Duration;

use eframe::egui;

use super::{App, Said};
use crate::label::disagreement;
use crate::label::document::Marked;
use crate::label::keys::Way;
use crate::label::verdict::Stage;
use crate::score::{Mistake, Report, Wrong};
use crate::time::MediaTime;

/// Playing leaps over no more than this when the decoder is late.
const LONGEST_LEAP_S: f64 = 0.25;

impl App {
    pub(super) fn go_to_mistake(&mut self, way: Way) {
        let Some(next) = disagreement::next(&self.mistakes, self.position, way).copied() else {
            let words = match self.told.stage {
                Stage::Looking => "No disagreement so far.",
                Stage::Done | Stage::BrokenOff(_) => "No disagreement.",
                Stage::Failed(_) => "The tool has no verdict.",
            };
            self.said = Some(Said::Good(words.to_owned()));
            return;
        };
        self.go_to(&next);
    }

    pub(super) fn go_to(&mut self, mistake: &Mistake) {
        let same = |it: &&Report| it.kind == mistake.kind && it.span == mistake.span;
        self.selected_told = None;
        self.document.select(None);
        if mistake.wrong == Wrong::FalseAlarm {
            self.selected_told = self.told.reports.iter().find(same).copied();
        } else {
            let all = &self.document.content().intervals;
            let touches = |it: &&Marked| {
                it.mark.kind() == Some(mistake.kind)
                    && !it.span.shared_with(&mistake.span).is_zero()
            };
            self.document.select(all.iter().find(touches).copied());
        }
        self.seek(disagreement::moment(mistake));
        self.view.show(self.position);
    }

    pub(super) fn go_to_edge(&mut self, way: Way) {
        let all = &self.document.content().intervals;
        let here = self.position.as_millis();
        let mut edges: Vec<(MediaTime, Marked)> =
            all.iter().flat_map(|it| [(it.span.start, *it), (it.span.end, *it)]).collect();
        edges.sort_unstable();
        let next = match way {
            Way::On => edges.iter().find(|(at, _)| at.as_millis() > here + 1),
            Way::Back => edges.iter().rfind(|(at, _)| at.as_millis() < here - 1),
        };
        if let Some((at, marked)) = next.copied() {
            self.document.select(Some(marked));
            self.seek(at);
        }
    }

    pub(super) fn play_or_pause(&mut self) {
        self.is_playing = !self.is_playing;
        self.owed_s = 0.0;
        if self.is_playing && self.screen.shown.as_ref().is_some_and(|shown| shown.is_last) {
            self.seek(MediaTime::ZERO);
        }
    }

    pub(super) fn seek(&mut self, at: MediaTime) {
        let end = self.end().unwrap_or(at);
        self.position = at.max(MediaTime::ZERO).min(end);
        self.owed_s = 0.0;
        self.player.seek(self.position);
        self.view.show(self.position);
    }

    /// Goes on with the time, as far as the decoder keeps up: no frame is left out that was not shown
    /// because of it.
    pub(super) fn play(&mut self, ctx: &egui::Context) {
        if !self.is_playing {
            return;
        }
        ctx.request_repaint();
        let passed = f64::from(ctx.input(|input| input.stable_dt));
        self.owed_s = (self.owed_s + passed * self.speed()).min(LONGEST_LEAP_S);
        if !self.player.is_settled() {
            return;
        }
        let by = Duration::try_from_secs_f64(self.owed_s).unwrap_or_default();
        self.owed_s = 0.0;
        self.position = self.position + by;
        if self.screen.shown.as_ref().is_some_and(|shown| shown.is_last)
            && self.end().is_none_or(|end| self.position >= end)
        {
            self.is_playing = false;
            return;
        }
        self.player.seek(self.position);
        if !self.view.is_whole() {
            self.view.show(self.position);
        }
    }
}
