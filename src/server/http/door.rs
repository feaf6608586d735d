//! How many connections are open at one time; more are closed before they have said anything.
//!
//! A refusal in HTTP would cost the handshake that the limit is there to save. Whoever is turned away
//! finds the connection closed, and tries again as after any other failure.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Two for each of twelve thousand agents.
const CONNECTIONS: usize = 24_576;
/// Connections that wait to be accepted; the system may allow fewer. The standard library asks for 128: of agents
/// that all come at once, after an outage, the others would try again after a second, two, four ….
const BACKLOG: i32 = 4_096;

/// Listens for connections.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // As the standard library does: a server that was stopped can be started again at once.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Lets connections through to `inner`, as many as there are places.
#[derive(Clone, Debug)]
pub(in crate::server) struct Door<A> {
    inner: A,
    places: Arc<Semaphore>,
}

impl<A> Door<A> {
    pub(in crate::server) fn new(inner: A) -> Self {
        Self::with_places(inner, CONNECTIONS)
    }

    fn with_places(inner: A, places: usize) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(places)) }
    }
}

impl<A, I, S> Accept<I, S> for Door<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Guest<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let accepting = place.map(|place| (place, self.inner.accept(stream, service)));
        Box::pin(async move {
            let (place, accepting) =
                accepting.map_err(|_none_left| io::Error::other("too many connections"))?;
            let (stream, service) = accepting.await?;
            Ok((Guest { stream, _place: place }, service))
        })
    }
}

/// A connection, which has its place until it is closed.
#[derive(Debug)]
pub(in crate::server) struct Guest<T> {
    stream: T,
    _place: OwnedSemaphorePermit,
}

impl<T: AsyncRead + Unpin> AsyncRead for Guest<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guest<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use axum_server::accept::DefaultAcceptor;

    use std::net::{Ipv4Addr, TcpStream};
    use std::time::Duration;

    use super::*;

    #[test]
    fn hundreds_that_come_at_once_wait_at_the_door_until_they_are_let_in() {
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
        if most.ok().and_then(|most| most.trim().parse::<u32>().ok()).is_none_or(|it| it < 400) {
            eprintln!("skipped: the system lets fewer wait, or does not say how many");
            return;
        }
        let door = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = door.local_addr().unwrap();
        // Nobody lets them in. Whoever is not let wait is told so by silence, and tries again after a second.
        let come = || TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let waiting: Vec<_> = (0..400).map(|_| come()).collect();
        assert_eq!(waiting.iter().filter(|it| it.is_err()).count(), 0);
    }

    #[tokio::test]
    async fn whoever_comes_when_all_places_are_taken_is_turned_away_until_one_leaves() {
        let door = Door::with_places(DefaultAcceptor::new(), 2);
        let first = door.accept((), ()).await.unwrap();
        let _second = door.accept((), ()).await.unwrap();
        assert!(door.accept((), ()).await.is_err());
        drop(first);
        assert!(door.accept((), ()).await.is_ok());
    }
}
