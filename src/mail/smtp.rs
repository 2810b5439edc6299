//! One conversation with an SMTP server, step by step, so that it is known how far it came and what each answer was.
//!
//! Commands and answers are lettre's; its connection is not, which reads a line without an end for ever ([`connection`]). What is guarded
//! against here:
//!
//! - any positive answer could be taken for the one that is waited for (a 354 for a 250): each code is checked;
//! - an answer that nobody asked for would be taken for the answer to the next command, so that a message could count as accepted
//!   before it was sent: before each transaction, after STARTTLS (injected plain text) and before each message the line must be quiet;
//! - deadlines are per read: the absolute one is the worker's, who is killed.

mod cause;
mod connect;
mod connection;
mod mask;
mod reply;
mod stream;
mod tls;

use std::io;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use super::trouble::{Cause, Class, Stage, Trouble, judge};
use super::wire::{Fate, Header, Security, SmtpRoute};
use cause::{cause_of, is_silence};
use connection::Connection;
use reply::Failure;
use tls::Tls;

/// How long the line is listened to for answers that nobody asked for.
const QUIET: Duration = Duration::from_millis(1);
/// How long the answer to QUIT may take: it changes nothing.
const FAREWELL: Duration = Duration::from_millis(500);
/// How many messages one conversation carries. Servers have a limit, 100 by default in OpenSMTPD, and put off what comes after.
const MOST_MESSAGES: u32 = 50;

/// Is told of each stage that is reached.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(Stage);

/// An open conversation, between two messages.
pub(crate) struct Session {
    connection: Connection,
    server: String,
    /// What must not appear in any text: the password, in the forms that a server could echo.
    secrets: Vec<String>,
    /// How long a single answer may take.
    patience: Duration,
    /// How many messages were begun.
    begun: u32,
}

/// What became of one message.
pub(crate) struct Delivered {
    /// One for each recipient, in order.
    pub fates: Vec<Fate>,
    /// Whether the conversation can go on with another message.
    pub open: bool,
}

impl Session {
    /// Connects, secures and logs in.
    ///
    /// # Errors
    ///
    /// Why there is no way to this server, judged.
    pub(crate) fn open(
        route: &SmtpRoute,
        timeout: Duration,
        progress: Progress<'_>,
    ) -> Result<Self, Trouble> {
        let server = format!("{}:{}", route.server, route.port);
        let tls = match route.security {
            Security::None => None,
            _ => Some(Tls::of(route)?),
        };
        progress(Stage::Resolve);
        let addresses = connect::resolve(route, &server)?;
        progress(Stage::Connect);
        let implicit = tls
            .as_ref()
            .filter(|_| route.security == Security::Implicit);
        let connection = connect::connect(&addresses, &server, timeout, implicit)?;
        let mut session = Session {
            connection,
            server,
            secrets: mask::secrets(route),
            patience: timeout,
            begun: 0,
        };
        if let (Security::StartTls, Some(tls)) = (route.security, &tls) {
            progress(Stage::StartTls);
            session.start_tls(tls)?;
        }
        if let Some((user, password)) = &route.login {
            progress(Stage::Login);
            session.log_in(user, password)?;
        }
        Ok(session)
    }

    /// Returns whether another conversation should carry the next message.
    pub(crate) fn is_worn(&self) -> bool {
        self.begun >= MOST_MESSAGES
    }

    fn start_tls(&mut self, tls: &Tls) -> Result<(), Trouble> {
        if !self
            .connection
            .offers()
            .supports_feature(Extension::StartTls)
        {
            return Err(judge(
                &self.server,
                Stage::StartTls,
                &Cause::Lacks("STARTTLS"),
            ));
        }
        let done = self.connection.start_tls(tls);
        done.map_err(|failure| self.judged(Stage::StartTls, &failure))?;
        if !self.connection.is_secure() {
            let cause = Cause::Garbled("the connection is still in plain text".to_owned());
            return Err(judge(&self.server, Stage::StartTls, &cause));
        }
        self.quiet(Stage::StartTls)
    }

