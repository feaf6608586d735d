//! What each stage costs from a camera's bytes to a report that was sent, but for the looks of the detector
//! (`detect`): `cargo bench --features replay --bench stages`.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use inview::capture::file::{self, Options};
use inview::capture::jpeg;
use inview::detection::{Detection, Label};
use inview::frame::{Frame, Payload};
use inview::geometry::{BoundingBox, Size};
use inview::presence::{Finds, Look, LumaGrid, Monitor, Policy, Repeats, Signs};
use inview::redact::Pii;
use inview::report::{EventData, Incarnation, IntervalId, SampledCamera, SessionEnded, SessionId};
use inview::spool::Outbox;
use inview::time::MediaTime;
use inview::trust::signature::SigningKey;
use inview::upload::{ReportClient, Settings};

const SIZE: Size = Size::new(640, 480);
const PERIOD: Duration = Duration::from_millis(200);
/// Reports in a batch.
const BATCH: usize = 100;

fn session() -> SessionId {
    SessionId::derived(&[b"stages"])
}

/// A picture as a camera gives it: waves and some noise, so that it is compressed about as much.
fn camera_jpeg() -> Vec<u8> {
    let mut noise = 1_u32;
    let pixels: Vec<u8> = (0..SIZE.area() as u32 * 3)
        .map(|at| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (at / 3 % SIZE.width, at / 3 / SIZE.width);
            (((x + 2 * y) % 256).abs_diff(128) + 64 + (noise >> 28)) as u8
        })
        .collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 85)
        .encode(&pixels, SIZE.width, SIZE.height, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    let bytes = camera_jpeg();
    group.bench_function("jpeg/640x480", |b| b.iter(|| jpeg::decode(black_box(&bytes)).unwrap()));
    // A look every 200 ms: frames between them are decoded only where others refer to them.
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/leave_ladder.mp4");
    let open = || file::open_with(&demo, &Options::default()).unwrap();
    let (mut source, mut due) = (open(), MediaTime::ZERO);
    group.bench_function("h264/640x480/200ms", |b| {
        b.iter(|| {
            if let Some(frame) = source.next_frame(due).unwrap() {
                due = frame.pts + PERIOD;
                black_box(&frame);
            } else {
                (source, due) = (open(), MediaTime::ZERO);
            }
        });
    });
    group.finish();
}

fn frame(pts: MediaTime) -> Frame {
    let pixels = (0..SIZE.area()).map(|at| (at % 251) as u8).collect();
    Frame { seq: 0, pts, size: SIZE, payload: Payload::Gray8(pixels) }
}

fn state(c: &mut Criterion) {
    let mut group = c.benchmark_group("state");
    let (first, second) = (frame(MediaTime::ZERO), frame(MediaTime::from_micros(200_000)));
    let before = LumaGrid::of(&first);
    group.bench_function("picture", |b| {
        b.iter(|| LumaGrid::of(black_box(&second)).stats(Some(&before)));
    });
    let picture = LumaGrid::of(&second).stats(Some(&before));
    let grid = LumaGrid::of(&second);
    let (mut repeats, mut at) = (Repeats::default(), MediaTime::ZERO);
    // As after eight minutes.
    let mut look = move || {
        at = at + PERIOD;
        repeats.look(at, &grid)
    };
    (0..2_400).for_each(|_| {
        black_box(look());
    });
    group.bench_function("repeats", |b| b.iter(|| black_box(look())));
    let mut monitor = Monitor::new(Policy::default(), |n| IntervalId::derived(session(), n));
    let bounding_box = BoundingBox::new(280.0, 180.0, 360.0, 290.0);
    let faces = [Detection { label: Label::Face, score: 0.9, bounding_box }];
    let mut pts = MediaTime::ZERO;
    group.bench_function("monitor", |b| {
        b.iter(|| {
            pts = pts + PERIOD;
            let finds = Some(Finds { faces: &faces, people: &[], people_fresh: false });
            black_box(monitor.look(&Look {
                pts,
                skipped: 0,
                size: SIZE,
                picture,
                finds,
                signs: Signs::default(),
            }))
        });
    });
    group.finish();
}

fn report() -> EventData {
    EventData::SessionEnded(SessionEnded {
        duration_ms: MediaTime::ZERO,
        intervals: 0,
        camera: SampledCamera::default(),
        truncated: None,
        ended_by: None,
    })
}

/// A server that reads what is sent and has no time for it.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        while answer(&mut stream).is_some() {}
    }
}

fn answer(stream: &mut TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").ok()
}

fn reports(c: &mut Criterion) {
    let mut group = c.benchmark_group("reports");
    group.sample_size(20);
    // On a real disk: each report is there after an `fsync`.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    let folder = tempfile::tempdir_in(target).unwrap();
    let incarnation = Incarnation(uuid::Uuid::now_v7());
    let mut outbox = Outbox::open(folder.path(), session(), incarnation).unwrap();
    let key = SigningKey::from_secret(&[7; 32]);
    outbox.sign_by(key.clone()).unwrap();
    for _ in 0..BATCH {
        outbox.append(None, report()).unwrap();
    }
    group.bench_function("take a batch of 100", |b| {
        b.iter(|| outbox.peek_batch(BATCH, usize::MAX).unwrap());
    });
    let batch = outbox.peek_batch(BATCH, usize::MAX).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::Builder::new().name("server".to_owned());
    server.spawn(move || serve(&listener)).unwrap();
    let client = ReportClient::new(&Settings {
        server: format!("http://{address}"),
        token: Pii::new("token".to_owned()),
        authority: None,
        route: inview::upload::Route::default(),
        allow_plain_loopback: true,
        code: None,
        folder: folder.path().to_owned(),
        server_key: Some(key.public()),
        key: Some(key),
        session: None,
    })
    .unwrap();
    group.bench_function("send a batch of 100", |b| {
        b.iter(|| client.send((session(), incarnation), &batch).unwrap());
    });
    group.bench_function("append", |b| b.iter(|| outbox.append(None, report()).unwrap()));
    group.finish();
}

criterion_group!(benches, decode, state, reports);
criterion_main!(benches);
