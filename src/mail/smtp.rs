//! One conversation with an SMTP server, step by step, so that it is known how far it came and what
//! each answer was.
//!
//! Commands and answers are lettre's; its connection is not, which reads a line without an end for
//! ever ([`connection`]). What is guarded against here:
//!
//! - any positive answer could be taken for the one that is waited for (a 354 for a 250): each code
//!   is checked;
//! - an answer that nobody asked for would be taken for the answer to the next command, so that a
//!   message could count as accepted before it was sent: before each transaction, after STARTTLS
//!   (injected plain text) and before each message the line must be quiet;
//! - deadlines are per read: the absolute one is the worker's, who is killed.

mod cause;
mod connect;
mod connection;
mod ended_exchange;
mod hello;
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

use super::address;
use super::delivery_error::{DeliveryCause, DeliveryError, DeliveryStage, ErrorClass, judge};
use super::wire::{DeliveryResult, Header, Security, SmtpRoute};

use cause::{cause_of, is_silence};
use connection::Connection;
use ended_exchange::EndedExchange;
use reply::ReplyFailure;
use tls::TlsConnector;

/// How long the line is listened to for answers that nobody asked for.
const QUIET: Duration = Duration::from_millis(1);
/// How long the answer to QUIT may take: it changes nothing.
const FAREWELL: Duration = Duration::from_millis(500);
/// How many messages one conversation carries. Servers have a limit, 100 by default in OpenSMTPD,
/// and put off what comes after.
const MOST_MESSAGES: u32 = 50;

/// Receives each stage that is reached.
pub(crate) type SmtpProgress<'a> = &'a mut dyn FnMut(DeliveryStage);

/// An open conversation, between two messages.
pub(crate) struct SmtpSession {
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
pub(crate) struct SmtpDelivery {
    /// The result for each recipient, in order.
    pub fates: Vec<DeliveryResult>,
    /// Whether the conversation can go on with another message.
    pub open: bool,
}

impl SmtpSession {
    /// Connects, secures and logs in.
    ///
    /// # Errors
    ///
    /// Why there is no way to this server, classified.
    pub(crate) fn open(
        route: &SmtpRoute,
        timeout: Duration,
        progress: SmtpProgress<'_>,
    ) -> Result<Self, DeliveryError> {
        let server = format!("{}:{}", route.server, route.port);
        let tls = match route.security {
            Security::None => None,
            _ => Some(TlsConnector::of(route)?),
        };
        progress(DeliveryStage::Resolve);
        let addresses = connect::resolve(route, &server)?;
        progress(DeliveryStage::Connect);
        let implicit = tls
            .as_ref()
            .filter(|_| route.security == Security::Implicit);
        let connection = connect::connect(
            &addresses,
            &server,
            timeout,
            implicit,
            route.helo.as_deref(),
        )?;
        let mut session = SmtpSession {
            connection,
            server,
            secrets: mask::secrets(route),
            patience: timeout,
            begun: 0,
        };
        if let (Security::StartTls, Some(tls)) = (route.security, &tls) {
            progress(DeliveryStage::StartTls);
            session.start_tls(tls)?;
        }
        if let Some((user, password)) = &route.login {
            progress(DeliveryStage::Login);
            session.log_in(user, password)?;
        }
        Ok(session)
    }

    /// Returns whether another conversation should carry the next message.
    pub(crate) fn is_worn(&self) -> bool {
        self.begun >= MOST_MESSAGES
    }

    fn start_tls(&mut self, tls: &TlsConnector) -> Result<(), DeliveryError> {
        if !self
            .connection
            .offers()
            .supports_feature(Extension::StartTls)
        {
            return Err(judge(
                &self.server,
                DeliveryStage::StartTls,
                &DeliveryCause::Lacks("STARTTLS"),
            ));
        }
        let done = self.connection.start_tls(tls);
        done.map_err(|failure| self.judged(DeliveryStage::StartTls, &failure))?;
        if !self.connection.is_secure() {
            let cause = DeliveryCause::Garbled("the connection is still in plain text".to_owned());
            return Err(judge(&self.server, DeliveryStage::StartTls, &cause));
        }
        self.quiet(DeliveryStage::StartTls)
    }

