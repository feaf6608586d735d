//! The way into an exam in the window, by what a screen reader finds in it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eframe::egui::{self, Key, accesskit::Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inview::agent::{Agent, Camera, Opened, Setup, Time, World};
use inview::capture::{CaptureError, FrameSource, Synthetic};
use inview::clock::Reading;
use inview::detector::{Detector, Scripted};
use inview::geometry::Size;
use inview::presence::Policy;
use inview::report::SessionId;
use inview::settings::link::{JoinLink, LinkError};
use inview::theme;
use inview::ui::i18n::{Language, Words};
use inview::ui::{About, Entrance, JoinFault, Joined, ThisDesktop, Watched, Window};

const LINK: &str = "https://exams.example/join/7KQ4-M2XP-9TRD";

/// An entrance that does what it is told to.
#[derive(Clone, Default)]
struct Puppet {
    asked: Arc<Mutex<Vec<JoinLink>>>,
    outcome: Arc<Mutex<Option<Result<Joined, JoinFault>>>>,
    has_left: Arc<Mutex<bool>>,
}

impl Entrance for Puppet {
    fn join(&mut self, link: JoinLink) {
        self.asked.lock().unwrap().push(link);
    }

    fn outcome(&mut self) -> Option<Result<Joined, JoinFault>> {
        self.outcome.lock().unwrap().take()
    }

    fn leave(&mut self) {
        *self.has_left.lock().unwrap() = true;
    }
}

impl Puppet {
    fn answers(&self, outcome: Result<Joined, JoinFault>) {
        *self.outcome.lock().unwrap() = Some(outcome);
    }

    fn asked(&self) -> Vec<JoinLink> {
        self.asked.lock().unwrap().clone()
    }
}

type Shown = Harness<'static, Window>;

fn window(link: Option<&str>) -> (Shown, Puppet) {
    let puppet = Puppet::default();
    let link = link.map(|link| link.parse().unwrap());
    let window = Window::joining(Box::new(puppet.clone()), link, Language::English);
    let draw = |ui: &mut egui::Ui, window: &mut Window| {
        window.drain(ui.ctx());
        window.draw(ui);
    };
    let builder = Harness::builder().with_size(egui::vec2(580.0, 740.0));
    let mut harness = builder.with_context_setup(theme::install).build_ui_state(draw, window);
    step(&mut harness);
    (harness, puppet)
}

/// A spinner never comes to rest: so many pictures are enough.
fn step(harness: &mut Shown) {
    harness.run_steps(4);
}

fn click(harness: &mut Shown, label: &str) {
    harness.get_by_role_and_label(Role::Button, label).click();
    step(harness);
}

fn type_into(harness: &mut Shown, label: &str, text: &str) {
    let field = harness.get_by_role_and_label(Role::TextInput, label);
    field.focus();
    field.type_text(text);
    step(harness);
}

fn may_join(harness: &Shown) -> bool {
    let button = harness.get_by_role_and_label(Role::Button, "Join");
    !button.accesskit_node().is_disabled()
}

struct NoCamera;

impl Camera for NoCamera {
    fn open(&self, _: &Time) -> Result<Opened, CaptureError> {
        let size = Size::new(64, 48);
        let dark = move |_| vec![0; size.area()];
        let source = Synthetic::new(size, Duration::from_millis(100), 1, dark);
        let source: Box<dyn FrameSource> = Box::new(source);
        Ok(source.into())
    }
}

/// An exam with an agent of its own.
fn exam(folder: &Path) -> Joined {
    let setup = Setup {
        session: SessionId::derived(&[]),
        label: "Seat 7".to_owned(),
        policy: Policy::default(),
        folder: folder.to_owned(),
        upload: None,
        flush: Duration::ZERO,
        program: "test".to_owned(),
        asks_consent: true,
    };
    let about = About {
        label: setup.label.clone(),
        server: "https://exams.example".to_owned(),
        policy: setup.policy.clone(),
        folder: setup.folder.clone(),
        spool: setup.spool(),
        flush: Duration::ZERO,
    };
    let world = World {
        camera: Arc::new(NoCamera),
        make_detector: Arc::new(|| {
            let detector: Box<dyn Detector + Send> =
                Box::new(Scripted::parse("{\"pts_s\": 0}").unwrap());
            Ok(detector)
        }),
        clock: Arc::new(Reading::now),
        machine: Arc::new(inview::pace::Machine::default),
        waker: Arc::new(|| {}),
    };
    let watched: Arc<dyn Watched> = Arc::new(Agent::start(setup, world).unwrap());
    Joined { watched, desktop: Arc::new(ThisDesktop::new(|| {})), about }
}

