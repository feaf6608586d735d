//! What happened to the machine's clocks between two looks: told in the exam, and of no consequence.
//!
//! A clock that is set in the check-in is told when the exam begins: the times of the reports are told by
//! the wall clock as the agent found it. That the machine slept then bears on none of them, and is nobody's
//! concern.

use super::Control;
use crate::agent::Phase;
use crate::agent::report::Fact;
use crate::report::Noticed;

impl Control {
    pub(super) fn look_at_clocks(&mut self) {
        let reading = (self.world.clock)();
        let before = std::mem::replace(&mut self.looked, reading);
        let is_exam = match self.phase {
            Phase::CheckIn => false,
            Phase::Exam => true,
            Phase::Ending | Phase::Ended => return,
        };
        if let Some(slept) = reading.slept_since(&before).filter(|_| is_exam) {
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
