//! The monitor as a whole: scripts of what is seen, and properties that must hold for all of them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::time::Duration;

use inview::detection::{Detection, Label};
use inview::geometry::{BoundingBox, Size};
use inview::presence::{
    Change, Finds, Look, Monitor, Parts, PictureChange, PictureStats, Policy, Signs, Stir,
};
use inview::report::{ClosedBy, Interval, IntervalId, Kind, SessionId};
use inview::time::MediaTime;
use proptest::prelude::*;

/// What the camera shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scene {
    Face,
    BodyOnly,
    Nobody,
    TwoFaces,
    Covered,
    Dark,
    FrozenFace,
    /// Nobody is found, and the room is not as it was for this long before.
    Stirred(i64),
}

/// One frame of a script.
#[derive(Clone, Copy, Debug)]
struct Shot {
    at_ms: i64,
    scene: Scene,
    /// Live faces are never quite still.
    sway: f32,
}

fn detection(label: Label, score: f32, left: f32, width: f32, height: f32) -> Detection {
    Detection {
        label,
        score,
        bounding_box: BoundingBox::new(left, 60.0, left + width, 60.0 + height),
    }
}

fn monitor() -> Monitor {
    let session = SessionId::derived(&[b"test"]);
    Monitor::new(Policy::default(), move |number| IntervalId::derived(session, number))
}

fn show(monitor: &mut Monitor, shot: Shot) -> Vec<Change> {
    let face = |left: f32| detection(Label::Face, 0.92, left + shot.sway, 70.0, 90.0);
    let body = |left: f32| detection(Label::Person, 0.8, left + shot.sway, 240.0, 400.0);
    let (faces, people) = match shot.scene {
        Scene::Face | Scene::FrozenFace => (vec![face(280.0)], vec![body(190.0)]),
        Scene::TwoFaces => (vec![face(280.0), face(480.0)], vec![body(190.0)]),
        Scene::BodyOnly => (vec![], vec![body(190.0)]),
        Scene::Nobody | Scene::Covered | Scene::Dark | Scene::Stirred(_) => (vec![], vec![]),
    };
    let moving = PictureChange { mean: 1.0, max: 60, share: 0.02, noise: 1.0 };
    let unchanged = PictureChange { mean: 0.0, max: 0, share: 0.0, noise: 0.0 };
    let change = Some(if shot.scene == Scene::FrozenFace { unchanged } else { moving });
    let (p99, structure) = match shot.scene {
        Scene::Dark => (6, 0.2),
        Scene::Covered => (30, 0.01),
        Scene::Face
        | Scene::BodyOnly
        | Scene::Nobody
        | Scene::TwoFaces
        | Scene::FrozenFace
        | Scene::Stirred(_) => (200, 0.2),
    };
    let light = f64::from(p99);
    let picture =
        PictureStats { mean: 120.0, p99, light, structure, detail: 0.0, grain: 0.0, change };
    let finds = Finds { faces: &faces, people: &people, people_fresh: true };
    let stir = match shot.scene {
        Scene::Stirred(calm_ms) => {
            let since = MediaTime::from_millis(shot.at_ms);
            let calm_since = MediaTime::from_millis(shot.at_ms - calm_ms);
            Some(Stir { calm_since, since, parts: Parts::default() })
        }
        Scene::Face
        | Scene::BodyOnly
        | Scene::Nobody
        | Scene::TwoFaces
        | Scene::Covered
        | Scene::Dark
        | Scene::FrozenFace => None,
    };
    let look = Look {
        pts: MediaTime::from_millis(shot.at_ms),
        skipped: 2,
        size: Size::new(640, 480),
        picture,
        finds: (!monitor.is_covered(&picture)).then_some(finds),
        signs: Signs { stir, ..Signs::default() },
    };
    monitor.look(&look).1
}

fn all_changes(shots: &[Shot], end_ms: i64) -> Vec<Change> {
    let mut monitor = monitor();
    let mut changes: Vec<Change> =
        shots.iter().flat_map(|shot| show(&mut monitor, *shot)).collect();
    changes.extend(monitor.finish(MediaTime::from_millis(end_ms), ClosedBy::SessionEnd));
    changes
}

