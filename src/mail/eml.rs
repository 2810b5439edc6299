//! Messages of others, as far as delivery must understand them: who they are from and for, and what
//! must not leave with them.

use crate::core::hash::fnv1a;

/// A message, read for delivery.
#[derive(Debug, PartialEq)]
pub(crate) struct Eml {
    /// The bare address of Sender, else of From.
    pub from: Option<String>,
    /// The bare addresses of To, Cc and Bcc, each once.
    pub to: Vec<String>,
    /// What is sent: CRLF line ends, no Bcc, with a Message-ID.
    pub bytes: Vec<u8>,
}

/// Reads a message. `unique` names it for ever: a Message-ID is made of it and of the content if
/// there is none, the same on each reading.
///
/// # Errors
///
/// When there is no header at all; in words.
pub(crate) fn read(raw: &[u8], unique: &str) -> Result<Eml, String> {
    let text = crlf(without_mbox_line(raw));
    let (head, body) = split(&text);
    let fields = fields(head);
    if fields.is_empty() {
        return Err("it has no header, so it is no mail message".to_owned());
    }
    let from = addresses_of(&fields, &["sender"]).into_iter().next();
    let from = from.or_else(|| addresses_of(&fields, &["from"]).into_iter().next());
    let to = addresses_of(&fields, &["to", "cc", "bcc"]);
    let mut bytes = Vec::with_capacity(text.len() + 80);
    if !fields.iter().any(|field| field.is("message-id")) {
        let number = fnv1a(&[raw, unique.as_bytes()].concat());
        let check = fnv1a(unique.as_bytes());
        let domain = from.as_deref().and_then(|from| from.rsplit_once('@'));
        let domain = domain.map_or("localhost", |(_, domain)| domain);
        let line = format!("Message-ID: <{number:016x}.{check:016x}@{domain}>\r\n");
        bytes.extend_from_slice(line.as_bytes());
    }
    for field in fields.iter().filter(|field| !field.is("bcc")) {
        bytes.extend_from_slice(field.raw);
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Ok(Eml { from, to, bytes })
}

/// A header field with its continuation lines.
struct HeaderField<'a> {
    raw: &'a [u8],
}

impl HeaderField<'_> {
    fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    fn name(&self) -> &[u8] {
        let end = self.raw.iter().position(|byte| *byte == b':').unwrap_or(0);
        self.raw[..end].trim_ascii_end()
    }

    fn value(&self) -> String {
        let start = self
            .raw
            .iter()
            .position(|byte| *byte == b':')
            .map_or(0, |at| at + 1);
        String::from_utf8_lossy(&self.raw[start..]).replace(['\r', '\n'], " ")
    }
}

/// Mailboxes in the mbox form begin with a line that is no header.
fn without_mbox_line(raw: &[u8]) -> &[u8] {
    if !raw.starts_with(b"From ") {
        return raw;
    }
    let end = raw.iter().position(|byte| *byte == b'\n');
    end.map_or(raw, |end| &raw[end + 1..])
}

/// CR and LF alone become CRLF: servers differ in what they take for the end of a line, and with it
/// for the end of a message.
fn crlf(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len() + raw.len() / 40 + 2);
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                text.extend_from_slice(b"\r\n");
            }
            b'\n' => text.extend_from_slice(b"\r\n"),
            other => text.push(other),
        }
    }
    if !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}

fn split(text: &[u8]) -> (&[u8], &[u8]) {
    let blank = text.windows(4).position(|four| four == b"\r\n\r\n");
    match blank {
        Some(at) => (&text[..at + 2], &text[at + 4..]),
        None => (text, b""),
    }
}

fn fields(head: &[u8]) -> Vec<HeaderField<'_>> {
    let mut fields = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let end = end_of_field(rest);
        let field = HeaderField { raw: &rest[..end] };
        rest = &rest[end..];
        if !is_name(field.name()) {
            // From here on it is body that somebody wrote without a blank line.
            return Vec::new();
        }
        fields.push(field);
    }
    fields
}

fn end_of_field(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = text[at..].iter().position(|byte| *byte == b'\n') {
        at += end + 1;
        if !matches!(text.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
    text.len()
}

/// RFC 5322 2.2: printable ASCII without the colon.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| matches!(byte, 33..=57 | 59..=126))
}

fn addresses_of(fields: &[HeaderField<'_>], names: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for field in fields
        .iter()
        .filter(|field| names.iter().any(|name| field.is(name)))
    {
        for address in addresses_in(&field.value()) {
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

/// Returns the bare addresses of a list (RFC 5322 3.4): names, quoted strings, comments and groups
/// are passed over.
fn addresses_in(list: &str) -> Vec<String> {
    let mut reader = ListReader::default();
    for c in list.chars() {
        reader.take(c);
    }
    reader.end_of_address();
    reader.found
}

#[derive(Default)]
struct ListReader {
    found: Vec<String>,
    plain: String,
    angled: Option<String>,
    in_angles: bool,
    in_quotes: bool,
    escaped: bool,
    comments: u32,
}

impl ListReader {
    fn take(&mut self, c: char) {
        if std::mem::take(&mut self.escaped) {
            self.keep(c);
            return;
        }
        match c {
            '\\' if self.in_quotes || self.comments > 0 => {
                self.escaped = true;
                self.keep(c);
            }
            '"' if self.comments == 0 => {
                self.in_quotes = !self.in_quotes;
                self.keep(c);
            }
            _ if self.in_quotes => self.keep(c),
            '(' => self.comments += 1,
            ')' => self.comments = self.comments.saturating_sub(1),
            _ if self.comments > 0 => {}
            '<' => {
                self.in_angles = true;
                self.angled = Some(String::new());
            }
            '>' => self.in_angles = false,
            ',' | ';' if !self.in_angles => self.end_of_address(),
            // The name of a group; inside angles, a colon ends an obsolete route.
            ':' => self.forget(),
            other => self.keep(other),
        }
    }

    fn keep(&mut self, c: char) {
        if self.comments > 0 {
            return;
        }
        match &mut self.angled {
            Some(angled) if self.in_angles => angled.push(c),
            Some(_) => {}
            None => self.plain.push(c),
        }
    }

    fn forget(&mut self) {
        match &mut self.angled {
            Some(angled) => angled.clear(),
            None => self.plain.clear(),
        }
    }

    fn end_of_address(&mut self) {
        let address = self.angled.take().unwrap_or_else(|| self.plain.clone());
        let address = address.trim();
        if !address.is_empty() {
            self.found.push(address.to_owned());
        }
        self.plain.clear();
        self.in_angles = false;
    }
}

#[cfg(test)]
#[path = "eml_tests.rs"]
mod tests;