    fn log_in(&mut self, user: &str, password: &str) -> Result<(), Trouble> {
        const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
        let server = self.connection.offers();
        if server.get_auth_mechanism(&MECHANISMS).is_none() {
            let cause = Cause::Lacks("a way to log in that this program knows");
            return Err(judge(&self.server, Stage::Login, &cause));
        }
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        match self.connection.log_in(&MECHANISMS, &credentials) {
            Ok(answer) => self.expect(Stage::Login, &answer, 235),
            Err(failure) => Err(self.judged(Stage::Login, &failure)),
        }
    }

    /// Sends one message.
    pub(crate) fn deliver(
        &mut self,
        header: &Header,
        message: &[u8],
        progress: Progress<'_>,
    ) -> Delivered {
        self.begun += 1;
        let mut fates = vec![None; header.to.len()];
        let open = match self.transact(header, message, &mut fates, progress) {
            Ok(()) => true,
            Err(Ended { trouble, open }) => {
                for fate in fates.iter_mut().filter(|fate| !is_refused(fate)) {
                    *fate = Some(Fate::Refused(trouble.clone()));
                }
                open && self.reset()
            }
        };
        let fates = fates.into_iter().flatten().collect();
        Delivered { fates, open }
    }

    fn transact(
        &mut self,
        header: &Header,
        message: &[u8],
        fates: &mut [Option<Fate>],
        progress: Progress<'_>,
    ) -> Result<(), Ended> {
        progress(Stage::Sender);
        self.quiet(Stage::Sender).map_err(Ended::broken)?;
        let mail = self.mail_command(header, message).map_err(Ended::open)?;
        self.command(Stage::Sender, mail, 250)?;
        progress(Stage::Recipient);
        for (address, fate) in header.to.iter().zip(fates.iter_mut()) {
            *fate = self.name_recipient(address)?;
        }
        if fates.iter().all(is_refused) {
            return Err(Ended::open(Trouble::new(Class::Recipient, "no recipient")));
        }
        progress(Stage::Data);
        self.command(Stage::Data, Data, 354)?;
        self.quiet(Stage::Data).map_err(Ended::broken)?;
        let answer = self.send_body(message, progress)?;
        for fate in fates.iter_mut().filter(|fate| fate.is_none()) {
            *fate = Some(Fate::Accepted(answer.clone()));
        }
        Ok(())
    }

