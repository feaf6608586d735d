//! Outages in virtual time: the machines that decide (`turns`, `schedule`), and a server that counts.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::schedule::{Failure, Schedule};
use super::*;
use crate::report::{Incarnation, MAX_BATCH_EVENTS};

fn at(millis: i64) -> MediaTime {
    MediaTime::from_millis(millis)
}

/// A row of numbers that looks like chance and is the same each time: uniform in 0 to 1.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn millis(&mut self, below: i64) -> i64 {
        (self.next() * below as f64) as i64
    }
}

/// An agent with one session: its reports, by number, and its two machines.
struct Agent {
    key: Key,
    waiting: VecDeque<u64>,
    made: u64,
    turns: Turns,
    schedule: Schedule,
}

impl Agent {
    fn new(number: u128, now: MediaTime) -> Self {
        let session = SessionId(uuid::Uuid::from_u128(number + 1));
        Self {
            key: (session, Incarnation::of_replay(session)),
            waiting: VecDeque::new(),
            made: 0,
            turns: Turns::starting_at(now),
            schedule: Schedule::starting_at(now),
        }
    }

    fn report(&mut self) {
        self.made += 1;
        self.waiting.push_back(self.made);
    }

    /// When its uploader does something next.
    fn next_upload(&self, now: MediaTime) -> Option<MediaTime> {
        let waiting: &[Key] = if self.waiting.is_empty() { &[] } else { &[self.key] };
        match self.turns.next(now, waiting) {
            Next::Send { .. } => Some(now),
            Next::Wait(wait) => Some(now + wait),
            Next::Idle => None,
        }
    }

    /// Sends a batch; gives the numbers that the server has taken.
    fn upload(&mut self, now: MediaTime, is_up: bool, random: f64) -> Vec<u64> {
        let Next::Send { limit, .. } = self.turns.next(now, &[self.key]) else { return Vec::new() };
        self.turns.sending(self.key, now);
        if !is_up {
            self.turns.failed(self.key, now, None, random);
            return Vec::new();
        }
        self.turns.acknowledged(self.key);
        let count = limit.min(MAX_BATCH_EVENTS).min(self.waiting.len());
        self.waiting.drain(..count).collect()
    }

    fn beat(&mut self, now: MediaTime, is_up: bool, random: f64) {
        if is_up {
            self.schedule.answered(now, 10_000, random);
        } else {
            self.schedule.failed(now, now, Failure::Again { retry_after: None }, random);
        }
    }
}

/// What the server lets one session do: `server::http::pace`, in its own words.
#[derive(Default)]
struct Limit {
    due: i64,
}

impl Limit {
    fn admits(&mut self, now: MediaTime) -> bool {
        let now = now.as_millis();
        let on_time = self.due.max(now);
        let is_admitted = on_time - now <= 100 * 19;
        if is_admitted {
            self.due = on_time + 100;
        }
        is_admitted
    }
}

