//! The driver's ring of buffers: waiting that ends, and what is said of each buffer.
//!
//! The `v4l` crate gives the last buffer back, waits and takes the next one in a single call. When
//! that wait is interrupted, the buffer is given back a second time by the next call, and never
//! works again. So the waiting is done before, where an interruption does no harm.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use v4l::buffer::{Flags, Metadata, Type};
use v4l::io::traits::CaptureStream as _;
use v4l::prelude::MmapStream;

use crate::capture::camera::device::{Facts, PATIENCE};

const BUFFERS: u32 = 4;
/// How long the first frame may take: some cameras need two seconds to start.
const START: Duration = Duration::from_secs(4);
/// `poll` is interrupted by signals; there is no flood of them.
const INTERRUPTIONS: usize = 4;
const POLLIN: i16 = 1;

pub(super) struct Stream {
    /// `None` only while it is dropped.
    ring: Option<MmapStream<'static>>,
    started: bool,
}

impl Stream {
    /// Takes the buffers, and with them the camera: nobody else can stream from it now.
    pub(super) fn new(device: &v4l::Device) -> io::Result<Self> {
        let mut ring = MmapStream::with_buffers(device, Type::VideoCapture, BUFFERS)?;
        ring.set_timeout(START);
        Ok(Self { ring: Some(ring), started: false })
    }

    /// The next buffer; the one before goes back to the driver. The first call starts the camera.
    pub(super) fn next(&mut self) -> io::Result<(&[u8], Facts)> {
        let ring = self.ring.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        if self.started {
            wait(&ring.handle())?;
        }
        let (bytes, metadata) = ring.next()?;
        self.started = true;
        let used = (metadata.bytesused as usize).min(bytes.len());
        Ok((&bytes[..used], facts(metadata)))
    }
}

impl Drop for Stream {
    /// The ring panics when it cannot be stopped.
    fn drop(&mut self) {
        let ring = self.ring.take();
        if catch_unwind(AssertUnwindSafe(|| drop(ring))).is_err() {
            tracing::warn!("a camera could not be stopped");
        }
    }
}

fn wait(handle: &v4l::device::Handle) -> io::Result<()> {
    for _ in 0..INTERRUPTIONS {
        match handle.poll(POLLIN, PATIENCE.as_millis() as i32) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn facts(metadata: &Metadata) -> Facts {
    let is_monotonic = metadata.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
    let stamp =
        match (u64::try_from(metadata.timestamp.sec), u64::try_from(metadata.timestamp.usec)) {
            (Ok(secs), Ok(micros)) if is_monotonic && (secs, micros) != (0, 0) => {
                Some(Duration::from_secs(secs) + Duration::from_micros(micros))
            }
            _ => None,
        };
    Facts {
        stamp,
        sequence: Some(metadata.sequence),
        damaged: metadata.flags.contains(Flags::ERROR) || metadata.bytesused == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use v4l::Timestamp;

    #[test]
    fn only_monotonic_stamps_count() {
        let of = |flags, sec, usec| {
            let timestamp = Timestamp::new(sec, usec);
            facts(&Metadata { bytesused: 1, flags, field: 0, timestamp, sequence: 7 })
        };
        let monotonic = Flags::TIMESTAMP_MONOTONIC | Flags::TSTAMP_SRC_SOE | Flags::DONE;
        assert_eq!(of(monotonic, 3, 500).stamp, Some(Duration::from_micros(3_000_500)));
        assert_eq!(of(monotonic, -3, 500).stamp, None);
        assert_eq!(of(monotonic, 0, 0).stamp, None);
        assert_eq!(of(Flags::TIMESTAMP_COPY, 3, 500).stamp, None);
        assert_eq!(of(Flags::TIMESTAMP_UNKNOWN, 3, 500).stamp, None);
        assert!(!of(monotonic, 3, 500).damaged);
        assert!(of(monotonic | Flags::ERROR, 3, 500).damaged);
    }
}
