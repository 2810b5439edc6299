//! Classifies what stands between blanks, brackets, quotes and commas: a URL, an address, a path,
//! or words and numbers.

use super::byte_classes::{AT, COLON, DIGIT, OTHER, SLASH, chunk_length};
use super::scan::Scan;
use super::words::Keeps;
use super::{codes, dates, ids, numbers, words};

/// A number in a word that is this long is an identifier.
const FEWEST_DIGITS_OF_ID: usize = 6;

/// Classifies the chunk at the current place of `scan`, and moves behind it.
pub(super) fn judge(scan: &mut Scan<'_>) {
    let rest = scan.rest();
    let (whole, mut classes) = chunk_length(rest);
    let chunk = trimmed(&rest[..whole]);
    if chunk.is_empty() {
        if !b":#-".contains(&rest[0]) {
            scan.forget_word();
        }
        return scan.copy(1);
    }
    if chunk.len() < whole {
        classes = chunk_length(chunk).1;
    }
    let has = |class: u8| classes & class != 0;
    if !has(DIGIT | COLON | AT | SLASH | OTHER) {
        return word(scan, chunk);
    }
    if (has(COLON) && url(scan, chunk)) || (has(AT) && mail_address(scan, chunk)) {
        return;
    }
    if chunk.len() >= ids::FEWEST_OF_A_LONG_ONE && ids::is_base64(chunk) {
        return base64(scan, chunk.len());
    }
    if has(SLASH) && path(scan, chunk, has(DIGIT)) {
        return;
    }
    if !has(DIGIT) {
        return letters(scan, chunk.len());
    }
    if has(OTHER) && ids::is_of_exim(chunk) {
        return scan.replace("<n>", chunk.len());
    }
    if chunk.len() >= ids::FEWEST_BASE64 && ids::is_base64(chunk) {
        return base64(scan, chunk.len());
    }
    if has(OTHER) && words::is_host(chunk) {
        return scan.replace("<host>", chunk.len());
    }
    if has(COLON) && numbers::is_colon_separated_hex(chunk) {
        return scan.replace("<ip>", chunk.len());
    }
    if has(COLON) && scan.keeps == Keeps::Nothing && is_host_and_port(chunk) {
        return scan.replace("<host>", chunk.len());
    }
    let end = scan.at + chunk.len();
    while scan.at < end {
        piece(scan, end);
    }
}

fn base64(scan: &mut Scan<'_>, len: usize) {
    let padding = scan.rest()[len..]
        .iter()
        .take_while(|c| **c == b'=')
        .count();
    scan.replace("<base64>", len + padding);
}

/// Leaves out what ends a sentence.
fn trimmed(chunk: &[u8]) -> &[u8] {
    let end = chunk
        .iter()
        .rposition(|c| !matches!(c, b'.' | b':' | b'!' | b'?' | b'-'))
        .map_or(0, |last| last + 1);
    &chunk[..end]
}

fn url(scan: &mut Scan<'_>, chunk: &[u8]) -> bool {
    let Some(colon) = chunk.windows(3).position(|three| three == b"://") else {
        return false;
    };
    let scheme = chunk[..colon]
        .iter()
        .rev()
        .take_while(|c| c.is_ascii_alphanumeric() || **c == b'+');
    let before = colon - scheme.count();
    let ends = |c: &u8| *c <= b' ' || b"\"'<>`|".contains(c);
    let rest = &scan.rest()[before..];
    let whole = rest.iter().take_while(|c| !ends(c)).count();
    let last = rest[..whole]
        .iter()
        .rposition(|c| !b".,;:!?)]}".contains(c));
    let len = last.map_or(whole, |last| last + 1);
    letters(scan, before);
    scan.replace("<url>", len);
    true
}

fn mail_address(scan: &mut Scan<'_>, chunk: &[u8]) -> bool {
    let at = chunk.iter().position(|c| *c == b'@').unwrap_or_default();
    let is_local = |c: &u8| c.is_ascii_alphanumeric() || b"._%+-$#*!?&~/".contains(c) || *c >= 0x80;
    let is_domain = |c: &u8| c.is_ascii_alphanumeric() || b".-".contains(c) || *c >= 0x80;
    let local = chunk[..at].iter().rev().take_while(|c| is_local(c)).count();
    let domain = chunk[at + 1..].iter().take_while(|c| is_domain(c)).count();
    if local == 0 || domain == 0 {
        return false;
    }
    letters(scan, at - local);
    scan.replace("<mail>", local + 1 + domain);
    true
}

