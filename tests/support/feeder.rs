//! A program that shows pictures as a camera, by `v4l2loopback`.

use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use inview::geometry::Size;
use v4l::video::Output as _;

/// Writes pictures into the first loopback device, as a virtual camera's program does. Stops when it
/// is dropped.
pub struct Feeder {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Feeder {
    /// The same pictures again and again.
    pub fn start(fourcc: [u8; 4], size: Size, pictures: Vec<Vec<u8>>) -> Self {
        let mut pictures = pictures.into_iter().cycle();
        Self::play(fourcc, size, Duration::from_millis(33), move || pictures.next().unwrap())
    }

    /// A picture each `period`, made when it is due.
    pub fn play(
        fourcc: [u8; 4],
        size: Size,
        period: Duration,
        mut picture: impl FnMut() -> Vec<u8> + Send + 'static,
    ) -> Self {
        let mut device = v4l::Device::with_path("/dev/video0").unwrap();
        let mut format = v4l::Format::new(size.width, size.height, v4l::FourCC::new(&fourcc));
        format.size = (size.area() * 2) as u32;
        device.set_format(&format).unwrap();
        device.write_all(&picture()).unwrap();
        let (stop, stopped) = sync_channel(0);
        let write = move || {
            while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                device.write_all(&picture()).unwrap();
            }
        };
        let thread = thread::Builder::new().name("feeder".to_owned()).spawn(write).unwrap();
        Self { stop: Some(stop), thread: Some(thread) }
    }

    pub fn stop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.stop();
    }
}
