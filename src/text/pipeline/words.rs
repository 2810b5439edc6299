//! The words of each command in a text for a shell, with their quotes taken away and nothing
//! expanded.

use std::iter::Peekable;
use std::str::Chars;

/// Returns the words of each command.
pub(super) fn of_text(text: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.peek().copied() {
        match c {
            '\n' | ';' | '&' | '|' | '(' | ')' => {
                chars.next();
                commands.push(Vec::new());
            }
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            c if c.is_whitespace() => {
                chars.next();
            }
            _ => {
                let word = word(&mut chars);
                commands.last_mut().expect("there is one").push(word);
            }
        }
    }
    commands.retain(|words| words.len() > 2);
    commands
}

fn word(chars: &mut Peekable<Chars<'_>>) -> String {
    let ends = |c: &char| c.is_whitespace() || ";&|()".contains(*c);
    let mut word = String::new();
    while let Some(c) = chars.next_if(|c| !ends(c)) {
        match c {
            '\\' => word.extend(chars.next()),
            '\'' => word.extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => double_quoted(chars, &mut word),
            c => word.push(c),
        }
    }
    word
}

fn double_quoted(chars: &mut Peekable<Chars<'_>>, word: &mut String) {
    while let Some(c) = chars.next().filter(|c| *c != '"') {
        match c {
            '\\' => match chars.next() {
                Some(escaped) if "$`\"\\".contains(escaped) => word.push(escaped),
                Some('\n') | None => {}
                Some(plain) => word.extend(['\\', plain]),
            },
            c => word.push(c),
        }
    }
}