/// (kind, start, end, why) of what was closed, in milliseconds.
fn closed(changes: &[Change]) -> Vec<(Kind, i64, i64, ClosedBy)> {
    let of = |interval: &Interval| {
        let end = interval.end_ms.unwrap().as_millis();
        (interval.kind, interval.start_ms.as_millis(), end, interval.closed_by.unwrap())
    };
    let mut closed: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Closed(interval) => Some(of(interval)),
            Change::Opened(_) | Change::Warned(..) | Change::Alerted(..) => None,
        })
        .collect();
    closed.sort_by_key(|(kind, start, ..)| (*start, *kind));
    closed
}

/// A script of scenes and their lengths in milliseconds, at 5 frames a second.
fn script(scenes: &[(Scene, i64)]) -> (Vec<Shot>, i64) {
    let (mut shots, mut begin) = (Vec::new(), 0);
    for &(scene, length) in scenes {
        let times = (begin..begin + length).filter(|at| at % 200 == 0);
        shots.extend(times.map(|at_ms| Shot {
            at_ms,
            scene,
            sway: (at_ms / 200 % 3) as f32 * 3.0,
        }));
        begin += length;
    }
    (shots, begin)
}

fn found(scenes: &[(Scene, i64)]) -> Vec<(Kind, i64, i64, ClosedBy)> {
    let (shots, end) = script(scenes);
    closed(&all_changes(&shots, end))
}

#[test]
fn someone_who_leaves_is_out_of_view_from_last_seen_to_seen_again() {
    let found = found(&[(Scene::Face, 4_000), (Scene::Nobody, 3_000), (Scene::Face, 3_000)]);
    assert_eq!(found, [(Kind::OutOfView, 3_800, 7_000, ClosedBy::SeenAgain)]);
}

#[test]
fn someone_who_turns_around_is_in_view_with_the_face_not_visible() {
    let found = found(&[(Scene::Face, 4_000), (Scene::BodyOnly, 3_000), (Scene::Face, 3_000)]);
    assert_eq!(found, [(Kind::FaceNotVisible, 3_800, 7_000, ClosedBy::SeenAgain)]);
}

#[test]
fn who_comes_back_without_a_head_is_there_from_the_first_look_in_which_the_room_is_not_empty() {
    let found = found(&[
        (Scene::Face, 2_000),
        (Scene::Nobody, 4_000),
        (Scene::Stirred(1_000), 600),
        (Scene::BodyOnly, 600),
        (Scene::Face, 3_000),
    ]);
    let (away, hidden) = (Kind::OutOfView, Kind::FaceNotVisible);
    let again = ClosedBy::SeenAgain;
    assert_eq!(found, [(away, 1_800, 6_000, again), (hidden, 6_000, 7_200, again)]);
}

#[test]
fn a_room_that_is_not_as_it_was_is_empty_until_somebody_is_found_in_it() {
    let scenes = |stirred, then| {
        [(Scene::Face, 2_000), (Scene::Nobody, 4_000), (stirred, 2_000), (then, 2_000)]
    };
    let expected = [(Kind::OutOfView, 1_800, 10_000, ClosedBy::SessionEnd)];
    assert_eq!(found(&scenes(Scene::Stirred(1_000), Scene::Nobody)), expected);
    // The calm picture is one with somebody in it: a coat is taken off the chair they have left.
    let expected = [(Kind::OutOfView, 1_800, 8_000, ClosedBy::SeenAgain)];
    assert_eq!(found(&scenes(Scene::Stirred(9_000), Scene::Face)), expected);
}

#[test]
fn a_covered_lens_is_never_out_of_view() {
    let found = found(&[(Scene::Face, 4_000), (Scene::Covered, 30_000), (Scene::Face, 3_000)]);
    assert_eq!(found, [(Kind::CameraCovered, 3_800, 34_000, ClosedBy::SeenAgain)]);
}

#[test]
fn darkness_is_never_out_of_view() {
    let found = found(&[(Scene::Face, 4_000), (Scene::Dark, 30_000), (Scene::Face, 3_000)]);
    assert_eq!(found, [(Kind::TooDark, 3_800, 34_000, ClosedBy::SeenAgain)]);
}

#[test]
fn a_frozen_picture_of_the_candidate_is_not_in_view() {
    let found = found(&[(Scene::Face, 4_000), (Scene::FrozenFace, 6_000), (Scene::Face, 3_000)]);
    assert_eq!(found, [(Kind::FrozenPicture, 3_800, 10_000, ClosedBy::SeenAgain)]);
}

