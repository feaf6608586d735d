//! A proxy as companies and schools have one: it connects those who ask it to (`CONNECT`), and sees
//! nothing of what they say.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A running proxy; it ends with the program.
#[derive(Debug)]
pub struct ConnectProxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), seen) = (client, Arc::clone(&seen)) else { return };
                spawn(move || serve(client, &seen));
            }
        });
        Self { address, asked }
    }

    /// The heads of the requests that have come, without their line breaks.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    seen.lock().unwrap().push(head.replace("\r\n", " "));
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let Some(Ok(server)) = target.map(TcpStream::connect) else {
        client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").ok();
        return;
    };
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    let (mut back, mut answers) = (client, server.try_clone().unwrap());
    spawn(move || {
        std::io::copy(&mut answers, &mut back).ok();
        back.shutdown(Shutdown::Both).ok();
    });
    let mut server = server;
    // What was read along with the head lies in the reader.
    std::io::copy(&mut reader, &mut server).ok();
    server.shutdown(Shutdown::Both).ok();
}

fn spawn(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("connect proxy".to_owned()).spawn(body).unwrap();
}
