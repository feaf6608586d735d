//! Tables for spreadsheets: CSV as RFC 4180 has it, in UTF-8.

use std::fmt::Display;

use csv::{Terminator, WriterBuilder};

use crate::server::http::error::Refusal;

/// A table with a header. What people have written goes through [`inert`] before.
pub(in crate::server) fn csv<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Result<String, Refusal> {
    let failed = |error: &dyn Display| {
        tracing::error!(%error, "a table cannot be made");
        Refusal::internal()
    };
    let mut table = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    table.write_record(header).map_err(|error| failed(&error))?;
    for row in rows {
        table.write_record(row).map_err(|error| failed(&error))?;
    }
    let bytes = table.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

/// Spreadsheets run what begins like a formula, also behind what is not seen.
pub(in crate::server) fn inert(text: &str) -> String {
    let is_formula =
        |text: &str| text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|']);
    let hides = text.starts_with(|first: char| first.is_control() || first == '\u{feff}');
    if hides || is_formula(text.trim_start()) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_write_is_a_formula_in_a_spreadsheet() {
        for typed in
            ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", " =1", "\r\n=1", "＝1", "\u{feff}=1"]
        {
            assert_eq!(inert(typed), format!("'{typed}"));
        }
        for typed in ["Ann", "", "a=b", "\"quoted\"", "1-2"] {
            assert_eq!(inert(typed), typed);
        }
    }

    #[test]
    fn quotes_commas_and_lines_stay_in_their_field() {
        let rows = [["a \"b\", c".to_owned(), "two\nlines".to_owned()]];
        let table = csv(["one", "two"], rows).unwrap();
        assert_eq!(table, "one,two\r\n\"a \"\"b\"\", c\",\"two\nlines\"\r\n");
    }
}
