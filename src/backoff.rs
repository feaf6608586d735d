//! How long to wait before trying again: exponential, with full jitter, without giving up.

use std::time::Duration;

/// The first wait is at most this long.
pub const BASE: Duration = Duration::from_secs(1);
/// No wait is longer, unless the server asks for it.
pub const CAP: Duration = Duration::from_secs(30);
/// A server that asks for more is not believed: a typing error there must not silence us for days.
pub const RETRY_AFTER_CAP: Duration = Duration::from_mins(5);

/// The wait before attempt `failures + 1`.
///
/// `random` is uniform in 0 to 1. Full jitter: anything from nothing to the bound, so that a
/// thousand agents that lost one server do not come back in one second. What the server asked for
/// in `Retry-After` comes before it: it asks all that it has no room for in the same second.
pub fn delay(failures: u32, random: f64, retry_after: Option<Duration>) -> Duration {
    let bound = BASE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(CAP);
    let jittered = bound.mul_f64(random.clamp(0.0, 1.0));
    retry_after.unwrap_or_default().min(RETRY_AFTER_CAP) + jittered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let bounds: Vec<u64> = (1..8).map(|n| delay(n, 1.0, None).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(delay(u32::MAX, 1.0, None), CAP);
    }

    #[test]
    fn jitter_is_full() {
        assert_eq!(delay(4, 0.0, None), Duration::ZERO);
        assert_eq!(delay(4, 0.5, None), Duration::from_secs(4));
    }

    #[test]
    fn the_server_may_ask_for_more_but_not_for_days() {
        assert_eq!(delay(1, 0.0, Some(Duration::from_secs(20))), Duration::from_secs(20));
        assert_eq!(delay(1, 0.0, Some(Duration::from_secs(1_000_000_000))), RETRY_AFTER_CAP);
    }

    #[test]
    fn a_random_number_that_is_none_does_no_harm() {
        assert_eq!(delay(3, f64::NAN.max(0.0), None), Duration::ZERO);
        assert_eq!(delay(3, 7.0, None), Duration::from_secs(4));
    }
}
