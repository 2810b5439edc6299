//! Identifiers: words that are drawn at random, or counted in letters and digits.

/// Words this long whose letters and digits change kind as often as random ones do are base64.
pub(super) const FEWEST_BASE64: usize = 20;
/// Words this long are base64 though slashes in them look like those of a path.
pub(super) const FEWEST_OF_A_LONG_ONE: usize = 40;
/// Hex words of this length are values, shorter ones may be words.
const FEWEST_HEX: usize = 8;
/// The short form of a commit.
const SHORT_HASH: usize = 7;
/// Words of letters and digits this long may be identifiers …
const FEWEST_ID: usize = 10;
/// … and those that a word such as `id` announces from this length on.
const FEWEST_ANNOUNCED: usize = 4;

/// Returns whether a word is a number in hex: letters and digits, at least eight, or seven small
/// ones.
pub(super) fn is_hex(word: &[u8]) -> bool {
    let long = word.len() >= FEWEST_HEX
        || (word.len() == SHORT_HASH && !word.iter().any(u8::is_ascii_uppercase));
    long && word.iter().all(u8::is_ascii_hexdigit)
        && word.iter().any(u8::is_ascii_digit)
        && word.iter().any(u8::is_ascii_alphabetic)
}

/// Returns whether a word of letters and digits is an identifier: hex, or one whose letters and
/// digits alternate more often than in a name (ULID, KSUID, cuid, xid, queue ids of mail servers,
/// request ids), or, where it is `announced` as one, any with a digit.
pub(super) fn is_id(word: &[u8], announced: bool) -> bool {
    if !word.is_ascii() || !word.iter().any(u8::is_ascii_digit) {
        return false;
    }
    if is_hex(word) || (announced && word.len() >= FEWEST_ANNOUNCED) {
        return true;
    }
    let digits = word.iter().filter(|c| c.is_ascii_digit()).count();
    let letters = word.len() - digits;
    let turns = word
        .windows(2)
        .filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit());
    let turns = turns.count();
    let all = changes(word);
    letters > 0
        && match word.len() {
            0..FEWEST_ID => false,
            FEWEST_ID..16 => {
                (digits > 1 && turns >= 4) || all * 2 >= word.len() || is_counted_in_letters(word)
            }
            _ => digits > 2 && turns >= 3,
        }
}

/// Queue ids of sendmail and Postfix begin with a digit and have small letters and capitals.
fn is_counted_in_letters(word: &[u8]) -> bool {
    word[0].is_ascii_digit()
        && word.iter().any(u8::is_ascii_uppercase)
        && word.iter().any(u8::is_ascii_lowercase)
}

/// Counts how often small letters, capitals and digits follow one another.
fn changes(word: &[u8]) -> usize {
    let class = |c: u8| (c.is_ascii_digit(), c.is_ascii_uppercase());
    word.windows(2)
        .filter(|pair| class(pair[0]) != class(pair[1]))
        .count()
}

/// Returns whether a word is a message id of Exim: `1rVbZ8-0003aB-2x`, or the longer form of 4.97.
pub(super) fn is_of_exim(word: &[u8]) -> bool {
    let mut parts = word.split(|c| *c == b'-').map(<[u8]>::len);
    let lengths = [parts.next(), parts.next(), parts.next(), parts.next()];
    let fits = matches!(
        lengths,
        [Some(6), Some(6), Some(2), None] | [Some(6), Some(11), Some(4), None]
    );
    fits && word.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-')
        && word.iter().any(u8::is_ascii_digit)
}

/// Returns whether a word could be base64: small letters, capitals and digits follow one another as
/// in no name.
pub(super) fn is_base64(word: &[u8]) -> bool {
    let class = |c: u8| match c {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        b'+' | b'/' | b'-' | b'_' => Some(3),
        _ => None,
    };
    if !word.iter().all(|c| class(*c).is_some()) {
        return false;
    }
    let changes = word
        .windows(2)
        .filter(|pair| class(pair[0]) != class(pair[1]))
        .count();
    let separators = word.iter().filter(|c| class(**c) == Some(3)).count();
    let kinds = [0, 1, 2]
        .into_iter()
        .filter(|kind| word.iter().any(|c| class(*c) == Some(*kind)));
    kinds.count() == 3 && changes * 3 >= word.len() + separators * 3
}
