//! What holds of every screen: languages, names, the mirror image.

use super::*;

#[test]
fn every_language_has_every_screen_and_no_letter_is_missing() {
    for phase in [Phase::CheckIn, Phase::Exam, Phase::Ending, Phase::Ended] {
        let (mut harness, puppet, _folder) = window(phase, Seen::Face);
        let told = vec![interval(Kind::OutOfView, 5_000, Some(9_000))];
        puppet.shows(|now| (now.intervals, now.reports.made) = (told, 3));
        for language in Language::ALL {
            click(&mut harness, language.own_name());
            let words = inview::ui::i18n::Words::new(language);
            let key = match phase {
                Phase::CheckIn => "welcome-title",
                Phase::Exam => "exam-title",
                Phase::Ending => "end-title-ending",
                Phase::Ended => "end-title",
            };
            harness.get_by_label(&words.say(key));
        }
    }
}

/// Where everything with a name is, by its name.
fn places(harness: &Harness<'_, App>) -> Vec<(String, egui::Rect)> {
    let is_named = |role: Role| {
        [Role::Button, Role::CheckBox, Role::RadioButton, Role::Label, Role::Image].contains(&role)
    };
    let named = harness.get_all_by(|node| is_named(node.role()));
    let mut places: Vec<_> = named
        .filter_map(|node| {
            let node_data = node.accesskit_node();
            let name = node_data.label().or_else(|| node_data.value())?;
            Some((format!("{:?} {name}", node_data.role()), node.rect()))
        })
        .collect();
    places.sort_by(|a, b| (&a.0, a.1.top()).partial_cmp(&(&b.0, b.1.top())).unwrap());
    places
}

#[test]
fn read_from_right_to_left_every_screen_is_the_mirror_image() {
    type Scene = (Phase, fn(&mut Harness<'static, App>, &Puppet));
    let scenes: [Scene; 6] = [
        (Phase::CheckIn, |_, _| {}),
        (Phase::CheckIn, |harness, puppet| {
            consent(harness);
            puppet.shows(|now| two_cameras(now, Fit::Moved));
        }),
        (Phase::Exam, |_, puppet| {
            puppet.shows(|now| {
                now.intervals = vec![interval(Kind::OutOfView, 57_000, None)];
                now.warning = Some(now.intervals[0].id);
            });
        }),
        (Phase::Exam, |harness, _| click(harness, "End the exam")),
        (Phase::Exam, |harness, _| click(harness, "Small window on top")),
        (Phase::Ended, |harness, puppet| {
            puppet.shows(|now| now.intervals = vec![interval(Kind::TooDark, 1_000, Some(9_000))]);
            click(harness, "Save a copy");
        }),
    ];
    for (number, (phase, prepare)) in scenes.into_iter().enumerate() {
        let [ltr, rtl] = [Direction::LeftToRight, Direction::RightToLeft].map(|direction| {
            let (mut harness, puppet, _folder) = window_read(phase, Seen::Face, direction);
            prepare(&mut harness, &puppet);
            harness.run();
            let width = harness.ctx.content_rect().width();
            (places(&harness), width)
        });
        assert_eq!(ltr.0.len(), rtl.0.len(), "scene {number}");
        assert!(ltr.0.len() >= 3, "scene {number}");
        for ((name, left), (other, right)) in ltr.0.iter().zip(&rtl.0) {
            // The saved folder has a name of its own in each run, and a width by its letters.
            let is_folder = name.contains("Saved to") && other.contains("Saved to");
            assert!(name == other || is_folder, "{name} {other}");
            // Room for the scroll bar stays at its side.
            let begins = (right.right() - (rtl.1 - left.left())).abs();
            let ends = (right.left() - (rtl.1 - left.right())).abs();
            // The text of a switch is painted beside it.
            let is_switch = name.starts_with("CheckBox") || name.starts_with("RadioButton");
            let is_mirrored = begins <= 14.0 && (ends <= 14.0 || is_switch || is_folder);
            assert!(is_mirrored, "scene {number}, {name}: {left:?} and {right:?}");
        }
    }
}

#[test]
fn every_control_has_a_name() {
    for phase in [Phase::CheckIn, Phase::Exam, Phase::Ended] {
        let (harness, _puppet, _folder) = window(phase, Seen::Face);
        let controls = [Role::Button, Role::CheckBox, Role::Image];
        for node in harness.get_all_by(|node| controls.contains(&node.role())) {
            let name = node.accesskit_node().label().unwrap_or_default();
            assert!(!name.is_empty(), "{phase:?}: {:?}", node.accesskit_node().role());
        }
    }
}
