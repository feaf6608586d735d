//! A TCP proxy that does to connections what bad networks do.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What happens to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Closed before a byte has passed.
    Refused,
    /// Cut once so many bytes have come from the client: in mid-request, or in the handshake.
    CutRequest(usize),
    /// Cut once so many bytes have come from the server: it may have stored what was sent.
    CutAnswer(usize),
    /// So many bytes at a time, with a pause after each.
    Throttled { bytes: usize, pause: Duration },
    /// Taken, and never answered.
    HalfOpen,
}

/// A running proxy; its threads end with their connections.
#[derive(Debug)]
pub struct FaultProxy {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl FaultProxy {
    /// `plan` says what happens to the `n`th connection, from 0.
    pub fn start(server: SocketAddr, plan: impl Fn(usize) -> Fault + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let accept = move || {
            // A half-open connection is one that is kept.
            let mut kept = Vec::new();
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                match plan(count.fetch_add(1, Ordering::SeqCst)) {
                    Fault::Refused => drop(client),
                    Fault::HalfOpen => kept.push(client),
                    fault @ (Fault::None
                    | Fault::CutRequest(_)
                    | Fault::CutAnswer(_)
                    | Fault::Throttled { .. }) => connect(client, server, fault),
                }
            }
        };
        spawn(accept);
        Self { address, connections }
    }

    /// How many connections have come.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn connect(client: TcpStream, server: SocketAddr, fault: Fault) {
    let Ok(upstream) = TcpStream::connect(server) else { return };
    let (from, to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
    let (up, down, step, pause) = match fault {
        Fault::CutRequest(bytes) => (bytes, usize::MAX, usize::MAX, Duration::ZERO),
        Fault::CutAnswer(bytes) => (usize::MAX, bytes, usize::MAX, Duration::ZERO),
        Fault::Throttled { bytes, pause } => (usize::MAX, usize::MAX, bytes, pause),
        Fault::None | Fault::Refused | Fault::HalfOpen => {
            (usize::MAX, usize::MAX, usize::MAX, Duration::ZERO)
        }
    };
    spawn(move || pass_on(from, to, up, step, pause));
    spawn(move || pass_on(upstream, client, down, step, pause));
}

/// Passes bytes on until one side closes, or `budget` bytes have passed; then both are closed.
fn pass_on(mut from: TcpStream, mut to: TcpStream, budget: usize, step: usize, pause: Duration) {
    let (mut left, mut buffer) = (budget, vec![0; 16 * 1024]);
    while left > 0 {
        let most = buffer.len().min(left).min(step);
        match from.read(&mut buffer[..most]) {
            Ok(0) | Err(_) => break,
            Ok(read) if to.write_all(&buffer[..read]).is_ok() => left -= read,
            Ok(_) => break,
        }
        if !pause.is_zero() {
            thread::park_timeout(pause);
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}

fn spawn(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("fault proxy".to_owned()).spawn(body).unwrap();
}
