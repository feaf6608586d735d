//! Pictures go nowhere.

use super::*;

#[test]
fn the_picture_is_shown_before_the_exam_and_is_gone_with_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let agent =
        Agent::start(setup(folder.path()), world(Webcam(|now: &Now| Ok(frames(now))), PRESENT));
    let agent = agent.unwrap();
    wait_until(|| agent.preview().is_some());
    let preview = agent.preview().unwrap();
    assert_eq!((preview.size, preview.rgb.len()), (SIZE, SIZE.area() * 3));
    assert!(preview.face.is_some());
    agent.command(BEGIN).unwrap();
    wait_until(|| agent.preview().is_none());
    let before = agent.snapshot().frames_looked_at;
    wait_for(&agent, |now| now.frames_looked_at > before + 3);
    assert_eq!(agent.preview(), None);
}

/// Stands in every row of every frame, so that any part of a picture can be recognised.
const PATTERN: &[u8; 32] = b"\x91\x13\xd7\x2a\xf0\x58\x0c\xbe\x67\xa9\x34\xe1\x7d\x05\xc8\x4f\
\x9a\x21\xee\x36\x73\xb4\x1d\x88\x52\xfb\x09\xc6\x6e\xa0\x3b\xd5";

/// How a piece of a picture may look in other bytes: as it is, in hexadecimal, in base64 at any
/// alignment.
fn traces_of_a_picture() -> Vec<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let base64 = |bytes: &[u8]| -> Vec<u8> {
        let triples = bytes.chunks_exact(3);
        triples
            .flat_map(|three| {
                let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
                [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize])
            })
            .collect()
    };
    let hex = inview::report::Hash::from_bytes(*PATTERN).to_string().into_bytes()[..24].to_vec();
    let mut traces = vec![PATTERN[..12].to_vec(), hex.to_ascii_uppercase(), hex];
    traces.extend((0..3).map(|from| base64(&PATTERN[from..from + 12])));
    traces
}

/// All bytes of all files below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(bytes_below(&path));
        } else {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

/// A server that writes down every byte it gets, and never takes anything.
fn eavesdropper() -> (std::net::SocketAddr, Arc<Mutex<Vec<u8>>>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<u8>>>::default());
    let notes = Arc::clone(&heard);
    let listen = move || {
        for connection in listener.incoming() {
            let (mut connection, mut buffer) = (connection.unwrap(), [0; 4_096]);
            while let Ok(count @ 1..) = connection.read(&mut buffer) {
                notes.lock().unwrap().extend(&buffer[..count]);
                if buffer[..count].ends_with(b"]") || buffer[..count].ends_with(b"}") {
                    let answer =
                        b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
                    connection.write_all(answer).unwrap();
                    break;
                }
            }
        }
    };
    std::thread::Builder::new().name("eavesdropper".to_owned()).spawn(listen).unwrap();
    (address, heard)
}

#[test]
fn no_frame_is_written_to_disk_or_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (address, heard) = eavesdropper();
    let upload = inview::upload::Settings {
        route: inview::upload::Route::default(),
        server: format!("http://{address}"),
        token: inview::redact::Pii::new("token".to_owned()),
        authority: None,
        code: None,
        allow_plain_loopback: true,
        key: Some(SigningKey::from_secret(&[1; 32])),
        server_key: Some(SigningKey::from_secret(&[9; 32]).public()),
        folder: folder.path().join("spool"),
        session: None,
    };
    let camera = Webcam(|now: &Now| {
        let paint = |seq: u64| {
            let mut picture = room(seq);
            for row in picture.chunks_exact_mut(SIZE.width as usize) {
                row[16..48].copy_from_slice(PATTERN);
            }
            picture
        };
        let source = Synthetic::new(SIZE, Duration::from_millis(100), 100_000, paint);
        let source: Box<dyn FrameSource> = Box::new(Paced::new(Box::new(source), Arc::clone(now)));
        Ok(source)
    });
    let setup = Setup { upload: Some(upload), ..setup(folder.path()) };
    let agent = Agent::start(setup, world(camera, LEAVES)).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| of_kind(now, Kind::OutOfView).iter().any(|i| i.end_ms.is_some()));
    let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|here| here == part);
    // Reports and heartbeats.
    wait_until(|| {
        let heard = heard.lock().unwrap();
        contains(&heard, b"Seat 7") && contains(&heard, b"sent_at")
    });
    let kept = bytes_below(folder.path());
    drop(agent);
    let (kept, heard) = ([kept, bytes_below(folder.path())].concat(), heard.lock().unwrap());
    // That the check sees what is there: the label of the session is.
    assert!(contains(&kept, b"Seat 7") && contains(&heard, b"Seat 7"));
    for trace in traces_of_a_picture() {
        assert!(!contains(&kept, &trace), "a piece of a picture is on disk");
        assert!(!contains(&heard, &trace), "a piece of a picture was sent");
    }
}
