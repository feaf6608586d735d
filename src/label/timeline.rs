//! The timeline: a scale, where marks and tool disagree, and a lane for each mark with the tool's
//! intervals of that kind under it. The lanes' names are the legend of the keys.

use eframe::egui::{
    self, Align2, Color32, CornerRadius, CursorIcon, FontId, Pos2, Rect, Sense, Stroke, StrokeKind,
    Ui, pos2, vec2,
};

use super::app::App;
use super::colours::colour;
use super::document::{Edge, Marked};
use super::keys::Action;
use super::mark::Mark;
use super::view::View;
use crate::score::{Report, Span, Wrong};
use crate::theme::{self, Palette, palette};
use crate::time::MediaTime;

const NAMES: f32 = 182.0;
const SCALE: f32 = 20.0;
const MISTAKES: f32 = 12.0;
const LANE: f32 = 21.0;
/// Of a lane: the upper part is the marks', the lower part the tool's.
const MARKS: f32 = 12.0;
/// An edge is taken from so far.
const REACH: f32 = 5.0;

/// What the pointer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Drag {
    #[default]
    None,
    Scrub,
    Edge(Edge),
}

/// Where things are.
#[derive(Clone, Copy)]
struct Place {
    lanes: Rect,
    view: View,
}

/// What is under the pointer.
enum Hit {
    Edge(Marked, Edge),
    Marked(Marked),
    Told(Report),
    Nothing,
}

impl Place {
    fn x(&self, at: MediaTime) -> f32 {
        let place = self.view.place(at).clamp(-1.0, 2.0);
        self.lanes.left() + place as f32 * self.lanes.width()
    }

    fn time(&self, x: f32) -> MediaTime {
        self.view.time(f64::from((x - self.lanes.left()) / self.lanes.width()))
    }

    fn lane(&self, mark: Mark) -> Rect {
        let number = Mark::ALL.iter().position(|it| *it == mark).unwrap_or(0);
        let top = self.lanes.top() + number as f32 * LANE;
        Rect::from_min_size(pos2(self.lanes.left(), top), vec2(self.lanes.width(), LANE))
    }

    /// Where a span is drawn: at least two points wide, and nothing outside the lanes.
    fn bar(&self, span: Span, rows: std::ops::Range<f32>) -> Option<Rect> {
        let (left, right) = (self.x(span.start), self.x(span.end));
        let right = right.max(left + 2.0);
        let left = left.max(self.lanes.left());
        let right = right.min(self.lanes.right());
        let bar = Rect::from_min_max(pos2(left, rows.start), pos2(right, rows.end));
        (bar.width() > 0.0).then_some(bar)
    }

    fn marked_bar(&self, marked: &Marked) -> Option<Rect> {
        let top = self.lane(marked.mark).top() + 2.0;
        self.bar(marked.span, top..top + MARKS)
    }

    fn told_bar(&self, report: &Report) -> Option<Rect> {
        let bottom = self.lane(Mark::of_kind(report.kind)?).bottom() - 1.0;
        self.bar(report.span, bottom - (LANE - MARKS - 4.0)..bottom)
    }

    fn hit(&self, app: &App, at: Pos2) -> Hit {
        let all = &app.document.content().intervals;
        let near = |it: &Marked, edge| {
            let lane = self.lane(it.mark);
            let time = if edge == Edge::Start { it.span.start } else { it.span.end };
            let is_there = lane.y_range().contains(at.y) && at.y < lane.top() + MARKS + 3.0;
            (is_there && (self.x(time) - at.x).abs() <= REACH).then_some((*it, edge))
        };
        let selected = app.document.selected();
        let edges = selected
            .iter()
            .chain(all)
            .flat_map(|it| [near(it, Edge::Start), near(it, Edge::End)].into_iter().flatten());
        if let Some((marked, edge)) =
            edges.min_by(|a, b| self.distance(a, at).total_cmp(&self.distance(b, at)))
        {
            return Hit::Edge(marked, edge);
        }
        let holds = |bar: Option<Rect>| bar.is_some_and(|bar| bar.expand(1.0).contains(at));
        if let Some(marked) = all.iter().find(|it| holds(self.marked_bar(it))) {
            return Hit::Marked(*marked);
        }
        let told = app.told.reports.iter().find(|it| holds(self.told_bar(it)));
        told.map_or(Hit::Nothing, |it| Hit::Told(*it))
    }

    fn distance(&self, (marked, edge): &(Marked, Edge), at: Pos2) -> f32 {
        let time = if *edge == Edge::Start { marked.span.start } else { marked.span.end };
        (self.x(time) - at.x).abs()
    }
}

