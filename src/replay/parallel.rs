//! The same for many things, several at a time.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `work` makes of each thing, in their order.
pub(super) fn map<T: Sync, R: Send>(
    things: &[T],
    jobs: usize,
    work: impl Fn(usize, &T) -> R + Sync,
) -> io::Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::default();
    let work_on = || {
        while let Some((index, thing)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            things.get(index).map(|thing| (index, thing))
        } {
            let result = work(index, thing);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        for job in 0..jobs.clamp(1, things.len().max(1)) {
            thread::Builder::new().name(format!("try-{job}")).spawn_scoped(scope, work_on)?;
        }
        io::Result::Ok(())
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