    fn mail_command(&self, header: &Header, message: &[u8]) -> Result<Mail, Trouble> {
        let from = header.from.as_deref().map(str::parse::<Address>);
        let from = from.transpose().map_err(|_| {
            let from = header.from.as_deref().unwrap_or_default();
            Trouble::new(Class::Sender, format!("`{from}` is not a mail address"))
        })?;
        let mut parameters = Vec::new();
        let server = self.connection.offers();
        let offers = |extension| server.supports_feature(extension);
        let addresses = header.from.iter().chain(&header.to);
        if !addresses.into_iter().all(|address| address.is_ascii()) {
            if !offers(Extension::SmtpUtfEight) {
                let cause = Cause::Lacks("SMTPUTF8");
                return Err(judge(&self.server, Stage::Sender, &cause));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            if !offers(Extension::EightBitMime) {
                let cause = Cause::Lacks("8BITMIME");
                return Err(judge(&self.server, Stage::Sender, &cause));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(Mail::new(from, parameters))
    }

    /// Names a recipient. Returns its fate if it is refused; others wait for the answer to the message.
    fn name_recipient(&mut self, address: &str) -> Result<Option<Fate>, Ended> {
        let Ok(parsed) = address.parse::<Address>() else {
            let words = format!("`{address}` is not a mail address");
            return Ok(Some(Fate::Refused(Trouble::new(Class::Recipient, words))));
        };
        match self.command(Stage::Recipient, Rcpt::new(parsed, Vec::new()), 250) {
            Ok(()) => Ok(None),
            Err(Ended {
                trouble,
                open: true,
            }) => Ok(Some(Fate::Refused(trouble))),
            Err(ended) => Err(ended),
        }
    }

    fn send_body(&mut self, message: &[u8], progress: Progress<'_>) -> Result<String, Ended> {
        const CHUNK: usize = 64 * 1024;
        progress(Stage::Body);
        let mut stage = Stage::Body;
        // The connection adds the line end before the final dot by itself.
        let message = message.strip_suffix(b"\r\n").unwrap_or(message);
        let mut chunks = message.chunks(CHUNK);
        let parts = std::iter::from_fn(|| {
            let chunk = chunks.next();
            if chunk.is_none() {
                // From here on the final dot may reach the server.
                stage = Stage::Answer;
                progress(Stage::Answer);
            }
            chunk
        });
        let answered = self.connection.send_message(parts);
        match answered {
            Ok(answer) => {
                let checked = self.expect(Stage::Answer, &answer, 250);
                checked.map_err(Ended::broken)?;
                Ok(self.masked(&in_one_line(&answer)))
            }
            Err(failure) => Err(self.ended(stage, &failure)),
        }
    }

    fn command(
        &mut self,
        stage: Stage,
        command: impl std::fmt::Display,
        code: u16,
    ) -> Result<(), Ended> {
        match self.connection.command(command) {
            Ok(answer) => self.expect(stage, &answer, code).map_err(Ended::broken),
            Err(failure) => Err(self.ended(stage, &failure)),
        }
    }

    /// Checks the code of a positive answer: 251 and 252 (RFC 5321 3.4, 4.2.3) stand for 250 where a recipient is named.
    fn expect(&self, stage: Stage, answer: &Response, code: u16) -> Result<(), Trouble> {
        let got = u16::from(answer.code());
        if got == code || (stage == Stage::Recipient && matches!(got, 251 | 252)) {
            return Ok(());
        }
        let said = self.masked(&format!("{got} instead of {code}"));
        Err(judge(&self.server, stage, &Cause::Garbled(said)))
    }

    /// Makes sure that no answer is waiting that nobody asked for.
    fn quiet(&mut self, stage: Stage) -> Result<(), Trouble> {
        let trouble = |cause: &Cause, server: &str| Err(judge(server, stage, cause));
        if self.set_patience(QUIET).is_err() {
            return trouble(&Cause::Closed, &self.server);
        }
        let heard = self.connection.read_reply();
        let restored = self.set_patience(self.patience);
        match heard {
            Err(failure) if is_silence(&failure) && restored.is_ok() => Ok(()),
            // A server may say 421 at any time (RFC 5321 3.8).
            Err(failure) => Err(self.judged(stage, &failure)),
            Ok(_) => {
                let said = "an answer that nobody asked for".to_owned();
                trouble(&Cause::Garbled(said), &self.server)
            }
        }
    }

    fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.connection.set_timeout(patience)
    }

    /// Gets ready for another message. Returns whether that worked.
    fn reset(&mut self) -> bool {
        self.command(Stage::Sender, Rset, 250).is_ok()
    }

    /// Says good-bye; the answer is waited for shortly and does not matter.
    pub(crate) fn close(mut self) {
        if self.set_patience(FAREWELL).is_ok() {
            let _ = self.connection.command(Quit);
        }
    }

    fn judged(&self, stage: Stage, failure: &Failure) -> Trouble {
        let cause = match cause_of(failure, self.patience) {
            Cause::Reply(code, text) => Cause::Reply(code, self.masked(&text)),
            other => other,
        };
        judge(&self.server, stage, &cause)
    }

    /// After a negative answer other than 421 the conversation can go on.
    fn ended(&self, stage: Stage, failure: &Failure) -> Ended {
        Ended {
            trouble: self.judged(stage, failure),
            open: matches!(failure, Failure::Reply(code, _) if *code != 421),
        }
    }

    fn masked(&self, text: &str) -> String {
        let mask = |text: String, secret: &String| text.replace(secret, "[password]");
        self.secrets.iter().fold(text.to_owned(), mask)
    }
}

/// The end of a transaction before its message was accepted.
struct Ended {
    trouble: Trouble,
    open: bool,
}

impl Ended {
    fn broken(trouble: Trouble) -> Self {
        Ended {
            trouble,
            open: false,
        }
    }

    fn open(trouble: Trouble) -> Self {
        Ended {
            trouble,
            open: true,
        }
    }
}

fn is_refused(fate: &Option<Fate>) -> bool {
    matches!(fate, Some(Fate::Refused(_)))
}

fn in_one_line(answer: &Response) -> String {
    let text: Vec<&str> = answer.message().collect();
    super::trouble::shortened(&format!("{} {}", answer.code(), text.join(" ")))
}

#[cfg(test)]
mod tests;