/// Replaces a path that is temporary or has a number in it, and copies other ones. What follows its
/// colon is no part of it.
fn path(scan: &mut Scan<'_>, chunk: &[u8], has_digit: bool) -> bool {
    const TEMPORARY: [&[u8]; 5] = [
        b"/tmp/",
        b"/var/tmp/",
        b"/dev/shm/",
        b"/run/user/",
        b"/private/tmp/",
    ];
    let drive = chunk.len() > 2 && chunk[0].is_ascii_alphabetic() && &chunk[1..3] == b":\\";
    let skip = if drive { 2 } else { 0 };
    let colon = chunk[skip..].iter().position(|c| *c == b':');
    let path = &chunk[..colon.map_or(chunk.len(), |colon| skip + colon)];
    let rooted =
        drive || path.starts_with(b"/") || path.starts_with(b"~/") || path.starts_with(b".");
    if path.starts_with(b"HTTP/") {
        scan.copy(path.len());
        scan.keeps = Keeps::Code;
        return true;
    }
    let separates = path.iter().any(|c| *c == b'/' || *c == b'\\');
    let worded = path.first().is_some_and(|c| c.is_ascii_alphabetic()) && separates;
    if !(rooted || worded && has_digit) {
        return false;
    }
    let numbered = path.iter().any(u8::is_ascii_digit);
    if numbered || TEMPORARY.iter().any(|root| path.starts_with(root)) {
        scan.replace("<path>", path.len());
    } else {
        scan.copy(path.len());
        scan.forget_word();
    }
    true
}

/// Copies a chunk that is one word of ASCII letters: most are.
fn word(scan: &mut Scan<'_>, word: &[u8]) {
    if let Some(date) = date_or_time(scan).filter(|date| *date > word.len()) {
        return scan.replace("<time>", date);
    }
    scan.heard(word);
    scan.copy(word.len());
}

/// Copies words that have no digits in them, and takes note of the last one.
fn letters(scan: &mut Scan<'_>, len: usize) {
    if len == 0 {
        return;
    }
    let chunk = &scan.text[scan.at..scan.at + len];
    if let Some(date) = date_or_time(scan).filter(|date| *date > len) {
        return scan.replace("<time>", date);
    }
    if let Some(last) = chunk.iter().rposition(u8::is_ascii_alphabetic) {
        let before = chunk[..last].iter().rposition(|c| !c.is_ascii_alphabetic());
        let word = &chunk[before.map_or(0, |before| before + 1)..=last];
        scan.heard(word);
    }
    scan.copy(len);
}

/// `db.example.org:5432`, `localhost:80`, `db-1:5432`; but `main.rs:12` is a line of a file, and
/// `line:12` a word.
fn is_host_and_port(chunk: &[u8]) -> bool {
    let Some(colon) = chunk.iter().rposition(|c| *c == b':') else {
        return false;
    };
    let (host, port) = (&chunk[..colon], &chunk[colon + 1..]);
    let is_host = |c: &u8| c.is_ascii_alphanumeric() || b".-_".contains(c);
    let numbered = host.iter().any(u8::is_ascii_digit) && (2..=5).contains(&port.len());
    let named = host.contains(&b'.') || host == b"localhost" || numbered;
    (1..=5).contains(&port.len())
        && port.iter().all(u8::is_ascii_digit)
        && host.iter().all(is_host)
        && host.iter().any(u8::is_ascii_alphabetic)
        && named
        && !words::is_file_name(host)
}

/// Classifies one word or number of a chunk that ends at `end`.
fn piece(scan: &mut Scan<'_>, end: usize) {
    let rest = scan.rest();
    let inside = scan
        .before()
        .is_some_and(|c| c.is_ascii_alphanumeric() || c == b'.');
    if numbers::is_uuid(rest) {
        return scan.replace("<uuid>", 36);
    }
    let run = rest[..end - scan.at]
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || **c >= 0x80)
        .count();
    match rest[0] {
        b'-' | b'+' if run == 0 && !inside && is_sign(scan) => scan.replace("", 1),
        _ if run == 0 => {
            if !b":-/#".contains(&rest[0]) {
                scan.forget_word();
            }
            scan.copy(1);
        }
        b'0'..=b'9' => number(scan, run, inside),
        _ => word_with_digits(scan, run),
    }
}

