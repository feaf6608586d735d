//! A disk that says that it has kept what it has not: after the power is cut, any part of any file may be as
//! it was some time ago.

use std::fs;

use super::head::{self, Head};
use super::tests::{data, open, quick_folder};
use super::*;

const REPORTS: i64 = 120;

/// A row of numbers that looks like chance and is the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// What was told to be flushed once a report was kept: the database, its log, and the head record.
type Files = [Vec<u8>; 3];

fn paths(folder: &Path) -> [PathBuf; 3] {
    let path = folder.join(format!("{}.spool", SessionId::derived(&[b"session"])));
    [path.clone(), path.with_extension("spool-wal"), files::head_of(&path)]
}

/// The files after each report, and the reports.
fn history() -> (Vec<Files>, Vec<Vec<u8>>) {
    let folder = quick_folder();
    let mut outbox = open(folder.path());
    let mut states = Vec::new();
    for number in 0..REPORTS {
        outbox.append(None, data(number)).unwrap();
        states.push(paths(folder.path()).map(|path| fs::read(path).unwrap_or_default()));
    }
    (states, bodies(&outbox))
}

fn bodies(outbox: &Outbox) -> Vec<Vec<u8>> {
    let mut query = outbox.database.prepare("SELECT body FROM event ORDER BY seq").unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// What is left of the last state: of each part, one in `lost_of` is as it was at some time since `since`.
fn left(states: &[Files], since: usize, lost_of: usize, part: usize, chance: &mut Chance) -> Files {
    let last = states.len() - 1;
    std::array::from_fn(|file| {
        let mut bytes = states[last][file].clone();
        for (number, piece) in bytes.chunks_mut(part).enumerate() {
            if chance.below(lost_of) > 0 {
                continue;
            }
            let then = &states[since + chance.below(last - since)][file];
            // What was not there yet is zeros.
            let from = (number * part).min(then.len());
            let kept = &then[from..(from + piece.len()).min(then.len())];
            piece.fill(0);
            piece[..kept.len()].copy_from_slice(kept);
        }
        // The new length of a file is lost as well.
        if chance.below(4) == 0 {
            bytes.truncate(states[since][file].len());
        }
        bytes
    })
}

#[test]
fn a_disk_that_loses_what_it_was_told_to_flush_makes_nothing_up() {
    let rounds = std::env::var("INVIEW_LIES").map_or(300, |rounds| rounds.parse().unwrap());
    let (states, reports) = history();
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let (mut whole, mut told, mut shorter) = (0, 0, 0);
    for round in 0..rounds {
        let cut = 2 + chance.below(states.len() - 2);
        let since = cut - 1 - chance.below(cut.min(40) - 1);
        let lost_of = [1, 2, 8, 64][chance.below(4)];
        // A sector, a page, or all of a file.
        let part = [512, 4_096, usize::MAX][chance.below(3)];
        let files = left(&states[..=cut], since, lost_of, part, &mut chance);
        let folder = quick_folder();
        let paths = paths(folder.path());
        for (path, bytes) in paths.iter().zip(&files) {
            let mut file = fs::File::create(path).unwrap();
            std::io::Write::write_all(&mut file, bytes).unwrap();
        }
        let head = head::read(&paths[2]);
        let mut outbox = open(folder.path());
        let found = bodies(&outbox);
        let next = found.len() as u64 + 1;
        if outbox.damage().is_some() {
            told += 1;
            assert_eq!(next, 1, "round {round}");
        } else {
            // An older spool may be whole; the head record is of that time, too, or lost.
            assert_eq!(found[..], reports[..found.len()], "round {round}");
            assert!(head.is_none_or(|Head { seq, .. }| seq < next), "round {round}: {head:?}");
            if found.len() == cut + 1 { whole += 1 } else { shorter += 1 }
        }
        outbox.go_on().unwrap();
        assert_eq!(outbox.append(None, data(999)).unwrap().seq, next, "round {round}");
        drop(outbox);
        assert_eq!(bodies(&open(folder.path())).len() as u64, next, "round {round}");
    }
    println!(
        "{rounds} lies: {whole} lost nothing, {told} were told, {shorter} left an older spool"
    );
    assert!(whole > 0 && told > rounds / 4, "{whole} whole, {told} told");
}
