//! What two readers of the same bytes could understand differently is refused before it is parsed:
//! a line that ends without CR, a continued line, a length beside an encoding. Pure.

/// Which part of a request comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GuardState {
    /// The head: its current line so far.
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// A body of chunks. Its end is not looked for: the connection ends with its request.
    Chunks,
}

/// The reason why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadFault {
    /// A line ends with LF alone, or has a CR within.
    BareLineEnd,
    /// A line continues the one before.
    ContinuedLine,
    /// The request has a Content-Length and a Transfer-Encoding, or two lengths.
    TwoLengths,
    /// A line is longer than any head may be.
    LongLine,
}

/// Looks at the bytes of a connection as these come in.
#[derive(Debug)]
pub(super) struct HeadGuard {
    state: GuardState,
    line: Vec<u8>,
    has_lines: bool,
    length: Option<u64>,
    is_chunked: bool,
}

/// No line of a head is longer.
const MOST_OF_A_LINE: usize = 32 * 1024;

impl HeadGuard {
    /// Creates the guard of a new connection.
    pub(super) fn new() -> Self {
        HeadGuard {
            state: GuardState::Head,
            line: Vec::new(),
            has_lines: false,
            length: None,
            is_chunked: false,
        }
    }

    /// Looks at bytes that have come in.
    ///
    /// # Errors
    ///
    /// What is wrong with these.
    pub(super) fn look(&mut self, mut bytes: &[u8]) -> Result<(), HeadFault> {
        while !bytes.is_empty() {
            match self.state {
                GuardState::Chunks => return Ok(()),
                GuardState::Body(left) => {
                    let here = left.min(bytes.len() as u64);
                    bytes = &bytes[usize::try_from(here).unwrap_or(bytes.len())..];
                    self.state = match left - here {
                        0 => GuardState::Head,
                        left => GuardState::Body(left),
                    };
                }
                GuardState::Head => bytes = self.head(bytes)?,
            }
        }
        Ok(())
    }

    /// Reads up to the end of a line; returns what is behind it.
    fn head<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], HeadFault> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let here = end.map_or(bytes.len(), |end| end + 1);
        if self.line.len() + here > MOST_OF_A_LINE {
            return Err(HeadFault::LongLine);
        }
        self.line.extend_from_slice(&bytes[..here]);
        if end.is_some() {
            let line = std::mem::take(&mut self.line);
            self.whole_line(&line)?;
        }
        Ok(&bytes[here..])
    }

    fn whole_line(&mut self, line: &[u8]) -> Result<(), HeadFault> {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(HeadFault::BareLineEnd);
        };
        if line.contains(&b'\r') {
            return Err(HeadFault::BareLineEnd);
        }
        if line.is_empty() {
            self.end_of_head();
            return Ok(());
        }
        if self.has_lines && matches!(line[0], b' ' | b'\t') {
            return Err(HeadFault::ContinuedLine);
        }
        if std::mem::replace(&mut self.has_lines, true) {
            self.header(line)?;
        }
        Ok(())
    }

    fn header(&mut self, line: &[u8]) -> Result<(), HeadFault> {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Ok(());
        };
        let (name, value) = (line[..colon].trim_ascii(), &line[colon + 1..]);
        let is_length = name.eq_ignore_ascii_case(b"content-length");
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = true;
        } else if is_length {
            if self.length.is_some() {
                return Err(HeadFault::TwoLengths);
            }
            let digits = std::str::from_utf8(value.trim_ascii()).ok();
            // What is no number is refused by the parser.
            self.length = Some(digits.and_then(|text| text.parse().ok()).unwrap_or(0));
        }
        match self.is_chunked && self.length.is_some() {
            true => Err(HeadFault::TwoLengths),
            false => Ok(()),
        }
    }

    /// Takes note of an empty line. Before a request it is no part of the head.
    fn end_of_head(&mut self) {
        if !std::mem::take(&mut self.has_lines) {
            return;
        }
        let length = self.length.take().unwrap_or(0);
        self.state = match (std::mem::take(&mut self.is_chunked), length) {
            (true, _) => GuardState::Chunks,
            (false, 0) => GuardState::Head,
            (false, length) => GuardState::Body(length),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at a text in one piece, and byte by byte.
    fn look(text: &str) -> Result<(), HeadFault> {
        let whole = HeadGuard::new().look(text.as_bytes());
        let mut guard = HeadGuard::new();
        let single = text
            .as_bytes()
            .iter()
            .try_for_each(|byte| guard.look(&[*byte]));
        assert_eq!(whole, single, "{text:?}");
        whole
    }

    #[test]
    fn requests_of_every_plain_form_pass() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n\n\n a",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n0\r\n\r\n",
        ] {
            assert_eq!(look(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        use HeadFault::{BareLineEnd, ContinuedLine, TwoLengths};
        for (text, fault) in [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", BareLineEnd),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", BareLineEnd),
            ("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", BareLineEnd),
            ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", ContinuedLine),
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                TwoLengths,
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: x\r\ncontent-length : 3\r\n\r\n",
                TwoLengths,
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
                TwoLengths,
            ),
            // Behind the body of the first.
            (
                "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\n\r\n",
                BareLineEnd,
            ),
        ] {
            assert_eq!(look(text), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn no_line_takes_memory_without_end() {
        let mut guard = HeadGuard::new();
        let endless = (0..1000).try_for_each(|_| guard.look(&[b'a'; 1024]));
        assert_eq!(endless, Err(HeadFault::LongLine));
    }
}
