//! One signature for many receipts: a tree of hashes over them, as in RFC 9162 (Certificate Transparency,
//! whose tree is that of RFC 6962). Each receipt goes out with its way to the root.
//!
//! A leaf is never taken for a node within: what is hashed begins with 0 in a leaf, and with 1 in a node.
//! The number of leaves is signed with the root, so that each leaf has one place, and a way to it one length.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::signature::Invalid;
use crate::report::{Hash, push_hex};

const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];
/// Hashes of the longest way: that of two to the sixteenth leaves. A server signs for a hundredth of them at once.
const LONGEST: usize = 16;

/// The hash of one receipt's bytes.
pub fn leaf(receipt: &[u8]) -> Hash {
    let mut hash = Sha256::new_with_prefix(LEAF);
    hash.update(receipt);
    Hash::from_bytes(hash.finalize().into())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new_with_prefix(NODE);
    hash.update(left.as_bytes());
    hash.update(right.as_bytes());
    Hash::from_bytes(hash.finalize().into())
}

/// What is signed of a tree: `<number of leaves> <root>`.
pub fn head(size: u32, root: &Hash) -> String {
    format!("{size} {root}")
}

/// The hashes of a tree, from its leaves to its root.
#[derive(Clone, Debug)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// `None` without a leaf, or with more than a way can be told to.
    pub fn over(leaves: Vec<Hash>) -> Option<Self> {
        if leaves.is_empty() || leaves.len() > 1 << LONGEST {
            return None;
        }
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            // The last of an odd number goes up as it is.
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                [alone, ..] => *alone,
                [] => Hash::ZERO,
            });
            levels.push(above.collect());
        }
        Some(Self { levels })
    }

    fn size(&self) -> u32 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u32)
    }

    /// What is to be signed.
    pub fn head(&self) -> String {
        let root = self.levels.last().and_then(|top| top.first());
        head(self.size(), root.unwrap_or(&Hash::ZERO))
    }

    /// The way from one leaf to the root.
    pub fn inclusion(&self, index: u32) -> Inclusion {
        let beside =
            |(depth, level): (usize, &Vec<Hash>)| level.get((index as usize >> depth) ^ 1).copied();
        let path = self.levels.iter().enumerate().filter_map(beside).collect();
        Inclusion { index, size: self.size(), path }
    }
}

/// That a receipt is the one at a place in a tree: `<index>/<size>`, and the hashes beside its way to the
/// root, from its own level up, each after a blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    index: u32,
    size: u32,
    path: Vec<Hash>,
}

impl Inclusion {
    /// Of a receipt that was signed alone.
    pub const fn alone() -> Self {
        Self { index: 0, size: 1, path: Vec::new() }
    }

    /// What must have been signed if the receipt with this leaf is in the tree (RFC 9162, 2.1.3.2). `None`:
    /// no tree has such a way.
    pub fn head(&self, leaf: Hash) -> Option<String> {
        if self.index >= self.size {
            return None;
        }
        let (mut index, mut last, mut root) = (self.index, self.size - 1, leaf);
        for beside in &self.path {
            if last == 0 {
                return None;
            }
            if index % 2 == 1 || index == last {
                root = node(beside, &root);
                // Levels on which it had no neighbour.
                while index.is_multiple_of(2) && index != 0 {
                    (index, last) = (index / 2, last / 2);
                }
            } else {
                root = node(&root, beside);
            }
            (index, last) = (index / 2, last / 2);
        }
        (last == 0).then(|| head(self.size, &root))
    }
}

impl fmt::Display for Inclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(20 + 65 * self.path.len());
        write!(text, "{}/{}", self.index, self.size)?;
        for hash in &self.path {
            text.push(' ');
            push_hex(&mut text, hash.as_bytes());
        }
        f.write_str(&text)
    }
}

impl FromStr for Inclusion {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut words = text.split(' ');
        let (index, size) = words.next().and_then(|place| place.split_once('/')).ok_or(Invalid)?;
        let path = words.take(LONGEST + 1).map(str::parse).collect::<Result<Vec<Hash>, _>>();
        let number = |text: &str| text.parse().map_err(|_no_number| Invalid);
        let (index, size) = (number(index)?, number(size)?);
        let read = Self { index, size, path: path.map_err(|_no_hash| Invalid)? };
        // One spelling of each.
        if read.path.len() > LONGEST || read.to_string() != text { Err(Invalid) } else { Ok(read) }
    }
}

