//! Colours and cursor movements out of a line, before it becomes the text of a failure.

/// Returns the text without ANSI escape sequences (ECMA-48: CSI, OSC and the two-character ones) and without other control characters.
pub(crate) fn stripped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => match rest.next() {
                Some('[') => skip_until(&mut rest, |c| ('@'..='~').contains(&c)),
                Some(']' | 'P' | '_' | '^' | 'X') => skip_string(&mut rest),
                // Two-character sequences, some with intermediates such as `ESC ( B`.
                Some(' '..='/') => skip_until(&mut rest, |c| ('0'..='~').contains(&c)),
                _ => {}
            },
            '\u{9b}' => skip_until(&mut rest, |c| ('@'..='~').contains(&c)),
            '\t' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_until(rest: &mut Rest<'_>, last: impl Fn(char) -> bool) {
    for c in rest.by_ref() {
        if last(c) {
            return;
        }
    }
}

/// Skips to the end of a control string: BEL, or ESC and a backslash.
fn skip_string(rest: &mut Rest<'_>) {
    while let Some(c) = rest.next() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_movements_go_and_the_words_stay() {
        let cases = [
            ("\u{1b}[1;31merror\u{1b}[0m: no", "error: no"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}(Bplain\u{1b}=", "plain"),
            ("a\tb\r\u{8}", "a b"),
            ("\u{1b}[31", ""),
            ("\u{1b}", ""),
        ];
        for (text, plain) in cases {
            assert_eq!(stripped(text), plain, "{text:?}");
        }
    }
}