/// Returns whether the `-` or `+` at the current place is the sign of a number that may differ.
fn is_sign(scan: &Scan<'_>) -> bool {
    let follows_blank = scan.before().is_none_or(|c| b" =:([,".contains(&c));
    let digit = scan.rest().get(1).is_some_and(u8::is_ascii_digit);
    scan.keeps == Keeps::Nothing && follows_blank && digit
}

fn number(scan: &mut Scan<'_>, run: usize, inside: bool) {
    if let Some(date) = date_or_time(scan) {
        return scan.replace("<time>", date);
    }
    let rest = scan.rest();
    if !inside {
        if let Some(address) = numbers::ipv4(rest) {
            return scan.replace("<ip>", address);
        }
        if let Some(code) = numbers::enhanced_code(rest) {
            return scan.copy(code);
        }
    }
    if codes::is_code(scan, run) {
        scan.copy(run);
        return scan.forget_word();
    }
    if is_part_of_name(scan, run) {
        return scan.copy(run);
    }
    if rest.starts_with(b"0x") || rest.starts_with(b"0X") {
        return scan.replace("<hex>", run);
    }
    if ids::is_id(&rest[..run], scan.names_id) {
        return scan.replace("<n>", run);
    }
    let number = numbers::length(rest);
    match numbers::unit(&rest[number..]) {
        Some((token, unit)) => scan.replace(token, number + unit),
        None if number >= run => scan.replace("<n>", number),
        None if is_ordinal(&rest[number..run]) => scan.replace("<n>", run),
        // `5xx`, `2fa`
        None => scan.copy(run),
    }
}

/// `ORA-00942`, `iso-8859-1`, `job_2`: a hyphen or an underscore joins a number to a name.
fn is_part_of_name(scan: &Scan<'_>, run: usize) -> bool {
    match scan.before() {
        Some(b'-') => {
            let is_number = |c: &&u8| c.is_ascii_digit() || **c == b'-';
            let numbers = scan.text[..scan.at]
                .iter()
                .rev()
                .take(16)
                .take_while(is_number)
                .count();
            words::is_numbered_name(name_before(&scan.text[..scan.at - numbers]))
        }
        Some(b'_') => {
            !name_before(&scan.text[..scan.at - 1]).is_empty() && run < FEWEST_DIGITS_OF_ID - 1
        }
        _ => false,
    }
}

/// Returns the letters with which a text ends, as far as a name goes.
fn name_before(text: &[u8]) -> &[u8] {
    let len = text
        .iter()
        .rev()
        .take(16)
        .take_while(|c| c.is_ascii_alphabetic())
        .count();
    &text[text.len() - len..]
}

fn is_ordinal(letters: &[u8]) -> bool {
    matches!(letters, b"st" | b"nd" | b"rd" | b"th" | b"x")
}

/// A word that begins with a letter. Its digits stay, unless it is hex or they are an identifier.
fn word_with_digits(scan: &mut Scan<'_>, run: usize) {
    let rest = scan.rest();
    let word = &rest[..run];
    if let Some(date) = date_or_time(scan).filter(|date| *date > run) {
        return scan.replace("<time>", date);
    }
    // The same token as for numbers: one in 40 hex words of eight digits has no letter.
    if ids::is_hex(word) {
        return scan.replace("<n>", run);
    }
    if run >= ids::FEWEST_BASE64 && ids::is_base64(word) {
        return scan.replace("<base64>", run);
    }
    if ids::is_id(word, scan.names_id) {
        return scan.replace("<n>", run);
    }
    let tail = word.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let shouted = word[..run - tail].iter().all(u8::is_ascii_uppercase) && run - tail > 1;
    if tail >= FEWEST_DIGITS_OF_ID && !shouted {
        scan.copy(run - tail);
        return scan.replace("<n>", tail);
    }
    // `v1.2.3` is a number too.
    if tail > 0 && run == tail + 1 && word[0] == b'v' {
        scan.copy(1);
        return number(scan, tail, true);
    }
    if tail == 0 {
        scan.heard(word);
    } else if run <= 6 {
        scan.forget_word();
    }
    scan.copy(run);
}

/// Returns the length of a date, a time or both that begins at the current place, names of days and
/// months included.
fn date_or_time(scan: &Scan<'_>) -> Option<usize> {
    let rest = scan.rest();
    match rest.first()? {
        b'0'..=b'9' | b'A' | b'D' | b'F' | b'J' | b'M' | b'N' | b'O' | b'S' | b'T' | b'W' => {
            dates::length(rest)
        }
        _ => None,
    }
}
