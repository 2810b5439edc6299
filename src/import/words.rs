//! A line as words, by the rules of Python's `shlex.split`, which supervisord goes by; those of a
//! shell as far as names of tasks need them.
//!
//! Our own, because a `#` begins no comment there: the crate for this leaves the rest of such a
//! line out.

/// Splits a line; `None` when a quotation is not closed, or nothing follows a backslash.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Reads up to the end of a quotation.
fn quoted(mark: char, rest: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            c if c == mark => return Some(()),
            '\\' if mark == '"' => match rest.next()? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_shlex() {
        let cases: [(&str, Option<&[&str]>); 9] = [
            ("a  b\tc", Some(&["a", "b", "c"])),
            ("'a b' \"c d\"e", Some(&["a b", "c de"])),
            ("a\\ b '' \\#", Some(&["a b", "", "#"])),
            ("#a b #c", Some(&["#a", "b", "#c"])),
            (r#""\"\\\$\n""#, Some(&[r#""\\$\n"#])),
            (r"'a\b'", Some(&[r"a\b"])),
            ("", Some(&[])),
            ("'a", None),
            ("a\\", None),
        ];
        for (line, expected) in cases {
            let expected = expected.map(|words| words.iter().map(ToString::to_string).collect());
            assert_eq!(split(line), expected, "{line}");
        }
    }
}
