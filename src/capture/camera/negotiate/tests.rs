use super::*;
use proptest::prelude::*;

const fn fps(denominator: u32) -> Interval {
    Interval { numerator: 1, denominator }
}

fn offer(fourcc: [u8; 4], (width, height): (u32, u32), rates: &[Interval]) -> Offer {
    let intervals = rates.iter().copied().map(Intervals::One).collect();
    Offer { fourcc, size: Size::new(width, height), intervals }
}

fn chosen(offers: &[Offer]) -> (String, (u32, u32), Interval) {
    let choice = choose(offers).unwrap();
    let fourcc = String::from_utf8(choice.fourcc.to_vec()).unwrap();
    (fourcc, (choice.size.width, choice.size.height), choice.interval)
}

#[test]
fn a_usual_webcam_gives_mjpeg_at_640x480_and_30() {
    let offers = [
        offer(*b"YUYV", (640, 480), &[fps(30), fps(24), fps(15)]),
        offer(*b"YUYV", (1280, 720), &[fps(10), fps(5)]),
        offer(*b"MJPG", (1920, 1080), &[fps(30)]),
        offer(*b"MJPG", (640, 480), &[fps(60), fps(30), fps(5)]),
        offer(*b"MJPG", (320, 240), &[fps(30)]),
        offer(*b"H264", (640, 480), &[fps(30)]),
    ];
    assert_eq!(chosen(&offers), ("MJPG".to_owned(), (640, 480), fps(30)));
}

#[test]
fn the_size_is_the_nearest_above_or_else_the_nearest_below() {
    let all = [fps(30)];
    for (sizes, expected) in [
        (&[(1920, 1080), (800, 600), (1280, 720)][..], (800, 600)),
        (&[(160, 120), (352, 288), (320, 240)], (352, 288)),
        (&[(640, 360), (1280, 720)], (1280, 720)),
        (&[(640, 360), (3840, 2160)], (640, 360)),
        (&[(160, 120), (3840, 2160)], (3840, 2160)),
        (&[(160, 120), (80, 60)], (160, 120)),
        (&[(0, 480), (640, 0), (9000, 480), (176, 144)], (176, 144)),
    ] {
        let offers: Vec<_> = sizes.iter().map(|size| offer(*b"YUYV", *size, &all)).collect();
        assert_eq!(chosen(&offers).1, expected, "{sizes:?}");
    }
}

#[test]
fn the_rate_is_30_or_what_comes_nearest() {
    let odd = |numerator, denominator| Interval { numerator, denominator };
    for (rates, expected) in [
        (&[fps(1), fps(15), fps(25), fps(60)][..], fps(25)),
        (&[fps(60), fps(120)], fps(60)),
        (&[fps(1), fps(5)], fps(5)),
        (&[fps(12), fps(60)], fps(12)),
        (&[odd(2, 25), fps(5)], odd(2, 25)),
        (&[odd(1001, 30000), fps(10)], odd(1001, 30000)),
        (&[odd(333_333, 10_000_000), fps(20)], odd(333_333, 10_000_000)),
        (&[odd(0, 30), odd(1, 0), fps(10)], fps(10)),
        (&[odd(0, 0)], Interval::USUAL),
        (&[], Interval::USUAL),
    ] {
        assert_eq!(chosen(&[offer(*b"YUYV", (640, 480), rates)]).2, expected, "{rates:?}");
    }
}

#[test]
fn rates_between_two_are_met_as_near_to_30_as_they_go() {
    let between = |shortest, longest| Intervals::Between { shortest, longest };
    let never = Interval { numerator: 0, denominator: 0 };
    for (intervals, expected) in [
        (between(fps(1000), Interval { numerator: 1, denominator: 1 }), Some(fps(30))),
        (between(fps(15), fps(1)), Some(fps(15))),
        (between(fps(120), fps(60)), Some(fps(60))),
        (between(never, fps(1)), Some(fps(30))),
        (between(never, never), None),
    ] {
        assert_eq!(intervals.nearest(), expected, "{intervals:?}");
    }
}

#[test]
fn a_slow_large_picture_loses_against_a_fast_small_one() {
    let offers = [
        offer(*b"YUYV", (640, 480), &[fps(1)]),
        offer(*b"YUYV", (320, 240), &[fps(30)]),
        offer(*b"MJPG", (1280, 720), &[fps(5)]),
    ];
    assert_eq!(chosen(&offers).1, (320, 240));
}

