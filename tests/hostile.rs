//! Clients that mean no good, and many that do nothing: what they cost the server is bounded, and the
//! others are served.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(target_os = "linux")]

mod support;

use std::io::{ErrorKind, Read, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use inview::clock::Reading;
use inview::report::{
    BATCH_CONTENT_TYPE, ChainHead, Exam, Hash, Heartbeat, Incarnation, Phase, Roster,
    SIGNATURE_HEADER, Seen, SessionId,
};
use inview::trust::signature::{Signed, SigningKey};
use reqwest::blocking::{Body, RequestBuilder};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use support::reporter::Reporter;
use support::server::ServerProgram;
use support::{asked, memory, wait_until};

const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
const MIB: u64 = 1024 * 1024;

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn now() -> Duration {
    Reading::now().boot
}

fn resident(server: &ServerProgram) -> u64 {
    memory(server.id(), "VmRSS").unwrap()
}

fn tls(server: &ServerProgram) -> impl Fn() -> Tls {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.says("authority")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let (config, address) = (Arc::new(config), server.address());
    move || {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::clone(&config), name).unwrap();
        StreamOwned::new(connection, TcpStream::connect(&address).unwrap())
    }
}

/// Whether the server has closed it, or answered. Never waits.
fn is_over(stream: &mut impl Read) -> bool {
    let read = stream.read(&mut [0; 512]);
    read.map_or_else(|error| error.kind() != ErrorKind::WouldBlock, |_length| true)
}

/// How long somebody else waits at most for the answer to a report, of so many.
fn longest(other: &mut Reporter, reports: usize) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..reports {
        let asked = now();
        other.alert();
        took = took.max(now().saturating_sub(asked));
    }
    took
}

/// Zeros of this length, deflated with fixed codes: 13 bits for each 258 of them.
fn bomb(length: u64) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut held, mut count) = (0_u64, 0);
    let mut put = |bits: u64, width: u32| {
        // Huffman codes come with their first bit first.
        for bit in (0..width).rev() {
            held |= ((bits >> bit) & 1) << count;
            count += 1;
            if count == 8 {
                bytes.push(held as u8);
                (held, count) = (0, 0);
            }
        }
    };
    // The last block, of kind 01; a zero; and again and again 258 of what lies one back.
    put(0b110, 3);
    put(0b0011_0000, 8);
    for _ in 0..length / 258 {
        put(0b1100_0101, 8);
        put(0, 5);
    }
    put(0, 15);
    bytes
}

/// It is refused, or the connection is closed before all of it has come.
#[track_caller]
fn is_refused(request: RequestBuilder) -> String {
    match request.send() {
        Ok(answer) => {
            assert!(answer.status().is_client_error(), "{}", answer.status());
            answer.status().as_u16().to_string()
        }
        Err(error) => {
            assert!(!error.is_timeout(), "{error}");
            "closed".to_owned()
        }
    }
}