    fn log_in(&mut self, user: &str, password: &str) -> Result<(), DeliveryError> {
        const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
        let server = self.connection.offers();
        if server.get_auth_mechanism(&MECHANISMS).is_none() {
            let cause = DeliveryCause::Lacks("a way to log in that this program knows");
            return Err(judge(&self.server, DeliveryStage::Login, &cause));
        }
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        match self.connection.log_in(&MECHANISMS, &credentials) {
            Ok(answer) => self.expect(DeliveryStage::Login, &answer, 235),
            Err(failure) => Err(self.judged(DeliveryStage::Login, &failure)),
        }
    }

    /// Sends one message.
    pub(crate) fn deliver(
        &mut self,
        header: &Header,
        message: &[u8],
        progress: SmtpProgress<'_>,
    ) -> SmtpDelivery {
        self.begun += 1;
        let mut fates = vec![None; header.to.len()];
        let open = match self.transact(header, message, &mut fates, progress) {
            Ok(()) => true,
            Err(EndedExchange { trouble, open }) => {
                for fate in fates.iter_mut().filter(|fate| !is_refused(fate)) {
                    *fate = Some(DeliveryResult::Refused(trouble.clone()));
                }
                open && self.reset()
            }
        };
        let fates = fates.into_iter().flatten().collect();
        SmtpDelivery { fates, open }
    }

    fn transact(
        &mut self,
        header: &Header,
        message: &[u8],
        fates: &mut [Option<DeliveryResult>],
        progress: SmtpProgress<'_>,
    ) -> Result<(), EndedExchange> {
        progress(DeliveryStage::Sender);
        self.quiet(DeliveryStage::Sender)
            .map_err(EndedExchange::broken)?;
        let mail = self
            .mail_command(header, message)
            .map_err(EndedExchange::open)?;
        self.command(DeliveryStage::Sender, mail, 250)?;
        progress(DeliveryStage::Recipient);
        for (address, fate) in header.to.iter().zip(fates.iter_mut()) {
            *fate = self.name_recipient(&address::ascii(address))?;
        }
        if fates.iter().all(is_refused) {
            return Err(EndedExchange::open(DeliveryError::new(
                ErrorClass::Recipient,
                "no recipient",
            )));
        }
        progress(DeliveryStage::Data);
        self.command(DeliveryStage::Data, Data, 354)?;
        self.quiet(DeliveryStage::Data)
            .map_err(EndedExchange::broken)?;
        let answer = self.send_body(message, progress)?;
        for fate in fates.iter_mut().filter(|fate| fate.is_none()) {
            *fate = Some(DeliveryResult::Accepted(answer.clone()));
        }
        Ok(())
    }