#[test]
fn of_two_formats_of_one_size_the_faster_is_taken_before_the_preferred() {
    let offers = [
        offer(*b"MJPG", (640, 480), &[fps(10)]),
        offer(*b"NV12", (640, 480), &[fps(30)]),
        offer(*b"GREY", (640, 480), &[fps(30)]),
    ];
    assert_eq!(chosen(&offers).0, "NV12");
}

#[test]
fn infrared_cameras_are_taken_whatever_their_grey_is_called() {
    for fourcc in [*b"GREY", *b"Y8  ", *b"Y800"] {
        let choice = choose(&[offer(fourcc, (640, 360), &[fps(15)])]).unwrap();
        assert_eq!((choice.format, choice.fourcc), (PixelFormat::Grey, fourcc));
    }
}

#[test]
fn a_grid_is_met_at_or_above_640x480_or_at_its_end() {
    let grid = |min: (u32, u32), max: (u32, u32), step: (u32, u32)| {
        let size = |(width, height)| Size::new(width, height);
        let size = Sizes::Grid { min: size(min), max: size(max), step: size(step) }.nearest();
        (size.width, size.height)
    };
    assert_eq!(grid((2, 1), (8192, 8192), (1, 1)), (640, 480));
    assert_eq!(grid((2, 1), (8192, 8192), (0, 0)), (640, 480));
    assert_eq!(grid((48, 48), (4096, 4096), (16, 9)), (640, 480));
    assert_eq!(grid((50, 50), (4096, 4096), (100, 100)), (650, 550));
    assert_eq!(grid((48, 32), (352, 288), (16, 16)), (352, 288));
    assert_eq!(grid((1280, 720), (1920, 1080), (2, 2)), (1280, 720));
    assert_eq!(grid((800, 600), (10, 10), (7, 7)), (800, 600));
    assert_eq!(grid((0, 0), (u32::MAX, u32::MAX), (u32::MAX, u32::MAX)), (u32::MAX, u32::MAX));
}

#[test]
fn what_is_offered_instead_is_said() {
    let offers = [offer(*b"H264", (1920, 1080), &[fps(30)]), offer(*b"BGR3", (640, 480), &[])];
    assert_eq!(choose(&offers).unwrap_err(), "H264 at 1920x1080, BGR3 at 640x480");
    assert_eq!(choose(&[]).unwrap_err(), "nothing");
}

fn any_interval() -> impl Strategy<Value = Interval> {
    (0..4_u32, 0..130_u32).prop_map(|(numerator, denominator)| Interval { numerator, denominator })
}

fn any_offer() -> impl Strategy<Value = Offer> {
    let fourcc = prop::sample::select(vec![*b"MJPG", *b"YUYV", *b"GREY", *b"NV12", *b"H264"]);
    let size = (0..4000_u32, 0..3000_u32).prop_map(|(width, height)| Size::new(width, height));
    let one = any_interval().prop_map(Intervals::One);
    let between = (any_interval(), any_interval())
        .prop_map(|(shortest, longest)| Intervals::Between { shortest, longest });
    (fourcc, size, prop::collection::vec(prop_oneof![one, between], 0..4))
        .prop_map(|(fourcc, size, intervals)| Offer { fourcc, size, intervals })
}

proptest! {
    #[test]
    fn the_choice_is_offered_and_slow_only_for_want_of_better(
        offers in prop::collection::vec(any_offer(), 0..8),
    ) {
        let usable = |offer: &&Offer| {
            PixelFormat::from_fourcc(offer.fourcc).is_some() && !offer.size.is_empty()
        };
        let Ok(choice) = choose(&offers) else {
            prop_assert!(!offers.iter().any(|offer| usable(&offer)));
            return Ok(());
        };
        let same = |offer: &Offer| (offer.fourcc, offer.size) == (choice.fourcc, choice.size);
        prop_assert!(offers.iter().any(same));
        let rate = choice.interval.rate().unwrap();
        let better = offers.iter().filter(usable).flat_map(|offer| &offer.intervals).any(|one| {
            matches!(one, Intervals::One(one) if one.rate().is_some_and(|rate| (10.0..=30.0).contains(&rate)))
        });
        prop_assert!(!better || (9.9..=30.1).contains(&rate), "{rate} of {offers:?}");
    }

    #[test]
    fn no_grid_makes_it_panic_or_leaves_its_bounds(
        min in any::<u32>(), max in any::<u32>(), step in any::<u32>(),
    ) {
        let point = on_grid(min, max, step, 640);
        prop_assert!(point >= min && point <= max.max(min));
    }
}
