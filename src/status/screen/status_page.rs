//! A text that grows line by line, as wide as the screen.

use crate::report::ReportScreen;

/// A text that grows line by line.
pub(super) struct StatusPage {
    pub(super) text: String,
    pub(super) screen: ReportScreen,
}

impl StatusPage {
    /// Adds a line, cut where the screen ends.
    pub(super) fn line(&mut self, indent: usize, colour: &str, line: &str) {
        self.text.push_str(&self.screen.line(indent, colour, line));
    }
}