pub(super) fn show(ui: &mut Ui, app: &mut App, asked: &mut Vec<Action>) {
    let height = SCALE + MISTAKES + LANE * Mark::ALL.len() as f32 + 2.0;
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let lanes = Rect::from_min_max(
        pos2(whole.left() + NAMES, whole.top() + SCALE + MISTAKES),
        pos2(whole.right() - 8.0, whole.bottom()),
    );
    let place = Place { lanes, view: app.view };
    let area = Rect::from_min_max(pos2(lanes.left(), whole.top()), lanes.max);
    names(ui, app, whole, asked);
    draw(ui, app, &place, area);
    take_pointer(ui, app, &place, area, asked);
}

/// The names of the lanes. A click does what the key does.
fn names(ui: &Ui, app: &App, whole: Rect, asked: &mut Vec<Action>) {
    let colours = palette(ui);
    let now = app.document.content().at(app.position);
    for (number, mark) in Mark::ALL.into_iter().enumerate() {
        let top = whole.top() + SCALE + MISTAKES + number as f32 * LANE;
        let rect = Rect::from_min_size(pos2(whole.left(), top), vec2(NAMES - 8.0, LANE));
        let id = ui.scope_id().with(("lane", number));
        let response = ui.interact(rect, id, Sense::click());
        let is_open = app.document.content().open.contains_key(&mark);
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, is_open, mark.name())
        });
        if response.on_hover_text(mark.meaning()).clicked() {
            asked.push(Action::Mark(mark));
        }
        let painter = ui.painter();
        let cap = Rect::from_min_size(rect.min + vec2(0.0, 1.5), vec2(20.0, LANE - 3.0));
        let holds = now.contains(&mark);
        let (fill, ink) =
            if holds { (colour(mark), Color32::WHITE) } else { (colours.control, colours.ink) };
        painter.rect(cap, 5, fill, Stroke::new(1.0, colours.edge), StrokeKind::Inside);
        let letter = mark.key().to_ascii_uppercase();
        let bold = FontId::new(12.0, theme::bold());
        painter.text(cap.center(), Align2::CENTER_CENTER, letter, bold.clone(), ink);
        let font = if is_open { bold } else { FontId::proportional(13.0) };
        let name = if is_open { format!("{} …", mark.name()) } else { mark.name().to_owned() };
        let at = pos2(cap.right() + 8.0, rect.center().y);
        painter.text(at, Align2::LEFT_CENTER, name, font, colours.ink);
    }
    let at = pos2(whole.left(), whole.top() + SCALE - 1.0);
    let words = match app.mistakes.len() {
        0 => "no disagreement".to_owned(),
        1 => "1 disagreement".to_owned(),
        count => format!("{count} disagreements"),
    };
    let ink = if app.mistakes.is_empty() { colours.muted } else { colours.warn };
    ui.painter().text(at, Align2::LEFT_CENTER, words, FontId::proportional(13.0), ink);
}

fn draw(ui: &Ui, app: &App, place: &Place, area: Rect) {
    let (colours, lanes) = (palette(ui), place.lanes);
    let painter = ui.painter().with_clip_rect(area.expand(8.0));
    for (number, mark) in Mark::ALL.into_iter().enumerate() {
        let fill = if number % 2 == 0 { colours.card } else { colours.panel };
        painter.rect_filled(place.lane(mark), 0, fill);
    }
    painter.rect_stroke(lanes, 0, Stroke::new(1.0, colours.line), StrokeKind::Outside);
    scale(&painter, place, area, colours);
    // Where the tool has not looked yet, an empty lane says nothing.
    if matches!(app.told.stage, super::verdict::Stage::Looking) {
        let left = place.x(app.told.reached).max(lanes.left());
        let rest = Rect::from_min_max(pos2(left, lanes.top()), lanes.max);
        if rest.is_positive() {
            painter.rect_filled(rest, 0, colours.line.gamma_multiply(0.5));
        }
    }
    for report in &app.told.reports {
        told(&painter, app, place, report, colours);
    }
    for marked in &app.document.content().intervals {
        let Some(bar) = place.marked_bar(marked) else { continue };
        painter.rect_filled(bar, 2, colour(marked.mark));
        if app.document.selected() == Some(*marked) {
            painter.rect_stroke(bar, 2, Stroke::new(2.0, colours.ink), StrokeKind::Outside);
            for x in [bar.left(), bar.right()] {
                let handle =
                    Rect::from_center_size(pos2(x, bar.center().y), vec2(4.0, MARKS + 4.0));
                painter.rect_filled(handle, 1, colours.ink);
            }
        }
    }
    for (mark, start) in &app.document.content().open {
        let span = Span::new((*start).min(app.position), (*start).max(app.position));
        let lane = place.lane(*mark);
        if let Some(bar) = place.bar(span, lane.top() + 2.0..lane.top() + 2.0 + MARKS) {
            painter.rect_filled(bar, 2, colour(*mark).gamma_multiply(0.5));
            painter.rect_stroke(bar, 2, Stroke::new(1.0, colour(*mark)), StrokeKind::Inside);
        }
    }
    for mistake in &app.mistakes {
        let top = area.top() + SCALE + 2.0;
        if let Some(bar) = place.bar(mistake.span, top..top + MISTAKES - 4.0) {
            let is_edges = mistake.wrong == Wrong::Edges;
            let fill = if is_edges { colours.warn.gamma_multiply(0.45) } else { colours.warn };
            painter.rect_filled(bar, 2, fill);
        }
    }
    let x = place.x(app.position);
    if area.expand(1.0).x_range().contains(x) {
        painter.vline(x, area.y_range(), Stroke::new(2.0, colours.accent));
        let points =
            vec![pos2(x - 6.0, area.top()), pos2(x + 6.0, area.top()), pos2(x, area.top() + 8.0)];
        painter.add(egui::Shape::convex_polygon(points, colours.accent, Stroke::NONE));
    }
}

