//! Values that must not appear in a log: tokens, names, paths of a candidate's machine.

use std::fmt;

/// Wraps a private value: `Debug` and `Display` print `***`, and only [`Pii::reveal`] gives it back.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it. Never pass this on to a log.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_the_value() {
        let token = Pii::new("s3cret".to_owned());
        assert_eq!(format!("{token:?} {token} {:?}", Some(&token)), "*** *** Some(***)");
        assert_eq!(token.reveal(), "s3cret");
    }
}
