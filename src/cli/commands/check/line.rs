//! A line with a label before its text.

use std::io::{self, Write};

/// Prints one labelled line.
pub(super) fn line(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{label:<9} {text}")
}
