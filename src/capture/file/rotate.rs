//! Turns frames upright, as the recording's rotation mark asks.

use crate::frame::I420;
use crate::geometry::Size;

/// How a stored frame is to be turned to stand upright, clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Turn {
    /// From the upper left of a display matrix. Mirroring and skewing are left alone: they do not
    /// change whether somebody is there.
    pub(super) const fn from_matrix(a: i32, b: i32, c: i32, d: i32) -> Self {
        match (a.signum(), b.signum(), c.signum(), d.signum()) {
            (0, 1, -1, 0) => Self::Quarter,
            (-1, 0, 0, -1) => Self::Half,
            (0, -1, 1, 0) => Self::ThreeQuarters,
            _ => Self::None,
        }
    }

    /// Size of a frame after the turn.
    pub(super) const fn size(self, stored: Size) -> Size {
        match self {
            Self::None | Self::Half => stored,
            Self::Quarter | Self::ThreeQuarters => Size::new(stored.height, stored.width),
        }
    }

    /// Turns a picture whose stored size is `size`.
    pub(super) fn apply(self, picture: I420, size: Size) -> I420 {
        if self == Self::None {
            return picture;
        }
        let (width, height) = (size.width as usize, size.height as usize);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        I420 {
            y: self.plane(&picture.y, width, height),
            u: self.plane(&picture.u, half_width, half_height),
            v: self.plane(&picture.v, half_width, half_height),
            range: picture.range,
        }
    }

    /// Turns `width * height` bytes.
    fn plane(self, pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
        let rows = |column: usize| (0..height).map(move |row| pixels[row * width + column]);
        match self {
            Self::None => pixels.to_vec(),
            Self::Half => pixels.iter().rev().copied().collect(),
            Self::Quarter => (0..width).flat_map(|column| rows(column).rev()).collect(),
            Self::ThreeQuarters => (0..width).rev().flat_map(rows).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Range;

    /// 3x2: A B C / D E F
    const STORED: &[u8] = b"ABCDEF";

    #[test]
    fn a_plane_is_turned_clockwise() {
        assert_eq!(Turn::None.plane(STORED, 3, 2), b"ABCDEF");
        assert_eq!(Turn::Quarter.plane(STORED, 3, 2), b"DAEBFC");
        assert_eq!(Turn::Half.plane(STORED, 3, 2), b"FEDCBA");
        assert_eq!(Turn::ThreeQuarters.plane(STORED, 3, 2), b"CFBEAD");
    }

    #[test]
    fn the_matrix_of_a_phone_held_upright_is_a_quarter_turn() {
        let one = 1 << 16;
        assert_eq!(Turn::from_matrix(one, 0, 0, one), Turn::None);
        assert_eq!(Turn::from_matrix(0, one, -one, 0), Turn::Quarter);
        assert_eq!(Turn::from_matrix(-one, 0, 0, -one), Turn::Half);
        assert_eq!(Turn::from_matrix(0, -one, one, 0), Turn::ThreeQuarters);
        assert_eq!(Turn::from_matrix(-one, 0, 0, one), Turn::None);
    }

    #[test]
    fn chroma_of_odd_sizes_is_turned_with_the_luma() {
        let picture =
            I420 { y: STORED.to_vec(), u: vec![1, 2], v: vec![3, 4], range: Range::Limited };
        let turned = Turn::Quarter.apply(picture, Size::new(3, 2));
        assert_eq!((turned.u, turned.v), (vec![1, 2], vec![3, 4]));
        assert_eq!(Turn::Quarter.size(Size::new(3, 2)), Size::new(2, 3));
    }
}
