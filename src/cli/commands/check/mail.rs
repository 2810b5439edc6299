//! The mails in `check`: recipients, way and frequency.

use std::io::{self, Write};

use super::line::line;
use crate::core::settings::{Digest, Healed, MailSettings};
use crate::status::mail_way;

/// Prints to whom, by which way, and how often mail goes.
pub(super) fn print(out: &mut dyn Write, mail: &MailSettings) -> io::Result<()> {
    for (at, part) in mail_way::parts(mail).iter().enumerate() {
        line(out, if at == 0 { "Mail" } else { "" }, part)?;
    }
    let end = match mail.healed {
        Healed::Never => "",
        Healed::AfterDowntime => ", and the end of a downtime",
        Healed::AfterMail => ", and the end of each outage that was mailed",
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
