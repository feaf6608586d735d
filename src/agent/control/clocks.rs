//! What happened to the machine's clocks between two looks: told in the exam, and of no consequence.

use super::Control;
use crate::agent::Phase;
use crate::agent::report::Fact;
use crate::report::Noticed;

impl Control {
    pub(super) fn look_at_clocks(&mut self) {
        let reading = (self.world.clock)();
        let before = std::mem::replace(&mut self.looked, reading);
        if self.phase != Phase::Exam {
            return;
        }
        if let Some(slept) = reading.slept_since(&before) {
            let for_ms = u64::try_from(slept.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(for_ms, "the machine slept");
            self.fact(Fact::Noticed(Noticed::Suspended { for_ms }));
        }
        if let Some(by) = reading.stepped_since(&before) {
            let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            tracing::warn!(by_ms, "the wall clock was set");
            self.fact(Fact::Noticed(Noticed::ClockStepped { by_ms }));
        }
    }
}
