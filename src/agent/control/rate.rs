//! How often is looked, as the machine allows.

use std::sync::PoisonError;

use super::Control;
use crate::agent::Phase;
use crate::agent::report::Fact;
use crate::health::Code;
use crate::pace::Frames;
use crate::report::Strain;
use crate::time::MediaTime;

impl Control {
    pub(super) fn look_at_rate(&mut self, now: MediaTime) {
        let frames = {
            let sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner);
            Frames { looked_at: sight.looked_at, missed: sight.skipped }
        };
        let (machine, before) = (self.sensors.latest(), self.pace.rate_hz());
        self.pace.judge(now, &machine, frames);
        let strain = self.pace.strain();
        for (code, cause) in [
            (Code::Overloaded, Strain::Load),
            (Code::BatteryLow, Strain::Battery),
            (Code::MachineHot, Strain::Heat),
        ] {
            let detail = || format!("{} frames a second are looked at", self.pace.rate_hz());
            self.health.set(code, now, (strain == Some(cause)).then(detail));
        }
        if self.pace.rate_hz().total_cmp(&before).is_ne() {
            tracing::info!(rate_hz = self.pace.rate_hz(), ?strain, "looking at another rate");
            self.period.follow(self.pace.rate_hz());
            if self.phase == Phase::Exam {
                self.tell_rate(now);
            }
        }
    }

    /// From `at` on it is looked at this rate.
    pub(super) fn tell_rate(&self, at: MediaTime) {
        let (rate_hz, strain) = (self.pace.rate_hz(), self.pace.strain());
        self.fact(Fact::Sampling { at, rate_hz, strain });
    }
}
