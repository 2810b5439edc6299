//! A connection to a server, command by command: what lettre's own one does, over a stream whose
//! answers are read within [bounds](super::reply).
//!
//! That one lets nobody between itself and its socket, and reads a line without an end until memory
//! has one.

use std::fmt::Display;
use std::io::{self, BufReader, Write};
use std::net::SocketAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Starttls};
use lettre::transport::smtp::extension::{ClientId, ServerInfo};
use lettre::transport::smtp::response::Response;

use super::hello;
use super::reply::{self, ReplyFailure};
use super::stream::Stream;
use super::tls::TlsConnector;

/// How often a server may ask for more data of one login.
const MOST_CHALLENGES: u32 = 10;

/// An open connection. Dropping it closes it without a word.
pub(super) struct Connection {
    stream: BufReader<Stream>,
    /// What this machine calls itself.
    name: ClientId,
    offers: ServerInfo,
}

impl Connection {
    /// Connects in plain text; nothing has been said yet. `helo` is the name for EHLO, if one is
    /// set.
    ///
    /// # Errors
    ///
    /// Those of connect(2).
    pub(super) fn open(
        address: &SocketAddr,
        timeout: Duration,
        helo: Option<&str>,
    ) -> io::Result<Self> {
        let stream = Stream::connect(address, timeout)?;
        stream.set_timeout(timeout)?;
        let name = hello::client_id(helo, stream.local_address()?);
        Ok(Connection {
            stream: BufReader::new(stream),
            name,
            offers: ServerInfo::default(),
        })
    }

    /// Begins the conversation, over TLS from the first byte where it is given.
    ///
    /// # Errors
    ///
    /// When the server does not play along.
    pub(super) fn greet(&mut self, tls: Option<&TlsConnector>) -> Result<(), ReplyFailure> {
        if let Some(tls) = tls {
            self.stream.get_mut().secure(tls)?;
        }
        self.read_reply()?;
        self.hello()
    }

    fn hello(&mut self) -> Result<(), ReplyFailure> {
        let answer = self.command(Ehlo::new(self.name.clone()))?;
        self.offers = hello::offers(&answer).ok_or_else(|| {
            ReplyFailure::Garbled("its answer to EHLO does not say what it is".to_owned())
        })?;
        Ok(())
    }

    /// Begins TLS on a connection in plain text.
    ///
    /// # Errors
    ///
    /// When the server does not play along. What came before TLS began is never believed.
    pub(super) fn start_tls(&mut self, tls: &TlsConnector) -> Result<(), ReplyFailure> {
        self.command(Starttls)?;
        if !self.stream.buffer().is_empty() {
            let words = "an answer that nobody asked for";
            return Err(ReplyFailure::Garbled(words.to_owned()));
        }
        self.stream.get_mut().secure(tls)?;
        self.hello()
    }

    /// Logs in by the first of these mechanisms that the server offers. Returns its last answer,
    /// which is positive.
    ///
    /// # Errors
    ///
    /// When it offers none, or does not let us in.
    pub(super) fn log_in(
        &mut self,
        mechanisms: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<Response, ReplyFailure> {
        let unable =
            |_| ReplyFailure::Garbled("it asks for login data that it cannot mean".to_owned());
        let Some(mechanism) = self.offers.get_auth_mechanism(mechanisms) else {
            return Err(ReplyFailure::Garbled("it offers no login".to_owned()));
        };
        let first = Auth::new(mechanism, credentials.clone(), None).map_err(unable)?;
        let mut answer = self.command(first)?;
        for _ in 0..MOST_CHALLENGES {
            if !answer.has_code(334) {
                return Ok(answer);
            }
            let next = Auth::new_from_response(mechanism, credentials.clone(), &answer);
            answer = self.command(next.map_err(unable)?)?;
        }
        let words = "it asks for more and more login data";
        Err(ReplyFailure::Garbled(words.to_owned()))
    }

    /// Sends a message in parts, after DATA. Returns the answer, which is positive.
    ///
    /// # Errors
    ///
    /// When it cannot be sent, or is not taken.
    pub(super) fn send_message<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Response, ReplyFailure> {
        let mut dots = Dots::default();
        let mut out = Vec::new();
        for part in parts {
            out.clear();
            dots.stuff(part, &mut out);
            self.write(&out)?;
        }
        self.write(b"\r\n.\r\n")?;
        self.read_reply()
    }

    /// Sends a command. Returns the answer, which is positive.
    ///
    /// # Errors
    ///
    /// When it cannot be sent, or is refused.
    pub(super) fn command(&mut self, command: impl Display) -> Result<Response, ReplyFailure> {
        self.write(command.to_string().as_bytes())?;
        self.read_reply()
    }

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// When there is none, or a negative one.
    pub(super) fn read_reply(&mut self) -> Result<Response, ReplyFailure> {
        reply::read(&mut self.stream)
    }

    /// Returns the extensions that the server offers.
    pub(super) fn offers(&self) -> &ServerInfo {
        &self.offers
    }

    /// Returns whether TLS is spoken.
    pub(super) fn is_secure(&self) -> bool {
        self.stream.get_ref().is_secure()
    }

    /// Sets how long one read or write may take.
    ///
    /// # Errors
    ///
    /// When the socket is no longer one.
    pub(super) fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.stream.get_ref().set_timeout(timeout)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()
    }
}

/// Doubles the dot at the start of a line, so that none of them ends the message (RFC 5321 4.5.2).
#[derive(Debug)]
struct Dots {
    line_begins: bool,
    after_return: bool,
}

impl Default for Dots {
    fn default() -> Self {
        Dots {
            line_begins: true,
            after_return: false,
        }
    }
}

impl Dots {
    fn stuff(&mut self, part: &[u8], out: &mut Vec<u8>) {
        for &byte in part {
            if byte == b'.' && self.line_begins {
                out.push(b'.');
            }
            out.push(byte);
            self.line_begins = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(parts: &[&[u8]]) -> Vec<u8> {
        let mut dots = Dots::default();
        let mut out = Vec::new();
        for part in parts {
            dots.stuff(part, &mut out);
        }
        out
    }

    #[test]
    fn every_dot_at_the_start_of_a_line_is_doubled_wherever_parts_begin() {
        assert_eq!(stuffed(&[b".\r\n..a\r\nb."]), b"..\r\n...a\r\nb.");
        for at in 0..8 {
            let whole = b"a\r\n.\r\n.b";
            let (one, two) = whole.split_at(at);
            assert_eq!(stuffed(&[one, two]), b"a\r\n..\r\n..b", "{at}");
        }
    }

    #[test]
    fn what_is_no_start_of_a_line_stays() {
        assert_eq!(stuffed(&[b"a.b\r.\n.c\n.d"]), b"a.b\r.\n.c\n.d");
    }
}
