//! The way of a mail, in words.

use std::io::{self, Write};

use super::line;
use crate::config::written_duration;
use crate::settings::{Digest, Healed, MailSettings, PasswordSource, SmtpSettings, Tls, Transport};

/// Prints to whom, by which way, and how often mail goes.
pub(super) fn print(out: &mut dyn Write, mail: &MailSettings) -> io::Result<()> {
    line(out, "Mail", &way(mail))?;
    let mut when = format!(
        "at the first failure and each new one (at most {} an hour), and at downtime",
        mail.max_per_hour
    );
    if mail.healed == Healed::AfterDowntime {
        when.push_str(", and at its end");
    }
    line(out, "", &when)?;
    match mail.digest {
        Digest::Never => Ok(()),
        Digest::Daily => line(out, "", "a summary each day at 08:00"),
        Digest::Weekly => line(out, "", "a summary each Monday at 08:00"),
    }
}

/// Returns to whom and by which way.
pub(super) fn way(mail: &MailSettings) -> String {
    let to = mail.to.join(", ");
    match &mail.transport {
        Transport::Smtp(smtp) => {
            let limit = written_duration(mail.timeout);
            format!(
                "to {to}, from {}, by {}, within {limit}",
                mail.from,
                server(smtp)
            )
        }
        Transport::Sendmail { program } => {
            format!("to {to}, from {}, by {}", mail.from, program.display())
        }
        Transport::File { directory } => {
            format!(
                "nobody is mailed: each mail is a file in {}",
                directory.display()
            )
        }
        Transport::Print => "nobody is mailed: each mail is printed to standard error".to_owned(),
    }
}

fn server(smtp: &SmtpSettings) -> String {
    let tls = match smtp.tls {
        Tls::Implicit => "with TLS from the first byte",
        Tls::StartTls => "with STARTTLS",
        Tls::None => "without TLS",
    };
    let login = match &smtp.login {
        None => "without a login".to_owned(),
        Some(login) => {
            let source = match &login.password {
                PasswordSource::File(path) => format!("in {}", path.display()),
                PasswordSource::Env(name) => format!("in ${name}"),
            };
            format!("as {} (password {source})", login.username)
        }
    };
    format!("{}:{} {tls} {login}", smtp.server, smtp.port)
}
