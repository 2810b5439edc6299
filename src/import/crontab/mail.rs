//! The recipients of cron, as the section `[mail]`.

use lettre::Address;

use crate::import::page::{TomlPage, text, texts, visible};

/// What is known of mail so far.
#[derive(Debug, Default)]
pub(super) struct CrontabMail {
    to: Vec<String>,
    from: Option<String>,
    silent: bool,
}

type MailtoAnswer = Result<String, String>;

impl CrontabMail {
    /// Takes a setting over if it is one of mail.
    pub(super) fn setting(
        &mut self,
        name: &str,
        value: &str,
        hostname: &str,
    ) -> Option<MailtoAnswer> {
        match name {
            "MAILTO" => Some(self.recipients(value, hostname)),
            "MAILFROM" => Some(self.sender(value, hostname)),
            "CONTENT_TYPE" | "CONTENT_TRANSFER_ENCODING" => {
                Some(Ok("Mails are plain text in UTF-8 here.".to_owned()))
            }
            _ => None,
        }
    }

    fn recipients(&mut self, value: &str, hostname: &str) -> MailtoAnswer {
        if value.trim().is_empty() {
            self.silent = true;
            return Ok("Cron mails nothing of the jobs below. Here nothing is exempt: their failures go where those of the others go \
                       (without `[mail]`: into files in run/mail)."
                .to_owned());
        }
        let names = value
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let to = names
            .map(|name| address(name, hostname))
            .collect::<Result<Vec<_>, _>>()?;
        if self.to.is_empty() {
            self.to = to;
            return Ok("It is `to` of `[mail]` above.".to_owned());
        }
        if self.to == to {
            return Ok("As above.".to_owned());
        }
        Err("a file has one `[mail]`: put the jobs below into a file of their own, and start them with `--config`".to_owned())
    }

    fn sender(&mut self, value: &str, hostname: &str) -> MailtoAnswer {
        let from = address(value.trim(), hostname)?;
        match &self.from {
            Some(other) if *other != from => {
                Err("a file has one `[mail]`, and so one sender".to_owned())
            }
            _ => {
                self.from = Some(from);
                Ok("It is `from` of `[mail]` above.".to_owned())
            }
        }
    }

    /// Writes the section.
    pub(super) fn write(&self, page: &mut TomlPage) {
        if self.to.is_empty() {
            let so_far = if self.silent {
                "MAILTO=\"\" says that nobody is mailed"
            } else {
                "No MAILTO: cron mails who the crontab belongs to"
            };
            page.note(&format!(
                "{so_far}. Without `[mail]` each mail is a file in run/mail, which nobody reads; say to whom:"
            ));
            page.command("[mail]");
            page.command("to = [\"ops@example.org\"]");
            page.command("transport = \"sendmail\"");
            return;
        }
        page.note("As cron mails: by the mail program of this machine. For a server, write `server`, `username` and `password_file` instead of `transport`.");
        page.table("mail");
        page.key("to", &texts(self.to.iter().cloned()));
        if let Some(from) = &self.from {
            page.key("from", &text(from));
        }
        page.key("transport", &text("sendmail"));
    }
}

/// A name without a domain is a mailbox of this machine.
fn address(name: &str, hostname: &str) -> Result<String, String> {
    let whole = if name.contains('@') {
        name.to_owned()
    } else {
        format!("{name}@{hostname}")
    };
    match whole.parse::<Address>() {
        Ok(_) => Ok(whole),
        Err(_) => Err(format!("`{}` is no mail address", visible(name))),
    }
}
