//! The way of a mail, in words.

use std::io::{self, Write};

use super::line;
use crate::config::written_duration;
use crate::settings::{Digest, Healed, MailSettings, PasswordSource, SmtpSettings, Tls, Transport};

/// Prints to whom, by which way, and how often mail goes.
pub(super) fn print(out: &mut dyn Write, mail: &MailSettings) -> io::Result<()> {
    for (at, part) in way(mail).iter().enumerate() {
        line(out, if at == 0 { "Mail" } else { "" }, part)?;
    }
    let end = match mail.healed {
        Healed::Never => "",
        Healed::AfterDowntime => ", and the end of a downtime",
    };
    let most = mail.max_per_hour;
    let when = format!("at the first failure and each new one, at most {most} an hour;");
    line(out, "", &when)?;
    line(out, "", &format!("at each reminder of a downtime{end}"))?;
    match mail.digest {
        Digest::Never => Ok(()),
        Digest::Daily => line(out, "", "a summary each day at 08:00"),
        Digest::Weekly => line(out, "", "a summary each Monday at 08:00"),
    }
}

/// Returns to whom and by which way.
pub(crate) fn in_a_line(mail: &MailSettings) -> String {
    way(mail).join(" ")
}

/// Returns to whom and by which way, in parts.
pub(super) fn way(mail: &MailSettings) -> Vec<String> {
    let by = match &mail.transport {
        Transport::Smtp(smtp) => {
            let limit = written_duration(mail.timeout);
            format!("by {}, given up after {limit}", server(smtp))
        }
        Transport::Sendmail { program } => format!("by {}", program.display()),
        Transport::File { directory } => {
            let directory = directory.display();
            return vec![format!(
                "nobody is mailed: each mail is a file in {directory}"
            )];
        }
        Transport::Print => {
            let words = "nobody is mailed: each mail is printed to standard error";
            return vec![words.to_owned()];
        }
    };
    let to = mail.to.join(", ");
    vec![format!("to {to}"), format!("from {}", mail.from), by]
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
    format!("{}:{} {tls}, {login}", smtp.server, smtp.port)
}
