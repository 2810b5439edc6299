//! Texts broken into lines that fit.

/// Returns a text whose lines fit into so many columns as far as their words do: what goes on
/// stands below where it began, behind the first column of a table.
pub(crate) fn folded(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let mut folded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        fold(&mut folded, line, width);
    }
    folded
}

fn fold(folded: &mut String, line: &str, width: usize) {
    let hang = hang_of(line, width);
    let (mut rest, mut indent) = (line, 0);
    while rest.trim_end().chars().count() + indent > width {
        // What stands before the hang is not broken: it would be no column any more.
        let least = if indent == 0 { hang } else { 0 };
        let Some((kept, next)) = broken(rest, least, width - indent) else {
            break;
        };
        folded.push_str(kept);
        folded.push('\n');
        folded.extend(std::iter::repeat_n(' ', hang));
        (rest, indent) = (next, hang);
    }
    folded.push_str(rest);
}

/// Breaks a line at the last space within so many columns, or at the first one after them.
fn broken(line: &str, least: usize, room: usize) -> Option<(&str, &str)> {
    let spaces = line.trim_end().char_indices().enumerate();
    let mut spaces = spaces.filter(|(column, (_, c))| *c == ' ' && *column > least);
    let mut found = spaces.next()?;
    for space in spaces.take_while(|(column, _)| *column <= room) {
        found = space;
    }
    let (before, after) = line.split_at(found.1.0);
    Some((before.trim_end(), after.trim_start_matches(' ')))
}

/// Returns the column in which a line goes on: that of its text behind a first column, or else of
/// its beginning.
fn hang_of(line: &str, width: usize) -> usize {
    let begin = line.chars().take_while(|c| *c == ' ').count();
    let characters: Vec<char> = line.chars().collect();
    let gap = (begin..characters.len()).find(|at| characters[*at..].starts_with(&[' ', ' ']));
    let behind = gap.map(|gap| gap + characters[gap..].iter().take_while(|c| **c == ' ').count());
    let most = width / 2;
    behind
        .filter(|column| *column <= most)
        .unwrap_or(begin)
        .min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_where_it_began() {
        let fold = |text: &str, width| folded(text, Some(width));
        assert_eq!(folded("a b c\n", None), "a b c\n");
        assert_eq!(fold("aa bb cc\ndd\n", 8), "aa bb cc\ndd\n");
        assert_eq!(fold("aa bb cc\ndd\n", 7), "aa bb\ncc\ndd\n");
        assert_eq!(fold("  aa bb cc\n", 8), "  aa bb\n  cc\n");
        assert_eq!(
            fold("Mail  to you by it\n", 13),
            "Mail  to you\n      by it\n"
        );
        assert_eq!(fold("Mail      to you by\n", 13), "Mail      to\nyou by\n");
        // A word that is too long stays whole: it may be a path that a user copies.
        assert_eq!(fold("a /a/long/path b\n", 6), "a\n/a/long/path\nb\n");
        assert_eq!(fold("/a/long/path\n\n", 6), "/a/long/path\n\n");
        assert_eq!(fold("äö üß", 4), "äö\nüß");
    }
}