#[test]
fn a_picture_that_key_frames_renew_is_frozen_and_one_of_somebody_who_hardly_moves_is_not() {
    let key_frame = (Scene::Face, 200);
    let still = |ms| (Scene::FrozenFace, ms);
    let frozen =
        [(Scene::Face, 4_000), still(800), key_frame, still(1_000), key_frame, still(1_000)];
    let end = [still(600), (Scene::Face, 3_000)];
    assert_eq!(
        found(&[&frozen[..], &end[..]].concat()),
        [(Kind::FrozenPicture, 3_800, 7_800, ClosedBy::SeenAgain)]
    );
    let moves = (Scene::Face, 400);
    let sits =
        [(Scene::Face, 4_000), still(1_200), moves, still(1_000), key_frame, still(800), moves];
    assert_eq!(found(&sits.repeat(3)), []);
}

#[test]
fn an_absence_ends_where_the_lens_is_covered_and_begins_anew_behind_it() {
    let found = found(&[
        (Scene::Face, 2_000),
        (Scene::Nobody, 4_000),
        (Scene::Covered, 4_000),
        (Scene::Nobody, 4_000),
        (Scene::Face, 2_000),
    ]);
    let expected = [
        (Kind::OutOfView, 1_800, 5_800, ClosedBy::CouldNotLook),
        (Kind::CameraCovered, 5_800, 10_000, ClosedBy::SeenAgain),
        (Kind::OutOfView, 10_000, 14_000, ClosedBy::SeenAgain),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_second_person_is_reported_beside_whatever_else_holds() {
    let found = found(&[(Scene::Face, 3_000), (Scene::TwoFaces, 4_000), (Scene::Face, 3_000)]);
    assert_eq!(found, [(Kind::MultiplePeople, 2_800, 7_000, ClosedBy::SeenAgain)]);
}

#[test]
fn a_camera_that_gives_no_frames_is_lost_from_the_last_one_on() {
    let (mut shots, _) = script(&[(Scene::Face, 4_000)]);
    shots.push(Shot { at_ms: 9_000, scene: Scene::Face, sway: 0.0 });
    let found = closed(&all_changes(&shots, 9_200));
    assert_eq!(found, [(Kind::CameraLost, 3_800, 9_000, ClosedBy::SeenAgain)]);
}

#[test]
fn a_camera_that_has_given_no_frame_since_it_was_waited_for_is_lost_since_then() {
    let mut monitor = monitor();
    let at = MediaTime::from_millis;
    monitor.await_frames(at(1_000));
    assert_eq!(monitor.deadline(), Some(at(3_000)));
    assert_eq!(monitor.tick(at(2_900)), []);
    let mut changes = monitor.tick(at(3_000));
    assert!(matches!(&changes[0], Change::Opened(lost) if lost.start_ms == at(1_000)));
    changes.extend(show(&mut monitor, Shot { at_ms: 5_000, scene: Scene::Face, sway: 0.0 }));
    assert_eq!(closed(&changes), [(Kind::CameraLost, 1_000, 5_000, ClosedBy::SeenAgain)]);
}

#[test]
fn the_deadline_names_the_moment_at_which_a_camera_is_lost() {
    let mut monitor = monitor();
    for shot in script(&[(Scene::Face, 1_000)]).0 {
        show(&mut monitor, shot);
    }
    let deadline = monitor.deadline().unwrap();
    assert_eq!(deadline, MediaTime::from_millis(2_800));
    let just_before = deadline - Duration::from_millis(1);
    assert_eq!(monitor.tick(just_before), []);
    let changes = monitor.tick(deadline);
    assert!(
        matches!(&changes[..], [Change::Opened(interval), Change::Warned(..)]
            if interval.kind == Kind::CameraLost),
        "{changes:?}"
    );
}

#[test]
fn the_candidate_is_warned_before_the_proctor_is_alerted() {
    let (shots, end) = script(&[(Scene::Face, 2_000), (Scene::Nobody, 8_000)]);
    let changes = all_changes(&shots, end);
    let names: Vec<&str> = changes
        .iter()
        .map(|change| match change {
            Change::Opened(_) => "opened",
            Change::Warned(..) => "warned",
            Change::Alerted(..) => "alerted",
            Change::Closed(_) => "closed",
        })
        .collect();
    assert_eq!(names, ["opened", "warned", "alerted", "closed"]);
    assert!(changes.iter().any(|change| matches!(
        change,
        Change::Alerted(_, at) if *at == MediaTime::from_millis(6_800)
    )));
}

#[test]
fn where_one_kind_follows_another_they_meet() {
    let seen = |looked| found(&[(Scene::Face, 2_000), looked, (Scene::Nobody, 2_000), looked]);
    let ends = |looked| {
        seen(looked).iter().map(|(kind, start, end, _)| (*kind, *start, *end)).collect::<Vec<_>>()
    };
    assert_eq!(
        ends((Scene::BodyOnly, 2_000)),
        [
            (Kind::FaceNotVisible, 1_800, 3_800),
            (Kind::OutOfView, 3_800, 6_000),
            (Kind::FaceNotVisible, 6_000, 8_000)
        ],
        "an absence lasts from last seen to seen again"
    );
    assert_eq!(
        ends((Scene::Dark, 2_000)),
        [
            (Kind::TooDark, 1_800, 4_000),
            (Kind::OutOfView, 4_000, 5_800),
            (Kind::TooDark, 5_800, 8_000)
        ]
    );
    let unlit = found(&[(Scene::Face, 2_000), (Scene::Dark, 600), (Scene::Covered, 2_000)]);
    assert_eq!(unlit, [(Kind::CameraCovered, 1_800, 4_600, ClosedBy::SessionEnd)]);
    let blind = found(&[(Scene::Dark, 2_000), (Scene::Covered, 2_000), (Scene::FrozenFace, 3_000)]);
    let blind: Vec<_> = blind.iter().map(|(kind, start, end, _)| (*kind, *start, *end)).collect();
    assert_eq!(
        blind,
        [
            (Kind::TooDark, 0, 2_000),
            (Kind::CameraCovered, 2_000, 4_000),
            (Kind::FrozenPicture, 4_000, 7_000)
        ]
    );
}

#[test]
fn an_absence_begins_at_the_last_look_that_showed_somebody_though_it_was_only_one() {
    let told = found(&[
        (Scene::Face, 2_000),
        (Scene::BodyOnly, 2_000),
        (Scene::Nobody, 400),
        (Scene::BodyOnly, 200),
        (Scene::Nobody, 2_000),
    ]);
    let (hidden, away) = (Kind::FaceNotVisible, Kind::OutOfView);
    let (again, end) = (ClosedBy::SeenAgain, ClosedBy::SessionEnd);
    assert_eq!(told, [(hidden, 1_800, 4_400, again), (away, 4_400, 6_600, end)]);
}

#[test]
fn a_face_that_is_not_visible_is_over_where_an_absence_begins_though_another_began_since() {
    let hand = [(23_130, Scene::Stirred(1_000)), (23_530, Scene::Stirred(1_400))];
    let seen = [24_070, 24_530, 25_930, 26_400].map(|at| (at, Scene::BodyOnly));
    let empty = (0..58).map(|look| (look * 400, Scene::Nobody));
    let gone = [25_000, 25_530, 26_930, 27_330, 27_730, 28_130].map(|at| (at, Scene::Nobody));
    let mut looks: Vec<_> = empty.chain(hand).chain(seen).chain(gone).collect();
    looks.sort_by_key(|(at, _)| *at);
    let shots: Vec<_> =
        looks.into_iter().map(|(at_ms, scene)| Shot { at_ms, scene, sway: 0.0 }).collect();
    let told: Vec<_> = closed(&all_changes(&shots, 28_500))
        .into_iter()
        .map(|(kind, start, end, _)| (kind, start, end))
        .collect();
    let expected = [
        (Kind::OutOfView, 0, 23_130),
        (Kind::FaceNotVisible, 23_130, 24_530),
        (Kind::OutOfView, 24_530, 25_930),
        (Kind::OutOfView, 26_400, 28_500),
    ];
    assert_eq!(told, expected);
}

fn scene() -> impl Strategy<Value = Scene> {
    prop_oneof![
        Just(Scene::Face),
        Just(Scene::BodyOnly),
        Just(Scene::Nobody),
        Just(Scene::TwoFaces),
        Just(Scene::Covered),
        Just(Scene::Dark),
        Just(Scene::FrozenFace),
    ]
}

prop_compose! {
    /// Scenes of odd lengths, frames at odd distances, now and then a silence.
    fn any_shots()(
        scenes in prop::collection::vec((scene(), 1_usize..25), 1..14),
        gaps in prop::collection::vec(prop_oneof![9 => 20_i64..400, 1 => 400_i64..6_000], 400),
    ) -> Vec<Shot> {
        let (mut shots, mut at_ms) = (Vec::new(), 0);
        let mut gaps = gaps.into_iter();
        for (scene, count) in scenes {
            for index in 0..count {
                shots.push(Shot { at_ms, scene, sway: (index % 3) as f32 * 3.0 });
                at_ms += gaps.next().unwrap_or(200);
            }
        }
        shots
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn never_two_open_intervals_of_one_kind_and_every_one_is_closed_once(shots in any_shots()) {
        let end = shots.last().unwrap().at_ms + 40;
        let mut open = BTreeMap::new();
        for change in all_changes(&shots, end) {
            match change {
                Change::Opened(interval) => {
                    prop_assert!(interval.end_ms.is_none());
                    prop_assert_eq!(open.insert(interval.kind, interval.id), None);
                }
                Change::Closed(interval) => {
                    prop_assert_eq!(open.remove(&interval.kind), Some(interval.id));
                }
                Change::Warned(id, _) | Change::Alerted(id, _) => {
                    prop_assert!(open.values().any(|open| *open == id));
                }
            }
        }
        prop_assert!(open.is_empty(), "left open: {:?}", open);
    }

    #[test]
    fn intervals_lie_within_the_session_and_start_before_they_end(shots in any_shots()) {
        let end = shots.last().unwrap().at_ms + 40;
        for (kind, start, until, _) in closed(&all_changes(&shots, end)) {
            prop_assert!(0 <= start && start <= until && until <= end, "{kind:?} {start} {until}");
        }
    }

    #[test]
    fn intervals_of_one_kind_never_overlap(shots in any_shots()) {
        let end = shots.last().unwrap().at_ms + 40;
        let mut ends = BTreeMap::new();
        for (kind, start, until, _) in closed(&all_changes(&shots, end)) {
            if let Some(before) = ends.insert(kind, until) {
                prop_assert!(start >= before, "{kind:?} starts at {start}, before {before}");
            }
        }
    }

    #[test]
    fn at_any_moment_the_candidate_is_told_as_one_thing(shots in any_shots()) {
        let end = shots.last().unwrap().at_ms + 40;
        let mut told = closed(&all_changes(&shots, end));
        told.retain(|(kind, ..)| *kind != Kind::MultiplePeople);
        let mut before = (Kind::OutOfView, 0);
        for (kind, start, until, _) in told {
            // What parts are merged over.
            let is_within = until <= before.1 && until - start < 1_000;
            prop_assert!(start >= before.1 || is_within, "{before:?}, {kind:?} since {start}");
            before = if is_within { before } else { (kind, until) };
        }
    }

    #[test]
    fn the_same_input_gives_the_same_output(shots in any_shots()) {
        let end = shots.last().unwrap().at_ms + 40;
        prop_assert_eq!(all_changes(&shots, end), all_changes(&shots, end));
    }

    #[test]
    fn more_frames_in_a_quiet_stretch_change_nothing(shots in any_shots(), parts in 2_i64..5) {
        let end = shots.last().unwrap().at_ms + 40;
        let mut finer = Vec::new();
        for (index, shot) in shots.iter().enumerate() {
            finer.push(*shot);
            let Some(next) = shots.get(index + 1) else { break };
            // Quiet: the scene goes on, and no silence is filled with frames that did not come.
            let gap = next.at_ms - shot.at_ms;
            if next.scene == shot.scene && gap < 2_000 && gap >= parts {
                let between = |part| shot.at_ms + gap * part / parts;
                finer.extend((1..parts).map(|part| Shot { at_ms: between(part), ..*shot }));
            }
        }
        prop_assert_eq!(closed(&all_changes(&finer, end)), closed(&all_changes(&shots, end)));
    }
}