impl Serialize for Inclusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Inclusion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: u32) -> Vec<Hash> {
        (0..count).map(|number| leaf(&number.to_be_bytes())).collect()
    }

    fn tree(count: u32) -> Tree {
        Tree::over(leaves(count)).unwrap()
    }

    /// RFC 9162, 2.1.1, as it is written there.
    fn root_by_definition(leaves: &[Hash]) -> Hash {
        let [alone] = leaves else {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            return node(&root_by_definition(left), &root_by_definition(right));
        };
        *alone
    }

    #[test]
    fn a_tree_is_that_of_the_standard_and_every_leaf_has_its_way() {
        for count in 1..70 {
            let (tree, leaves) = (tree(count), leaves(count));
            assert_eq!(tree.head(), head(count, &root_by_definition(&leaves)), "{count}");
            for (index, leaf) in (0..).zip(&leaves) {
                let inclusion = tree.inclusion(index);
                assert_eq!(inclusion.head(*leaf), Some(tree.head()), "{index} of {count}");
                assert_eq!(inclusion.to_string().parse(), Ok(inclusion));
            }
        }
        assert!(Tree::over(Vec::new()).is_none());
        assert_eq!(tree(1).inclusion(0), Inclusion::alone());
    }

    /// The test vectors of Certificate Transparency's own implementations.
    #[test]
    fn roots_are_those_that_others_compute() {
        let inputs: [&[u8]; 4] = [b"", b"\x00", b"\x10", b"\x20\x21"];
        let tree = Tree::over(inputs.map(leaf).to_vec()).unwrap();
        let root = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
        assert_eq!(tree.head(), format!("4 {root}"));
        assert_eq!(
            leaf(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn another_leaf_another_place_or_a_node_within_has_no_way() {
        for count in 2..20 {
            let (tree, leaves) = (tree(count), leaves(count));
            for index in 0..count {
                let way = tree.inclusion(index);
                for (other, leaf) in (0..).zip(&leaves) {
                    let is_it = other == index;
                    assert_eq!(way.head(*leaf) == Some(tree.head()), is_it, "{other} {index}");
                    let elsewhere = Inclusion { index: other, ..way.clone() };
                    let own = elsewhere.head(leaves[index as usize]);
                    assert_eq!(own == Some(tree.head()), is_it, "{other} for {index}");
                }
                // The two below a node as a receipt: its hash begins with another byte.
                let both = [leaves[0].as_bytes().as_slice(), leaves[1].as_bytes()].concat();
                let above = Inclusion { index: 0, size: count / 2 + count % 2, path: way.path };
                assert_ne!(above.head(super::leaf(&both)), Some(tree.head()));
            }
        }
    }

    #[test]
    fn a_way_that_is_too_long_too_short_or_of_no_tree_leads_nowhere() {
        let (tree, own) = (tree(5), leaves(5)[4]);
        let way = tree.inclusion(4);
        assert_eq!((way.path.len(), way.head(own)), (1, Some(tree.head())));
        let longer = Inclusion { path: [way.path.clone(), vec![own]].concat(), ..way };
        let shorter = Inclusion { path: Vec::new(), ..way };
        let beyond = Inclusion { index: 5, ..way.clone() };
        let of_nothing = Inclusion { index: 0, size: 0, path: Vec::new() };
        for wrong in [longer, shorter, beyond, of_nothing] {
            assert_eq!(wrong.head(own), None, "{wrong}");
        }
        // The number of leaves is a part of what is signed.
        let larger = Inclusion { size: 6, index: 5, ..way };
        assert_ne!(larger.head(own), Some(tree.head()));
    }

    #[test]
    fn a_way_has_one_spelling() {
        let way = tree(3).inclusion(0).to_string();
        for wrong in [
            String::new(),
            "0".to_owned(),
            "0/1 ".to_owned(),
            "+0/1".to_owned(),
            "00/1".to_owned(),
            "0/4294967296".to_owned(),
            way.to_uppercase(),
            way.replace(' ', "  "),
            format!("{way} x"),
            format!("0/99{}", format!(" {}", Hash::ZERO).repeat(LONGEST + 1)),
        ] {
            assert_eq!(wrong.parse::<Inclusion>(), Err(Invalid), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_hash_of_a_way_leads_to_the_root(
            count in 2_u32..40, index in 0_u32..40, place in 0_usize..6, bit in 0_usize..256,
        ) {
            let (tree, index) = (tree(count), index % count);
            let mut way = tree.inclusion(index);
            let place = place % way.path.len();
            let mut bytes = *way.path[place].as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            way.path[place] = Hash::from_bytes(bytes);
            prop_assert_ne!(way.head(leaves(count)[index as usize]), Some(tree.head()));
        }
    }
}
