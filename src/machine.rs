//! What the machine says of itself: battery and temperature; and the priority of a thread.
//!
//! Reading asks sensors through the system, which may take long: not for a thread that must be on
//! time.

use starship_battery::units::energy::joule;
use starship_battery::{Manager, State};
use sysinfo::Components;
use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

use crate::pace::Machine;

/// So near to its critical temperature, a sensor says that the machine is hot.
const MARGIN_CELSIUS: f32 = 5.0;
/// Sensors that call less than this critical measure no processor.
const LEAST_CRITICAL_CELSIUS: f32 = 60.0;
/// Of 100, where 50 is what a thread gets that asks for nothing. On Linux: [`NICE`], a third of the
/// share of another thread when both want the processor.
const BACKGROUND: u8 = 35;
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Reads the sensors. What cannot be read is not said.
pub fn read() -> Machine {
    Machine { battery: battery(), is_hot: is_hot() }
}

fn battery() -> Option<f32> {
    let batteries = Manager::new().and_then(|manager| manager.batteries()).ok()?;
    let (mut left, mut full, mut is_drawn_on) = (0.0, 0.0, false);
    for battery in batteries.flatten() {
        left += battery.energy().get::<joule>();
        full += battery.energy_full().get::<joule>();
        is_drawn_on |= battery.state() == State::Discharging;
    }
    (is_drawn_on && full > 0.0).then(|| (left / full).clamp(0.0, 1.0))
}

fn is_hot() -> bool {
    let Ok(sensors) = Components::new_with_refreshed_list() else { return false };
    sensors.iter().any(|sensor| is_near_critical(sensor.temperature(), sensor.critical()))
}

fn is_near_critical(celsius: Option<f32>, critical: Option<f32>) -> bool {
    let (Some(celsius), Some(critical)) = (celsius, critical) else { return false };
    critical >= LEAST_CRITICAL_CELSIUS && celsius >= critical - MARGIN_CELSIUS
}

/// Puts the calling thread behind whatever the candidate works with. One that stands further back already
/// stays there.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    if rustix::process::getpriority_process(None).is_ok_and(|nice| nice >= NICE) {
        return;
    }
    let priority = ThreadPriorityValue::try_from(BACKGROUND).map(ThreadPriority::Crossplatform);
    match priority.map(set_current_thread_priority) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(?error, "the thread keeps its priority"),
        Err(error) => tracing::debug!(error, "the thread keeps its priority"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_hot_near_what_its_sensor_calls_critical() {
        for (celsius, critical, expected) in [
            (Some(96.0), Some(100.0), true),
            (Some(90.0), Some(100.0), false),
            (Some(44.0), Some(45.0), false),
            (Some(f32::NAN), Some(100.0), false),
            (Some(120.0), None, false),
            (None, Some(100.0), false),
        ] {
            assert_eq!(is_near_critical(celsius, critical), expected, "{celsius:?} {critical:?}");
        }
    }

    #[test]
    fn sensors_can_be_read_whatever_this_machine_has() {
        let machine = read();
        assert!(machine.battery.is_none_or(|charge| (0.0..=1.0).contains(&charge)));
    }

    /// How nice the thread is that runs `work`, afterwards.
    #[cfg(target_os = "linux")]
    fn nice_after(work: impl FnOnce() + Send) -> i32 {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let after = || {
            work();
            nice()
        };
        std::thread::scope(|scope| scope.spawn(after).join().unwrap())
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_that_steps_back_is_nicer_and_the_others_are_not() {
        let before = nice_after(|| ());
        assert_eq!((nice_after(step_back), nice_after(|| ())), (before.max(NICE), before));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_of_a_program_that_stands_further_back_is_not_put_forward() {
        let nicest = || rustix::process::setpriority_process(None, 19).unwrap();
        let step = || {
            nicest();
            step_back();
        };
        assert_eq!(nice_after(step), 19);
    }
}
