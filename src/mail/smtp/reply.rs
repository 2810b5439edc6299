//! One answer of a server, read within bounds: whatever it sends, and however fast, little of it is
//! read and kept.

use std::io::{self, BufRead, Read};

use lettre::transport::smtp::response::Response;

/// The longest line, with its end. RFC 5321 4.5.3.1.5 allows for 512 bytes; nobody who means well
/// comes near this.
pub(super) const MOST_LINE: usize = 4 << 10;
/// The longest answer of several lines.
pub(super) const MOST_REPLY: usize = 64 << 10;

/// Why there is no positive answer.
#[derive(Debug)]
pub(super) enum ReplyFailure {
    /// There is a negative one: its code and text.
    Reply(u16, String),
    /// The system or TLS refused.
    Io(io::Error),
    /// The other end closed the connection.
    Closed,
    /// What came is no answer of a mail server; why, in words.
    Garbled(String),
}

impl From<io::Error> for ReplyFailure {
    fn from(error: io::Error) -> Self {
        ReplyFailure::Io(error)
    }
}

/// Reads one answer, of one line or more.
///
/// # Errors
///
/// When there is none, or a negative one.
pub(super) fn read(from: &mut impl BufRead) -> Result<Response, ReplyFailure> {
    let mut text = String::new();
    loop {
        let line = read_line(from)?;
        let Some((code, is_last)) = parse_start(&line) else {
            return Err(no_answer());
        };
        if !text.is_empty() && !text.starts_with(code) {
            return Err(no_answer());
        }
        text.push_str(&line);
        // Without text, the blank may be missing as well (RFC 5321 4.2).
        text.push_str(if line.len() == 3 { " \r\n" } else { "\r\n" });
        if is_last {
            break;
        }
        if text.len() > MOST_REPLY {
            let most = MOST_REPLY >> 10;
            let words = format!("its answer has no end: {most} KiB of lines and no last one");
            return Err(ReplyFailure::Garbled(words));
        }
    }
    let reply: Response = text.parse().map_err(|_| no_answer())?;
    if reply.is_positive() {
        Ok(reply)
    } else {
        Err(ReplyFailure::Reply(u16::from(reply.code()), joined(&reply)))
    }
}

/// Reads a line, and returns it without its end.
fn read_line(from: &mut impl BufRead) -> Result<String, ReplyFailure> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_LINE).unwrap_or(u64::MAX);
    from.take(most).read_until(b'\n', &mut bytes)?;
    if bytes.pop_if(|last| *last == b'\n').is_none() {
        if bytes.len() < MOST_LINE {
            return Err(ReplyFailure::Closed);
        }
        let most = MOST_LINE >> 10;
        let words = format!("its answer has no end: a line of more than {most} KiB");
        return Err(ReplyFailure::Garbled(words));
    }
    bytes.pop_if(|last| *last == b'\r');
    // The code counts, in whatever encoding the words are.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the code at the start of a line, and whether no other line follows.
fn parse_start(line: &str) -> Option<(&str, bool)> {
    let code = line.get(..3)?;
    let [first, second, third] = code.as_bytes() else {
        return None;
    };
    let is_code = (b'2'..=b'5').contains(first) && (b'0'..=b'5').contains(second);
    let is_last = match line.as_bytes().get(3) {
        None | Some(b' ') => true,
        Some(b'-') => false,
        Some(_) => return None,
    };
    (is_code && third.is_ascii_digit()).then_some((code, is_last))
}

fn no_answer() -> ReplyFailure {
    ReplyFailure::Garbled("its answer is not one of a mail server".to_owned())
}

/// Returns the text of an answer on one line. The enhanced code (RFC 2034) that each line repeats
/// is said once.
fn joined(reply: &Response) -> String {
    let repeated = reply.first_word().filter(|word| is_enhanced_code(word));
    let mut lines = reply.message();
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let said = repeated.and_then(|code| line.strip_prefix(code));
        let line = match said {
            Some(rest) if rest.starts_with(' ') => rest.trim_start(),
            _ => line,
        };
        text.push(' ');
        text.push_str(line);
    }
    text
}

fn is_enhanced_code(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Result<Response, ReplyFailure> {
        read(&mut io::BufReader::with_capacity(16, bytes))
    }

    fn garbled(bytes: &[u8]) -> String {
        match of(bytes) {
            Err(ReplyFailure::Garbled(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_ends_with_its_last_line_and_leaves_the_next_one() {
        let mut two = &b"250-one\r\n250-\r\n250 three\r\n354 go\r\n"[..];
        let first = read(&mut two).unwrap();
        let lines: Vec<&str> = first.message().collect();
        assert_eq!(lines, ["one", "", "three"]);
        assert!(read(&mut two).unwrap().has_code(354));
        assert!(matches!(read(&mut two), Err(ReplyFailure::Closed)));
    }

    #[test]
    fn a_code_alone_and_a_bare_line_feed_will_do() {
        assert!(of(b"250\r\n").unwrap().has_code(250));
        assert!(of(b"250-a\n250 b\n").unwrap().has_code(250));
    }

    #[test]
    fn a_negative_answer_has_its_code_and_all_its_text() {
        let lines = b"550-5.1.1 nobody\r\n550-5.1.1 of this\r\n550 name, \xe4h\r\n";
        let Err(ReplyFailure::Reply(550, text)) = of(lines) else {
            panic!()
        };
        assert_eq!(text, "5.1.1 nobody of this name, \u{fffd}h");
    }

    #[test]
    fn what_is_no_answer_is_known_at_its_first_line() {
        let lines: [&[u8]; 8] = [
            b"\r\n",
            b"HTTP/1.1 400\r\n",
            b"25\r\n",
            b"250_\r\n",
            b"150 x\r\n",
            b"260 x\r\n",
            b"250-a\r\n251 b\r\n",
            b"\xe4\xe4 x\r\n",
        ];
        for line in lines {
            assert!(garbled(line).contains("not one of a mail server"));
        }
    }

    #[test]
    fn a_line_without_an_end_is_read_up_to_its_bound() {
        let mut endless = io::BufReader::new(io::repeat(b'2'));
        let Err(ReplyFailure::Garbled(words)) = read(&mut endless) else {
            panic!()
        };
        assert_eq!(words, "its answer has no end: a line of more than 4 KiB");
        let longest = [b"250 ", vec![b'x'; MOST_LINE - 5].as_slice(), b"\n"].concat();
        assert!(of(&longest).unwrap().has_code(250));
        assert!(
            garbled(&[b"250 ", vec![b'x'; MOST_LINE].as_slice(), b"\r\n"].concat())
                .contains("a line")
        );
    }

    #[test]
    fn lines_without_a_last_one_are_read_up_to_their_bound() {
        let line = b"250-more\r\n";
        let endless = line.repeat(MOST_REPLY);
        assert!(garbled(&endless).contains("64 KiB of lines and no last one"));
        let many = [line.repeat(MOST_REPLY / line.len()), b"250 ok\r\n".to_vec()].concat();
        assert!(of(&many).unwrap().has_code(250));
        assert!(matches!(of(line), Err(ReplyFailure::Closed)));
    }

    #[test]
    fn an_end_in_the_middle_of_a_line_is_the_end() {
        assert!(matches!(of(b""), Err(ReplyFailure::Closed)));
        assert!(matches!(of(b"250 o"), Err(ReplyFailure::Closed)));
    }
}
