//! The boxes that an MP4 file is made of, read from memory.
//!
//! Sizes come from the file and are never believed: every walk is over a slice, moves forward by at
//! least a box header, and ends at the first box that does not fit.

/// Name of a box: four characters.
pub(super) type Name = [u8; 4];

/// Iterates over the boxes of a slice, as (name, content).
#[derive(Clone, Debug)]
pub(super) struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Boxes<'a> {
    pub(super) const fn new(content: &'a [u8]) -> Self {
        Self { rest: content }
    }

    /// Content of the first box of this name.
    pub(super) fn find(mut self, name: Name) -> Option<&'a [u8]> {
        self.find_map(|(found, content)| (found == name).then_some(content))
    }

    /// Contents of every box of this name.
    pub(super) fn all(self, name: Name) -> impl Iterator<Item = &'a [u8]> {
        self.filter_map(move |(found, content)| (found == name).then_some(content))
    }

    /// Content of the box at the end of a path of names.
    pub(super) fn path(content: &'a [u8], names: &[&Name]) -> Option<&'a [u8]> {
        names.iter().try_fold(content, |content, name| Self::new(content).find(**name))
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = (Name, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header = Header::parse(self.rest)?;
        let end = match header.size {
            Some(size) => usize::try_from(size).ok()?,
            None => self.rest.len(),
        };
        let content = self.rest.get(header.length..end)?;
        self.rest = self.rest.get(end..)?;
        Some((header.name, content))
    }
}

/// What stands before the content of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: Name,
    /// Of the whole box; `None` when it reaches to the end of what it stands in.
    pub(super) size: Option<u64>,
    /// Of the header itself: 8 or 16.
    pub(super) length: usize,
}

impl Header {
    /// `None` when the bytes are too few, or the size is smaller than the header.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let short = fields.u32()?;
        let name = fields.take(4)?.try_into().ok()?;
        let (size, length) = match short {
            0 => (None, 8),
            1 => (Some(fields.u64()?), 16),
            size => (Some(u64::from(size)), 8),
        };
        size.is_none_or(|size| size >= length as u64).then_some(Self { name, size, length })
    }
}

/// Big-endian fields, read one after the other; `None` past the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.u32().map(u32::cast_signed)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }

    /// The version byte and the 24 flags that most boxes begin with.
    pub(super) fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        let word = self.u32()?;
        Some(((word >> 24) as u8, word & 0x00ff_ffff))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: Name, content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes(), name.as_slice(), content].concat()
    }

    #[test]
    fn a_path_leads_to_the_content_of_a_nested_box() {
        let file = [boxed(*b"free", b"x"), boxed(*b"moov", &boxed(*b"mvhd", b"content"))].concat();
        assert_eq!(Boxes::path(&file, &[b"moov", b"mvhd"]), Some(b"content".as_slice()));
        assert_eq!(Boxes::path(&file, &[b"moov", b"trak"]), None);
    }

    #[test]
    fn a_walk_ends_at_a_box_that_does_not_fit_or_is_smaller_than_its_header() {
        for size in [0_u32, 1, 2, 7, 9, u32::MAX] {
            let bad = [&size.to_be_bytes(), b"trak".as_slice()].concat();
            let file = [boxed(*b"mvhd", b""), bad].concat();
            let names: Vec<_> = Boxes::new(&file).map(|(name, _)| name).collect();
            let expected: &[Name] = if size == 0 { &[*b"mvhd", *b"trak"] } else { &[*b"mvhd"] };
            assert_eq!(names, expected, "size {size}");
        }
    }

    #[test]
    fn sixty_four_bit_sizes_are_understood() {
        let large = [&1_u32.to_be_bytes(), b"mdat".as_slice(), &20_u64.to_be_bytes(), b"data"];
        assert_eq!(Boxes::new(&large.concat()).find(*b"mdat"), Some(b"data".as_slice()));
        let small = [&1_u32.to_be_bytes(), b"mdat".as_slice(), &8_u64.to_be_bytes()].concat();
        assert_eq!(Header::parse(&small), None);
    }
}