#[test]
fn an_address_and_a_code_lead_to_the_exam_in_the_language_that_was_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (mut harness, puppet) = window(None);
    harness.get_by_label("Join your exam");
    assert!(!may_join(&harness), "nothing is typed");
    type_into(&mut harness, "Server", "exams.example");
    type_into(&mut harness, "Code", "7kq4 m2xp 9trd");
    click(&mut harness, "Join");
    assert_eq!(puppet.asked(), [LINK.parse().unwrap()]);
    harness.get_by_label("Asking the server …");
    assert!(!may_join(&harness), "one question at a time");
    harness.get_by_label("Deutsch").click();
    step(&mut harness);
    harness.get_by_label("Der Server wird gefragt …");
    puppet.answers(Ok(exam(folder.path())));
    step(&mut harness);
    harness.get_by_label("Vor Ihrer Prüfung");
    assert!(harness.state().app().is_some());
    // It is not theirs after all.
    click(&mut harness, "Andere Prüfung");
    harness.get_by_label("An der Prüfung teilnehmen");
    assert!(*puppet.has_left.lock().unwrap() && harness.state().app().is_none());
}

#[test]
fn a_link_that_is_pasted_into_either_field_is_enough_and_enter_sends_it() {
    for label in ["Server", "Code"] {
        let (mut harness, puppet) = window(None);
        type_into(&mut harness, label, "inview://join?server=exams.example&code=7kq4m2xp9trd");
        harness.key_press(Key::Enter);
        step(&mut harness);
        assert_eq!(puppet.asked(), [LINK.parse().unwrap()], "{label}");
        let value = |label| {
            let field = harness.get_by_role_and_label(Role::TextInput, label);
            field.accesskit_node().value().unwrap_or_default()
        };
        assert_eq!(value("Server"), "https://exams.example");
        assert_eq!(value("Code"), "7KQ4-M2XP-9TRD");
    }
}

#[test]
fn a_mistake_in_typing_is_said_and_nothing_is_sent() {
    for (server, code, said) in [
        ("exams.example", "7KQ4", "This is not a code."),
        ("exams example", "7KQ4-M2XP-9TRD", "This is not the address of a server."),
        ("http://exams.example", "7KQ4-M2XP-9TRD", "must begin with https://"),
        ("inview://other", "7KQ4-M2XP-9TRD", "This is not a link to an exam."),
    ] {
        let (mut harness, puppet) = window(None);
        type_into(&mut harness, "Server", server);
        type_into(&mut harness, "Code", code);
        click(&mut harness, "Join");
        harness.get_by_label_contains(said);
        assert_eq!(puppet.asked(), [], "{server} {code}");
    }
}

#[test]
fn a_link_from_outside_is_followed_at_once_and_can_be_tried_again() {
    let (mut harness, puppet) = window(Some(LINK));
    assert_eq!(puppet.asked().len(), 1);
    harness.get_by_label("Asking the server …");
    puppet.answers(Err(JoinFault::NoConnection("no route".to_owned())));
    step(&mut harness);
    harness.get_by_label_contains("The server cannot be reached.");
    harness.get_by_label("no route");
    assert!(harness.query_by_label("Asking the server …").is_none());
    click(&mut harness, "Join");
    assert_eq!(puppet.asked(), [LINK.parse::<JoinLink>().unwrap(), LINK.parse().unwrap()]);
    puppet.answers(Err(JoinFault::CodeUsed));
    step(&mut harness);
    harness.get_by_label_contains("This code was already used");
    assert!(harness.query_by_label("no route").is_none());
}

#[test]
fn every_fault_has_a_sentence_in_every_language() {
    let (mut harness, puppet) = window(Some(LINK));
    let faults = [
        JoinFault::Typed(LinkError::NoLink),
        JoinFault::NoConnection(String::new()),
        JoinFault::NotTrusted(String::new()),
        JoinFault::NotInView,
        JoinFault::CodeUnknown,
        JoinFault::CodeExpired,
        JoinFault::CodeUsed,
        JoinFault::TooMany,
        JoinFault::ServerFailed,
        JoinFault::Other("reason".to_owned()),
    ];
    for language in Language::ALL {
        harness.get_by_label(language.own_name()).click();
        for fault in faults.clone() {
            puppet.answers(Err(fault.clone()));
            step(&mut harness);
            harness.get_by_label(&Words::new(language).say("join-title"));
            // A key without a message would be shown as it is.
            assert!(harness.query_by_label_contains("join-").is_none(), "{language:?} {fault:?}");
        }
    }
}

#[test]
fn every_control_has_a_name_and_the_keyboard_reaches_it_in_order() {
    let (mut harness, _puppet) = window(None);
    type_into(&mut harness, "Server", "x");
    for node in harness.get_all_by(|node| [Role::Button, Role::TextInput].contains(&node.role())) {
        let name = node.accesskit_node().label().unwrap_or_default();
        assert!(!name.is_empty(), "{:?}", node.accesskit_node().role());
    }
    let mut order = Vec::new();
    for _ in 0..2 {
        harness.key_press(Key::Tab);
        step(&mut harness);
        let focused = harness.get_all_by(|node| node.is_focused() && node.role() != Role::Window);
        let label = focused.last().and_then(|node| node.accesskit_node().label());
        order.push(label.unwrap_or_default());
    }
    assert_eq!(order, ["Code", "Join"]);
}