#[test]
fn a_gzip_bomb_of_a_gigabyte_and_a_body_without_end_are_refused_and_cost_no_memory() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let mut other = Reporter::start(&server, SessionId::derived(&[b"other"]));
    let bomb = bomb(1 << 30);
    let (address, session) = (server.says("address"), SessionId::derived(&[b"bomb"]));
    let before = resident(&server);
    for (path, token, kind) in [
        (format!("/v1/sessions/{session}/events"), "agent_token_file", BATCH_CONTENT_TYPE),
        (format!("/v1/sessions/{session}/heartbeats"), "agent_token_file", "application/json"),
        ("/v1/enrolments".to_owned(), "agent_token_file", "application/json"),
        ("/v1/exams".to_owned(), "manager_token_file", "application/json"),
    ] {
        let post = || {
            let request = server.client().post(format!("{address}{path}"));
            request.bearer_auth(server.read(token)).header("content-type", kind)
        };
        let endless = Body::new(std::io::repeat(b' ').take(1 << 30));
        let answers = [
            is_refused(post().header("content-encoding", "gzip").body(bomb.clone())),
            is_refused(post().body(endless)),
        ];
        println!("{path}: {answers:?}");
    }
    let took = longest(&mut other, 3);
    let most = memory(server.id(), "VmHWM").unwrap();
    println!("memory: {} MiB before, {} at most", before / MIB, most / MIB);
    assert!(most < before + 32 * MIB, "{most} of {before}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// What comes a byte a second, and until when the server puts up with it.
enum Slow {
    /// Before there is TLS at all.
    Handshake(TcpStream),
    Said {
        stream: Box<Tls>,
        left: Vec<u8>,
    },
}

impl Slow {
    fn said(connect: &impl Fn() -> Tls, at_once: &str, slowly: &str) -> Self {
        let mut stream = connect();
        stream.write_all(at_once.as_bytes()).unwrap();
        Self::Said { stream: Box::new(stream), left: slowly.bytes().rev().collect() }
    }

    /// The next byte; `true`: it is over.
    fn step(&mut self) -> bool {
        match self {
            Self::Handshake(stream) => {
                stream.set_nonblocking(true).unwrap();
                // How a first message of TLS begins, with a length that never comes.
                stream.write_all(&[22]).is_err() || is_over(stream)
            }
            Self::Said { stream, left } => {
                let byte = left.pop().unwrap_or(b'x');
                stream.sock.set_nonblocking(true).unwrap();
                stream.write_all(&[byte]).is_err() || is_over(stream)
            }
        }
    }
}

#[test]
fn a_slowloris_of_a_byte_a_second_is_cut_off_and_holds_nobody_up() {
    let clients = asked("INVIEW_SLOW", 20);
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let mut other = Reporter::start(&server, SessionId::derived(&[b"other"]));
    let connect = tls(&server);
    let token = server.read("agent_token_file");
    let head = |number: u64| {
        let session = SessionId::derived(&[b"slow", &number.to_be_bytes()]);
        format!(
            "POST /v1/sessions/{session}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: {BATCH_CONTENT_TYPE}\r\ncontent-length: 200000\r\n\r\n"
        )
    };
    let before = resident(&server);
    let mut slow: Vec<Slow> = Vec::new();
    for number in 0..clients {
        slow.push(Slow::Handshake(TcpStream::connect(server.address()).unwrap()));
        slow.push(Slow::said(&connect, "G", &head(number)));
        slow.push(Slow::said(&connect, &head(number), "["));
    }
    let (begun, mut took) = (now(), Duration::ZERO);
    while !slow.is_empty() {
        slow.retain_mut(|client| !client.step());
        took = took.max(longest(&mut other, 1));
        let lasted = now().saturating_sub(begun);
        assert!(lasted < Duration::from_secs(20), "{} of them are still served", slow.len());
        std::thread::park_timeout(Duration::from_secs(1));
    }
    let grown = resident(&server).saturating_sub(before);
    println!(
        "{clients} of each kind: all cut off after {:?}; others waited for {took:?} at most, {} MiB more",
        now().saturating_sub(begun),
        grown / MIB
    );
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(grown < 32 * MIB, "{grown}");
}

#[test]
fn ten_thousand_idle_connections_cost_bounded_memory_and_others_are_unaffected() {
    let connections = asked("INVIEW_CONNECTIONS", 200);
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let mut other = Reporter::start(&server, SessionId::derived(&[b"other"]));
    longest(&mut other, 3);
    let before = resident(&server);
    let per_connection = |what: &str, took: Duration| {
        let grown = resident(&server).saturating_sub(before);
        println!(
            "{connections} {what}: {} bytes each, others waited for {took:?} at most",
            grown / connections
        );
        assert!(took < Duration::from_secs(2), "{took:?}");
        grown / connections
    };
    // Who never says a word …
    let connect = || TcpStream::connect(server.address()).unwrap();
    let mut silent: Vec<TcpStream> = (0..connections).map(|_| connect()).collect();
    let took = longest(&mut other, 10);
    assert!(per_connection("silent connections", took) < 64 * 1024);
    for stream in &mut silent {
        stream.set_nonblocking(true).unwrap();
        wait_until(|| is_over(stream));
    }
    // … and who has asked once, and keeps the connection. Each asks as soon as it is connected: who does not is
    // cut off after ten seconds, which thousands take.
    let connect = tls(&server);
    let ask = |_| {
        let mut stream = connect();
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.sock.set_nonblocking(true).unwrap();
        stream
    };
    let mut kept: Vec<Tls> = (0..connections).map(ask).collect();
    let took = longest(&mut other, 10);
    assert!(per_connection("kept connections", took) < 96 * 1024);
    assert!(kept.iter_mut().all(|stream| !is_over(stream)));
}

/// Sessions whose candidates have enrolled, and who have said once that they are there.
fn idle_sessions(server: &ServerProgram, count: u64) {
    let client = server.client();
    let address = server.says("address");
    let manager = server.read("manager_token_file");
    let post = |path: &str, token: &str| client.post(format!("{address}{path}")).bearer_auth(token);
    let exam = post("/v1/exams", &manager).json(&json!({"name": format!("Law {count}")}));
    let exam: Exam = exam.send().unwrap().error_for_status().unwrap().json().unwrap();
    let mut left = count;
    while left > 0 {
        let rows = left.min(2_000);
        left -= rows;
        let names: Vec<String> =
            (left..left + rows).map(|row| format!("Candidate {row}")).collect();
        let list = post(&format!("/v1/exams/{}/roster", exam.exam), &manager)
            .header("content-type", "text/csv")
            .body(format!("name\n{}\n", names.join("\n")));
        let roster: Roster = list.send().unwrap().error_for_status().unwrap().json().unwrap();
        for seat in roster.seats {
            let (session, code) = (seat.issued.session, seat.issued.code);
            let bytes = session.0.into_bytes();
            let key = SigningKey::from_secret(Hash::of(&bytes).as_bytes());
            let token = Hash::of(Hash::of(&bytes).to_string().as_bytes()).to_string();
            let enrolment = json!({
                "code": code, "token": token, "public_key": key.public().to_string()
            });
            let enrolled = client.post(format!("{address}/v1/enrolments")).json(&enrolment);
            enrolled.send().unwrap().error_for_status().unwrap();
            let heartbeat = Heartbeat {
                incarnation: Incarnation::of_replay(session),
                sent_at: jiff::Timestamp::now().to_string(),
                phase: Phase::CheckIn,
                seen: Seen::Face,
                health: Vec::new(),
                head: ChainHead { seq: 0, hash: Hash::ZERO },
                confirmed: Vec::new(),
                nonce: None,
            };
            let body = serde_json::to_vec(&heartbeat).unwrap();
            let signature = key.sign(Signed::Heartbeat, &body).to_string();
            let beat = post(&format!("/v1/sessions/{session}/heartbeats"), &token)
                .header(SIGNATURE_HEADER, signature)
                .header("content-type", "application/json")
                .body(body);
            beat.send().unwrap().error_for_status().unwrap();
        }
    }
}

#[test]
fn an_idle_session_costs_the_server_two_kilobytes_of_memory_at_most() {
    let sessions = asked("INVIEW_SESSIONS", 200);
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    // What the server needs once, it has then.
    idle_sessions(&server, 100);
    let before = resident(&server);
    idle_sessions(&server, sessions);
    let grown = resident(&server).saturating_sub(before);
    println!(
        "{sessions} idle sessions: {} bytes each; {} MiB before, {} more",
        grown / sessions,
        before / MIB,
        grown / MIB
    );
    // Of some hundred sessions it is caches that fill which are measured.
    if sessions >= 10_000 {
        assert!(grown / sessions <= 2_048);
    }
    assert!(grown < 64 * MIB, "{grown}");
}
