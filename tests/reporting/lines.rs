//! What stands between agent and server.

use super::*;

/// Passes bytes on in both directions. In the first connection, what the server says after the
/// client has sent more than a handshake goes nowhere; when `stored` says so, the line is cut.
fn cutting_proxy(
    server: SocketAddr,
    stored: impl Fn() -> bool + Send + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let accept = move || {
        for client in listener.incoming() {
            let (client, upstream) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let cuts = count.fetch_add(1, Ordering::SeqCst) == 0;
            let sent = Arc::new(AtomicUsize::new(0));
            let (from, to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            let counted = Arc::clone(&sent);
            pass_on(from, to, move |bytes| {
                counted.fetch_add(bytes, Ordering::SeqCst);
                true
            });
            let line = client.try_clone().unwrap();
            pass_on(upstream, client, move |_| !cuts || sent.load(Ordering::SeqCst) < 8_192);
            if cuts {
                while !stored() {
                    thread::park_timeout(PAUSE);
                }
                line.shutdown(Shutdown::Both).unwrap();
            }
        }
    };
    thread::Builder::new().name("proxy".to_owned()).spawn(accept).unwrap();
    (address, connections)
}

fn pass_on(
    mut from: TcpStream,
    mut to: TcpStream,
    passes: impl Fn(usize) -> bool + Send + 'static,
) {
    let pass = move || {
        let mut buffer = [0; 4_096];
        while let Ok(bytes @ 1..) = from.read(&mut buffer) {
            if passes(bytes) && to.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        // Err: the other side was quicker.
        let _gone = to.shutdown(Shutdown::Both);
    };
    thread::Builder::new().name("line".to_owned()).spawn(pass).unwrap();
}

#[test]
fn an_answer_that_is_lost_after_the_commit_leads_to_one_copy() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let expected = fill(spool.path(), session(1), 0..100);
    let reader = server.reader.clone();
    let (proxy, connections) =
        cutting_proxy(server.address, move || reader.head(session(1)) == 100);
    let uploader = Uploader::start(server.settings_for(proxy, spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(100));
    assert!(connections.load(Ordering::SeqCst) > 1, "the answer was not cut off");
    assert_stored(&server.reader, session(1), &expected);
}

/// Answers every request with the same bytes.
fn portal(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
            let is_whole = |request: &[u8]| {
                request.ends_with(b"}]")
                    || request.starts_with(b"GET") && request.ends_with(b"\r\n\r\n")
            };
            while !is_whole(&request) {
                match client.read(&mut buffer) {
                    Ok(bytes @ 1..) => request.extend_from_slice(&buffer[..bytes]),
                    Ok(0) | Err(_) => break,
                }
            }
            client.write_all(answer.as_bytes()).unwrap();
        }
    };
    thread::Builder::new().name("portal".to_owned()).spawn(serve).unwrap();
    address
}

#[test]
fn a_captive_portal_acknowledges_nothing() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 18\r\nconnection: close\r\n\r\n<h1>Welcome!</h1>\n",
        "HTTP/1.1 302 Found\r\nlocation: https://portal.example/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 511 Network Authentication Required\r\ncontent-length: 0\r\n\r\n",
    ] {
        for server_key in [None, Some(key(9).public())] {
            let spool = tempfile::tempdir().unwrap();
            fill(spool.path(), session(1), 0..3);
            let settings = Settings {
                server: format!("http://{}", portal(answer)),
                token: Pii::new("token".to_owned()),
                authority: None,
                code: None,
                allow_plain_loopback: true,
                key: None,
                server_key,
                route: Route::default(),
                folder: spool.path().to_owned(),
                session: None,
            };
            let delivery = Uploader::start(settings).unwrap().finish(Duration::from_millis(1));
            let found = (delivery.acknowledged, delivery.refused, delivery.waiting);
            assert_eq!(found, (0, 0, 3), "{answer}");
            assert!(delivery.obstacle.is_some(), "{answer}");
        }
    }
}
