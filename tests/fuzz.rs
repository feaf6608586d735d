//! Each reader of outside bytes on its seeds, and on changes of them that are the same in every run.
//! What must hold of each stands in `fuzz/src`; `scripts/fuzz` looks for longer, and by coverage.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "figures are shown")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library of its own elsewhere")]
mod targets;

use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// As many as take a few seconds in all; `INVIEW_FUZZ` multiplies them.
const CHEAP: usize = 12_000;
const DEAR: usize = 500;

/// A row of numbers that looks like chance and is the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn piece<'a>(&mut self, of: &'a [u8]) -> &'a [u8] {
        let from = self.below(of.len() + 1);
        let length = self.below((of.len() - from).min(64) + 1);
        &of[from..from + length]
    }
}

/// What breaks readers: limits of numbers, brackets, the ends of texts.
const TOKENS: [&[u8]; 14] = [
    b"\"",
    b"\\",
    b"{",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"}",
    b"-1",
    b"1e309",
    b"18446744073709551615",
    b"null",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\x7f\xff\xff\xff",
    b"%00",
    "\u{202e}".as_bytes(),
];

fn changed(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len());
        match chance.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << chance.below(8),
            1 if !bytes.is_empty() => bytes[at] = chance.below(256) as u8,
            2 => bytes.truncate(at),
            3 => {
                let end = (at + chance.below(32)).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            4 => {
                let other = &seeds[chance.below(seeds.len())];
                let piece = chance.piece(other).to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let token = TOKENS[chance.below(TOKENS.len())].iter().copied();
                bytes.splice(at..at, token);
            }
        }
    }
    bytes
}

#[track_caller]
fn holds(name: &str, runs: usize, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let times: usize = std::env::var("INVIEW_FUZZ").map_or(1, |times| times.parse().unwrap());
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let changes = (0..runs * times).map(|_| changed(&seeds, &mut chance));
    for bytes in seeds.iter().cloned().chain(changes) {
        let run = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        assert!(run.is_ok(), "{name}: {:?}", String::from_utf8_lossy(&bytes));
    }
    println!("{name}: {} runs", seeds.len() + runs * times);
}

#[test]
fn no_batch_of_events_is_too_odd_for_the_server() {
    holds("batch", CHEAP, targets::batch);
}

#[test]
fn no_heartbeat_is_too_odd_for_the_server() {
    holds("heartbeat", CHEAP, targets::heartbeat);
}

#[test]
fn no_request_makes_the_server_fail() {
    holds("http", DEAR * 6, targets::http);
}

#[test]
fn no_list_of_candidates_and_no_settings_file_is_too_odd_for_the_server() {
    holds("roster", DEAR * 2, targets::roster);
    holds("settings", CHEAP / 2, targets::settings);
}

#[test]
fn no_answer_acknowledges_what_the_server_has_not() {
    holds("answer", CHEAP, targets::answer);
}

#[test]
fn no_exported_report_is_believed_but_the_genuine_one() {
    let seed = serde_json::to_vec(&targets::genuine_export()).unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/export/genuine.json");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::create_dir_all(kept.parent().unwrap()).unwrap();
        fs::File::create(&kept).unwrap().write_all(&seed).unwrap();
    }
    assert!(fs::read(kept).unwrap() == seed, "the seed is not genuine; UPDATE_GOLDENS=1 renews it");
    holds("export", CHEAP, targets::export);
}

#[test]
fn no_spool_is_believed_that_is_not_whole() {
    // What is replaced by the same is as it was.
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/spool");
    for same in ["body", "sig", "hash", "prevhash", "public-key", "receipt", "head"] {
        assert!(targets::believes_spool(&fs::read(seeds.join(same)).unwrap()), "{same}");
    }
    holds("spool", DEAR, targets::spool);
}

/// The names of all fields, also of those in others.
fn fields(value: &serde_json::Value) -> Vec<String> {
    let here = value.as_object().into_iter().flatten();
    here.flat_map(|(name, value)| [vec![name.clone()], fields(value)].concat()).collect()
}

#[test]
fn the_example_of_a_policy_has_each_field_and_is_a_seed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("fuzz/seeds/policy/policy.toml");
    let example = fs::read(root.join("docs/policy.example.toml")).unwrap();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::File::create(&kept).unwrap().write_all(&example).unwrap();
    }
    assert!(fs::read(kept).unwrap() == example, "it is another one; UPDATE_GOLDENS=1 renews it");
    let example = String::from_utf8(example).unwrap();
    let example: serde_json::Value = toml::from_str(&example).unwrap();
    let policy = serde_json::to_value(inview::presence::Policy::default()).unwrap();
    let [mut found, mut expected] = [fields(&example), fields(&policy)];
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn no_policy_session_file_or_link_is_too_odd() {
    holds("policy", CHEAP, targets::policy);
    holds("session", CHEAP, targets::session);
    holds("link", CHEAP, targets::link);
}

#[test]
fn no_picture_recording_or_script_is_too_odd() {
    holds("picture", DEAR * 4, targets::picture);
    holds("recording", DEAR, targets::recording);
    holds("script", CHEAP, targets::script);
}

#[test]
fn no_truth_file_is_too_odd() {
    holds("truth", CHEAP / 4, targets::truth);
}