fn told(painter: &egui::Painter, app: &App, place: &Place, report: &Report, colours: &Palette) {
    let (Some(bar), Some(mark)) = (place.told_bar(report), Mark::of_kind(report.kind)) else {
        return;
    };
    painter.rect_filled(bar, CornerRadius::same(2), colour(mark).gamma_multiply(0.55));
    if app.selected_told == Some(*report) {
        painter.rect_stroke(bar, 2, Stroke::new(2.0, colours.ink), StrokeKind::Outside);
    } else if app.disagrees(report) {
        painter.rect_stroke(bar, 2, Stroke::new(1.5, colours.warn), StrokeKind::Outside);
    }
}

fn scale(painter: &egui::Painter, place: &Place, area: Rect, colours: &Palette) {
    let least = 64.0 / f64::from(place.lanes.width().max(64.0));
    let times = place.view.scale(least);
    let is_whole = times.iter().all(|at| at.as_millis() % 1_000 == 0);
    for at in times {
        let x = place.x(at);
        painter.vline(x, area.top() + SCALE - 4.0..=area.bottom(), Stroke::new(1.0, colours.line));
        let words = at.to_string();
        let words = if is_whole { words.trim_end_matches(".0").to_owned() } else { words };
        let font = FontId::proportional(12.0);
        let align =
            if x < area.left() + 12.0 { Align2::LEFT_CENTER } else { Align2::CENTER_CENTER };
        if x < area.right() - 12.0 {
            painter.text(pos2(x, area.top() + 8.0), align, words, font, colours.muted);
        }
    }
}

fn take_pointer(ui: &Ui, app: &mut App, place: &Place, area: Rect, asked: &mut Vec<Action>) {
    let response = ui.interact(area, ui.scope_id().with("timeline"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Slider, true, "Timeline"));
    if let Some(at) = response.hover_pos()
        && let Hit::Edge(..) = place.hit(app, at)
    {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if !response.is_pointer_button_down_on() {
        if let Drag::Edge(_) = app.drag {
            asked.push(Action::LetGo);
        }
        app.drag = Drag::None;
    } else if let Some(at) = response.interact_pointer_pos() {
        let has_moved = ui.input(|input| input.pointer.delta() != egui::Vec2::ZERO);
        match app.drag {
            Drag::None => press(app, place, at, asked),
            Drag::Scrub if has_moved => asked.push(Action::Seek(place.time(at.x))),
            Drag::Edge(edge) if has_moved => asked.push(Action::Drag(edge, place.time(at.x))),
            Drag::Scrub | Drag::Edge(_) => {}
        }
    }
    if response.hovered() {
        let (scroll, pinch) =
            ui.input(|input| (input.smooth_scroll_delta(), f64::from(input.zoom_delta())));
        let at = response.hover_pos().map_or(0.5, |at| (at.x - area.left()) / area.width());
        let factor = pinch * f64::from(scroll.y / 240.0).exp();
        if (factor - 1.0).abs() > 1e-4 {
            app.view.zoom(factor, f64::from(at));
        }
        if scroll.x.abs() > 0.0 {
            app.view.pan(-f64::from(scroll.x / area.width()));
        }
    }
}

fn press(app: &mut App, place: &Place, at: Pos2, asked: &mut Vec<Action>) {
    asked.push(Action::Pause);
    app.drag = Drag::Scrub;
    match place.hit(app, at) {
        Hit::Edge(marked, edge) => {
            asked.push(Action::Select(Some(marked)));
            app.drag = Drag::Edge(edge);
        }
        Hit::Marked(marked) => {
            asked.extend([Action::Select(Some(marked)), Action::Seek(place.time(at.x))]);
        }
        Hit::Told(report) => {
            asked.extend([Action::SelectTold(report), Action::Seek(place.time(at.x))]);
        }
        Hit::Nothing => asked.push(Action::Seek(place.time(at.x))),
    }
}