    fn mail_command(&self, header: &Header, message: &[u8]) -> Result<Mail, DeliveryError> {
        let written = header.from.as_deref().map(address::ascii);
        let from = written.as_deref().map(str::parse::<Address>);
        let from = from.transpose().map_err(|_| {
            let from = written.as_deref().unwrap_or_default();
            DeliveryError::new(
                ErrorClass::Sender,
                format!("`{from}` is not a mail address"),
            )
        })?;
        let mut parameters = Vec::new();
        let server = self.connection.offers();
        let offers = |extension| server.supports_feature(extension);
        let to = header.to.iter().map(|address| address::ascii(address));
        if !to.chain(written).all(|address| address.is_ascii()) {
            if !offers(Extension::SmtpUtfEight) {
                let cause = DeliveryCause::Lacks("SMTPUTF8");
                return Err(judge(&self.server, DeliveryStage::Sender, &cause));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            if !offers(Extension::EightBitMime) {
                let cause = DeliveryCause::Lacks("8BITMIME");
                return Err(judge(&self.server, DeliveryStage::Sender, &cause));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(Mail::new(from, parameters))
    }

    /// Names a recipient. Returns its fate if it is refused; others wait for the answer to the
    /// message.
    fn name_recipient(&mut self, address: &str) -> Result<Option<DeliveryResult>, EndedExchange> {
        let Ok(parsed) = address.parse::<Address>() else {
            let words = format!("`{address}` is not a mail address");
            return Ok(Some(DeliveryResult::Refused(DeliveryError::new(
                ErrorClass::Recipient,
                words,
            ))));
        };
        match self.command(DeliveryStage::Recipient, Rcpt::new(parsed, Vec::new()), 250) {
            Ok(()) => Ok(None),
            Err(EndedExchange {
                trouble,
                open: true,
            }) => Ok(Some(DeliveryResult::Refused(trouble))),
            Err(ended) => Err(ended),
        }
    }

    fn send_body(
        &mut self,
        message: &[u8],
        progress: SmtpProgress<'_>,
    ) -> Result<String, EndedExchange> {
        const CHUNK: usize = 64 * 1024;
        progress(DeliveryStage::Body);
        let mut stage = DeliveryStage::Body;
        // The connection adds the line end before the final dot by itself.
        let message = message.strip_suffix(b"\r\n").unwrap_or(message);
        let mut chunks = message.chunks(CHUNK);
        let parts = std::iter::from_fn(|| {
            let chunk = chunks.next();
            if chunk.is_none() {
                // From here on the final dot may reach the server.
                stage = DeliveryStage::Answer;
                progress(DeliveryStage::Answer);
            }
            chunk
        });
        let answered = self.connection.send_message(parts);
        match answered {
            Ok(answer) => {
                let checked = self.expect(DeliveryStage::Answer, &answer, 250);
                checked.map_err(EndedExchange::broken)?;
                Ok(self.masked(&in_one_line(&answer)))
            }
            Err(failure) => Err(self.ended(stage, &failure)),
        }
    }

    fn command(
        &mut self,
        stage: DeliveryStage,
        command: impl std::fmt::Display,
        code: u16,
    ) -> Result<(), EndedExchange> {
        match self.connection.command(command) {
            Ok(answer) => self
                .expect(stage, &answer, code)
                .map_err(EndedExchange::broken),
            Err(failure) => Err(self.ended(stage, &failure)),
        }
    }

    /// Checks the code of a positive answer: 251 and 252 (RFC 5321 3.4, 4.2.3) stand for 250 where
    /// a recipient is named.
    fn expect(
        &self,
        stage: DeliveryStage,
        answer: &Response,
        code: u16,
    ) -> Result<(), DeliveryError> {
        let got = u16::from(answer.code());
        if got == code || (stage == DeliveryStage::Recipient && matches!(got, 251 | 252)) {
            return Ok(());
        }
        let said = self.masked(&format!("{got} instead of {code}"));
        Err(judge(&self.server, stage, &DeliveryCause::Garbled(said)))
    }

    /// Makes sure that no answer is waiting that nobody asked for.
    fn quiet(&mut self, stage: DeliveryStage) -> Result<(), DeliveryError> {
        let trouble = |cause: &DeliveryCause, server: &str| Err(judge(server, stage, cause));
        if self.set_patience(QUIET).is_err() {
            return trouble(&DeliveryCause::Closed, &self.server);
        }
        let heard = self.connection.read_reply();
        let restored = self.set_patience(self.patience);
        match heard {
            Err(failure) if is_silence(&failure) && restored.is_ok() => Ok(()),
            // A server may say 421 at any time (RFC 5321 3.8).
            Err(failure) => Err(self.judged(stage, &failure)),
            Ok(_) => {
                let said = "an answer that nobody asked for".to_owned();
                trouble(&DeliveryCause::Garbled(said), &self.server)
            }
        }
    }

    fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.connection.set_timeout(patience)
    }

    /// Gets ready for another message. Returns whether that worked.
    fn reset(&mut self) -> bool {
        self.command(DeliveryStage::Sender, Rset, 250).is_ok()
    }

    /// Ends the conversation; the answer is waited for shortly and does not matter.
    pub(crate) fn close(mut self) {
        if self.set_patience(FAREWELL).is_ok() {
            let _ = self.connection.command(Quit);
        }
    }

    fn judged(&self, stage: DeliveryStage, failure: &ReplyFailure) -> DeliveryError {
        let cause = match cause_of(failure, self.patience) {
            DeliveryCause::Reply(code, text) => DeliveryCause::Reply(code, self.masked(&text)),
            other => other,
        };
        judge(&self.server, stage, &cause)
    }

    /// After a negative answer other than 421 the conversation can go on.
    fn ended(&self, stage: DeliveryStage, failure: &ReplyFailure) -> EndedExchange {
        EndedExchange {
            trouble: self.judged(stage, failure),
            open: matches!(failure, ReplyFailure::Reply(code, _) if *code != 421),
        }
    }

    fn masked(&self, text: &str) -> String {
        let mask = |text: String, secret: &String| text.replace(secret, "[password]");
        self.secrets.iter().fold(text.to_owned(), mask)
    }
}

fn is_refused(fate: &Option<DeliveryResult>) -> bool {
    matches!(fate, Some(DeliveryResult::Refused(_)))
}

fn in_one_line(answer: &Response) -> String {
    let text: Vec<&str> = answer.message().collect();
    super::delivery_error::shortened(&format!("{} {}", answer.code(), text.join(" ")))
}

#[cfg(test)]
mod tests;
