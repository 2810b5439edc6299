//! What each byte means in a message.

/// Holds for each byte whether it belongs to words, numbers, paths, addresses (what no blank,
/// bracket, quote or comma interrupts), and what it means there.
const CLASSES: [u8; 256] = classes();
const CHUNK: u8 = 1;
/// The chunk has a digit.
pub(super) const DIGIT: u8 = 2;
/// The chunk has a colon.
pub(super) const COLON: u8 = 4;
/// The chunk has an at sign.
pub(super) const AT: u8 = 8;
/// The chunk has a slash or a backslash.
pub(super) const SLASH: u8 = 16;
/// The chunk has something else that is no ASCII letter.
pub(super) const OTHER: u8 = 32;

const fn classes() -> [u8; 256] {
    const OTHERS: &[u8] = b"_.-+~%$#*!?&";
    let mut classes = [0; 256];
    let mut c = 0;
    while c < 256 {
        let byte = c as u8;
        classes[c] = match byte {
            b'0'..=b'9' => CHUNK | DIGIT,
            b':' => CHUNK | COLON,
            b'@' => CHUNK | AT,
            b'/' | b'\\' => CHUNK | SLASH,
            0x80.. => CHUNK | OTHER,
            _ if byte.is_ascii_alphabetic() => CHUNK,
            _ => 0,
        };
        c += 1;
    }
    let mut at = 0;
    while at < OTHERS.len() {
        classes[OTHERS[at] as usize] = CHUNK | OTHER;
        at += 1;
    }
    classes
}

pub(super) fn is_chunk(c: u8) -> bool {
    CLASSES[usize::from(c)] & CHUNK != 0
}

/// Returns the length of the chunk that `text` begins with, and what it has in it.
pub(super) fn chunk_length(text: &[u8]) -> (usize, u8) {
    let mut classes = 0;
    for (at, &c) in text.iter().enumerate() {
        let class = CLASSES[usize::from(c)];
        if class & CHUNK == 0 {
            return (at, classes);
        }
        classes |= class;
    }
    (text.len(), classes)
}