#[test]
fn what_a_day_without_the_backend_has_left_is_delivered_in_order_within_ten_seconds_and_the_limit()
{
    const DAY: i64 = 24 * 3_600 * 1_000;
    for seed in 1..=8 {
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let mut agent = Agent::new(0, at(0));
        let (mut limit, mut stored) = (Limit::default(), Vec::new());
        let (mut now, mut first, mut attempts) = (at(0), None, 0_u64);
        let mut next_report = 0;
        // A report every twenty seconds: some thousands.
        while now < at(DAY) || !agent.waiting.is_empty() {
            while next_report <= now.as_millis() && next_report < DAY {
                agent.report();
                next_report += 20_000;
            }
            let is_up = now >= at(DAY);
            if agent.schedule.due() <= now {
                assert!(!is_up || limit.admits(now), "a heartbeat is too much");
                agent.beat(now, is_up, chance.next());
            }
            if agent.next_upload(now) == Some(now) {
                attempts += 1;
                assert!(
                    !is_up || limit.admits(now),
                    "a batch is too much after {:?}",
                    stored.len()
                );
                let taken = agent.upload(now, is_up, chance.next());
                if is_up {
                    first.get_or_insert(now);
                    stored.extend(taken);
                }
                // The answer takes its time.
                now = now + Duration::from_millis(5);
                continue;
            }
            let report = if next_report < DAY { at(next_report) } else { at(2 * DAY) };
            let upload = agent.next_upload(now).unwrap_or(report);
            now = report.min(upload).min(agent.schedule.due()).max(now + Duration::from_millis(1));
        }
        assert_eq!(stored, (1..=agent.made).collect::<Vec<_>>());
        let first = first.unwrap();
        assert!(first.since(at(DAY)) <= crate::backoff::CAP, "{first:?}");
        let took = now.since(first);
        assert!(took <= Duration::from_secs(10), "{} reports took {took:?}", agent.made);
        // Once in fifteen seconds on average, all day.
        assert!((4_000..8_000).contains(&attempts), "{attempts} attempts");
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Report,
    Upload,
    Beat,
}

/// Requests that reach the server in each second, from `agents` whose server is away for `outage`, after
/// half a minute in which it is there. Gives those of the half minute before and of the one after.
fn requests(agents: usize, outage: i64, seed: u64) -> (Vec<u64>, Vec<u64>) {
    const BEFORE: i64 = 30_000;
    const REPORT_EVERY: i64 = 100_000;
    let mut chance = Chance(seed);
    let up_again = BEFORE + outage;
    let end = up_again + 30_000;
    let mut counts = vec![0_u64; (end / 1_000) as usize + 1];
    let mut deeds = BinaryHeap::new();
    let mut all: Vec<Agent> = Vec::new();
    for number in 0..agents {
        // They began within some ten seconds: whoever comes then is no matter of outages.
        let start = at(chance.millis(10_000) - 20_000);
        all.push(Agent::new(number as u128, start));
        deeds.push(Reverse((start.as_millis(), number, Deed::Beat)));
        deeds.push(Reverse((chance.millis(REPORT_EVERY) - 20_000, number, Deed::Report)));
    }
    while let Some(Reverse((millis, number, deed))) = deeds.pop() {
        if millis >= end {
            break;
        }
        let (now, agent) = (at(millis), &mut all[number]);
        let is_up = !(BEFORE..up_again).contains(&millis);
        match deed {
            Deed::Report => {
                let was_idle = agent.waiting.is_empty();
                agent.report();
                let next = millis + REPORT_EVERY / 2 + chance.millis(REPORT_EVERY);
                deeds.push(Reverse((next, number, Deed::Report)));
                if was_idle {
                    deeds.push(Reverse((millis, number, Deed::Upload)));
                }
                continue;
            }
            Deed::Upload => {
                let Some(next) = agent.next_upload(now) else { continue };
                if next > now {
                    deeds.push(Reverse((next.as_millis().max(millis + 1), number, deed)));
                    continue;
                }
                agent.upload(now, is_up, chance.next());
                deeds.push(Reverse((millis + 20, number, deed)));
            }
            Deed::Beat => {
                agent.beat(now, is_up, chance.next());
                deeds.push(Reverse((agent.schedule.due().as_millis(), number, deed)));
            }
        }
        if is_up && millis >= 0 {
            counts[(millis / 1_000) as usize] += 1;
        }
    }
    let after = counts.split_off((up_again / 1_000) as usize);
    counts.truncate((BEFORE / 1_000) as usize);
    (counts, after)
}

#[test]
fn ten_thousand_agents_that_come_back_at_once_are_no_storm() {
    // A restart, a minute. What is longer is no worse: by then all wait for half a minute.
    for outage in [3_000, 8_000, 15_000, 60_000] {
        let (before, after) = requests(10_000, outage, 0x9E37_79B9_7F4A_7C15 + outage as u64);
        let steady = before.iter().sum::<u64>() as f64 / before.len() as f64;
        let peak = *after.iter().max().unwrap() as f64;
        println!("{} s: {steady} a second before, at most {peak} after", outage / 1_000);
        println!("  {:?}", &after[..20]);
        assert!(peak <= 2.0 * steady, "{outage} ms: {peak} requests in a second, {steady} before");
    }
}
