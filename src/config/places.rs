//! From bytes of a text to its lines and columns, without reading what is before them each time.

/// After how many bytes the characters so far are noted.
const STEP: usize = 1024;

/// The lines of a text, and how many characters there are up to each [`STEP`].
#[derive(Debug, PartialEq)]
pub(super) struct LineIndex {
    /// Where each line begins.
    lines: Vec<usize>,
    /// How many characters begin before each multiple of [`STEP`].
    characters: Vec<usize>,
}

impl LineIndex {
    /// Reads a text once.
    pub(super) fn of(text: &str) -> Self {
        let feeds = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(feeds.map(|(at, _)| at + 1));
        let mut characters = vec![0];
        for step in text.as_bytes().chunks(STEP) {
            let before = characters.last().copied().unwrap_or_default();
            characters.push(before + beginning(step));
        }
        LineIndex {
            lines: lines.collect(),
            characters,
        }
    }

    /// Returns line and column of a byte of that text, both from 1; the column counts characters.
    pub(super) fn position(&self, text: &str, offset: usize) -> (usize, usize) {
        let offset = (0..=offset.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at));
        let offset = offset.unwrap_or_default();
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let column = self.before(text, offset) - self.before(text, start) + 1;
        (line, column)
    }

    fn before(&self, text: &str, offset: usize) -> usize {
        let step = offset / STEP;
        self.characters[step] + beginning(&text.as_bytes()[step * STEP..offset])
    }
}

/// Returns how many characters begin among these bytes of UTF-8.
fn beginning(bytes: &[u8]) -> usize {
    let is_first = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    bytes.iter().filter(is_first).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let text = format!("ab\n{}x\n\nü", "ä".repeat(3000));
        let places = LineIndex::of(&text);
        let at = |offset| places.position(&text, offset);
        assert_eq!((at(0), at(2), at(3)), ((1, 1), (1, 3), (2, 1)));
        assert_eq!(at(3 + 2 * 3000), (2, 3001));
        // In the middle of a character, and behind the end.
        assert_eq!(at(4), (2, 1));
        assert_eq!(at(text.len() + 9), (4, 2));
        assert_eq!(LineIndex::of("").position("", 0), (1, 1));
    }
}
