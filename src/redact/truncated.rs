//! Output whose middle was cut away: a secret may have been cut in two, and neither half may show.

use std::borrow::Cow;

use super::bytes::{count, count_back};
use super::redactor::{REDACTED, Redactor, boundary, merged, replace};
use super::{pem, tokens};
use crate::core::failure::Output;
use crate::text::cut::floor;

/// The longest half of a word that is looked at.
const MOST_BYTES: usize = 4096;
/// Half a word this long, with digits among its letters, is taken for half a secret.
const FEWEST_OF_HALF_A_TOKEN: usize = 8;

impl Redactor {
    /// Returns `output` without its secrets, also those that the cut has split.
    pub(crate) fn output(&self, output: &Output) -> Output {
        if output.cut == 0 {
            return Output {
                head: self.text(&output.head).into_owned(),
                cut: 0,
                tail: self.text(&output.tail).into_owned(),
            };
        }
        let (head, reach) = self.before_cut(&output.head);
        let tail = self.after_cut(&output.tail, reach);
        Output {
            head: head.into_owned(),
            cut: output.cut,
            tail: tail.into_owned(),
        }
    }

    /// Returns the message of a run without its secrets. One that is the telling line of the output
    /// is shown by the clean output: a secret of several lines shows only there.
    pub(super) fn message_of_output(&self, message: &str, raw: &Output, clean: &Output) -> String {
        let is_telling = raw
            .telling_line()
            .is_some_and(|line| line.starts_with(message));
        match clean
            .telling_line()
            .filter(|_| is_telling && !message.is_empty())
        {
            Some(mut line) => {
                line.truncate(floor(&line, message.len().max(REDACTED.len())));
                line
            }
            None => self.text(message).into_owned(),
        }
    }

    /// Returns the text without its secrets, and whether one of them reaches to its end.
    fn before_cut<'a>(&self, text: &'a str) -> (Cow<'a, str>, Reach) {
        let bytes = text.as_bytes();
        let mut found = self.find(text);
        let known = self.values.cut_at_end(bytes).max(tokens::cut_at_end(bytes));
        found.push(text.len() - known..text.len());
        let found = merged(found);
        let reach = match found.last() {
            Some(last) if last.end < text.trim_end().len() => Reach::None,
            Some(last) if text[boundary(text, last.start)..].contains("-----BEGIN ") => {
                Reach::Block
            }
            Some(_) => Reach::Word,
            None => Reach::None,
        };
        (replace(text, found), reach)
    }

    /// Returns the text without its secrets, and without what belongs to one that began before it.
    fn after_cut<'a>(&self, text: &'a str, reach: Reach) -> Cow<'a, str> {
        let bytes = text.as_bytes();
        let word = count(bytes, MOST_BYTES, |c| !c.is_ascii_whitespace());
        let half = match reach {
            Reach::Block => pem::continued(bytes).max(word),
            Reach::Word => word,
            Reach::None => half_a_token(&bytes[..word]),
        };
        let mut found = self.find(text);
        let end = half.max(self.values.cut_at_start(bytes));
        found.push(0..boundary(text, end));
        replace(text, merged(found))
    }
}

/// How far a secret reaches to a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Not.
    None,
    /// The word after the cut belongs to it.
    Word,
    /// The lines after the cut belong to it.
    Block,
}

/// Returns how much of the beginning of half a word is what looks like half a token.
fn half_a_token(word: &[u8]) -> usize {
    let len = count(word, MOST_BYTES, |c| {
        c.is_ascii_alphanumeric() || b"+/=_-.".contains(&c)
    });
    let len = len - count_back(&word[..len], 4, |c| c == b'.');
    let token = &word[..len];
    let digits = token.iter().any(u8::is_ascii_digit);
    let letters = token.iter().any(u8::is_ascii_alphabetic);
    let separators = token.iter().filter(|c| b"./_-".contains(c)).count();
    let random = len >= FEWEST_OF_HALF_A_TOKEN && digits && letters && separators * 6 <= len;
    if random { len } else { 0 }
}
