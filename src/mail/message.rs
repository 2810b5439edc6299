//! From a mail to the bytes of a message: headers exactly ours, body in an encoding that every
//! server takes.

use lettre::message::header::{
    ContentTransferEncoding, ContentType, Date, HeaderName, HeaderValue, MIME_VERSION_1_0,
};
use lettre::message::{Body, Mailbox, MessageBuilder};

use super::address;
use super::delivery_error::{DeliveryError, ErrorClass};
use crate::core::admin_mail::AdminMail;
use crate::core::hash::fnv1a;
use crate::core::time::{Precision, rfc3339, sayable};

/// RFC 5322 2.1.1.
const MOST_HEADER_BYTES: usize = 900;

/// Which body of a mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// The short one, after a server refused the whole for its content.
    Minimal,
}

/// Makes the message of a mail for one recipient. The same mail and notes give the same bytes.
///
/// `notes` come after the first paragraph of the body, one line each.
///
/// # Errors
///
/// When sender or recipient is not a mail address.
pub(crate) fn render(
    mail: &AdminMail,
    from: &str,
    to: &str,
    extent: Extent,
    notes: &[String],
) -> Result<Vec<u8>, DeliveryError> {
    let body = match extent {
        Extent::Whole => &mail.body,
        Extent::Minimal => &mail.minimal_body,
    };
    let from = mailbox(from).ok_or_else(|| not_an_address(from, ErrorClass::Sender))?;
    let to = mailbox(to).ok_or_else(|| not_an_address(to, ErrorClass::Recipient))?;
    let builder = headers(mail).from(from).to(to);
    let body = readable(crlf(&with_notes(body, notes)));
    let message = builder.body(body).map_err(|error| {
        DeliveryError::new(
            ErrorClass::Content,
            format!("the message cannot be built: {error}"),
        )
    })?;
    Ok(guarded(message.formatted()))
}

/// The soft line breaks of quoted-printable are lettre's choice, and may put `From ` or a lone dot
/// where mailboxes and servers of old look for them: such a beginning is written as a code.
fn guarded(message: Vec<u8>) -> Vec<u8> {
    const MOST_OF_A_LINE: usize = 76;
    let Ok(text) = std::str::from_utf8(&message) else {
        return message;
    };
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return message;
    };
    if !head.contains("Content-Transfer-Encoding: quoted-printable") {
        return message;
    }
    let mut guarded = format!("{head}\r\n\r\n");
    for line in body.split_inclusive("\r\n") {
        let (code, rest) = match line.strip_prefix("From ") {
            Some(rest) => ("=46rom ", rest),
            None if line.trim_end() == "." => ("=2E", &line[1..]),
            None => ("", line),
        };
        guarded.push_str(code);
        if !code.is_empty() && code.len() + rest.trim_end().len() > MOST_OF_A_LINE {
            guarded.push_str("=\r\n");
        }
        guarded.push_str(rest);
    }
    guarded.into_bytes()
}

/// Returns the bare address of `Name <a@b>` or `a@b`; `None` when it is neither.
pub(crate) fn bare_address(text: &str) -> Option<String> {
    mailbox(text).map(|mailbox| mailbox.email.to_string())
}

/// Reads `Name <a@b>` or `a@b`, its domain in ASCII: what is written into headers, too, needs no
/// SMTPUTF8 then.
fn mailbox(text: &str) -> Option<Mailbox> {
    let Mailbox { name, email } = text.parse().ok()?;
    let email = address::ascii(email.as_ref()).parse().ok()?;
    Some(Mailbox { name, email })
}

fn not_an_address(text: &str, class: ErrorClass) -> DeliveryError {
    DeliveryError::new(class, format!("`{text}` is not a mail address"))
}

fn headers(mail: &AdminMail) -> MessageBuilder {
    let mut builder = MessageBuilder::new()
        .subject(one_line(&mail.subject))
        .header(Date::new(sayable(mail.date)))
        .message_id(Some(angled(&mail.message_id)))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN);
    if let Some(thread) = &mail.thread {
        let thread = angled(thread);
        builder = builder.in_reply_to(thread.clone()).references(thread);
    }
    let list_id = angled(&mail.list_id);
    let plain = [
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("List-Id", &list_id),
        ("X-Run-Functions", &mail.facts),
    ];
    plain.into_iter().fold(builder, |builder, (name, value)| {
        let name = HeaderName::new_from_ascii_str(name);
        builder.raw_header(HeaderValue::new(name, one_line(value)))
    })
}

/// Nothing in a text may begin another header. The text comes without control characters; this is
/// the second lock.
fn one_line(text: &str) -> String {
    let plain = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>();
    let mut end = plain.len().min(MOST_HEADER_BYTES);
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    plain[..end].trim().to_owned()
}

/// Returns an identifier in angle brackets, without what would end it there.
fn angled(id: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic() && !matches!(c, '<' | '>');
    format!("<{}>", id.chars().filter(plain).collect::<String>())
}

/// The first sentence stays first: it is all that a phone shows.
fn with_notes(body: &str, notes: &[String]) -> String {
    if notes.is_empty() {
        return body.to_owned();
    }
    let (first, rest) = body.split_once("\n\n").unwrap_or((body.trim_end(), ""));
    let notes = notes.join("\n");
    format!("{first}\n\n{notes}\n\n{rest}")
}

/// Returns the body in an encoding in which it can be read and searched as it is, also where lettre
/// would find base64 shorter.
fn readable(text: String) -> Body {
    let body = Body::new(text.clone());
    if body.encoding() != ContentTransferEncoding::Base64 {
        return body;
    }
    Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable).unwrap_or(body)
}

/// Lines of a mail end with CRLF (RFC 5322 2.3); a CR or LF alone would be read differently by
/// different servers.
fn crlf(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 40);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                lines.push_str(line);
                lines.push_str("\r\n");
            }
            None => lines.push_str(line),
        }
    }
    if !lines.ends_with("\r\n") {
        lines.push_str("\r\n");
    }
    lines
}

/// Returns the stem of a file for a mail: its time in UTC, then its subject as far as names
/// allow, then what makes it unique.
pub(crate) fn file_stem(mail: &AdminMail, to: &str) -> String {
    let stamp = rfc3339(mail.date, Precision::Seconds);
    let stamp: String = stamp
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    let unique = fnv1a(format!("{} {to}", mail.message_id).as_bytes());
    format!("{stamp}-{}-{:08x}", slug(&mail.subject), unique as u32)
}

fn slug(text: &str) -> String {
    const MOST_CHARS: usize = 60;
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= MOST_CHARS {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
