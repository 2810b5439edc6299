//! The way of a mail to the admin, in words.

use crate::config::written_duration;
use crate::core::settings::{MailSettings, PasswordSource, SmtpSettings, Tls, Transport};

/// Returns the recipients and the transport, in words.
pub(crate) fn in_a_line(mail: &MailSettings) -> String {
    parts(mail).join(" ")
}

/// Returns the recipients and the transport, in parts.
pub(crate) fn parts(mail: &MailSettings) -> Vec<String> {
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
