//! `mail test`, `mail queue`, `check --connect`: the way that mail takes, tried before it is
//! needed.

mod queue;
mod sample;
mod steps;

use std::time::Duration;

use lettre::message::Mailbox;

use super::super::args::SampleArg;
use crate::config::invocation::Call;
use crate::config::{Inputs, Loaded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::{MailSettings, Transport};
use crate::core::time::Mono;
use crate::mail::delivery_error::{DeliveryError, ErrorClass};
use crate::mail::{DeliveryResult, immediate, way};
use crate::unix::clock;

pub(crate) use queue::{flush, print as queue, print_json as queue_json};
use steps::{Steps, say};

/// A person waits for the answer: 15 seconds with all that comes before and after.
const MOST_PATIENCE: Duration = Duration::from_secs(14);
/// Who is written to where nobody is named: files and standard error need nobody.
const NOBODY_NAMED: &str = "root@localhost";

/// Sends a sample mail, and prints how it goes.
pub(crate) fn test(
    inputs: &Inputs,
    loaded: &Loaded,
    sort: SampleArg,
    to: &[String],
) -> CommandResult {
    let mail = &loaded.settings.mail;
    let to = recipients(mail, to)?;
    let admin_mail = sample::admin_mail(inputs, loaded, sort)?;
    say(&format!(
        "Subject: {}\nFrom: {}\n",
        admin_mail.subject, mail.from
    ));
    let until = clock::mono() + mail.timeout.min(MOST_PATIENCE);
    let mut refusals = Vec::new();
    for address in &to {
        say(&format!("To: {address}, by {}\n", way(mail)));
        if let Err(trouble) = send(mail, &admin_mail, address, until) {
            refusals.push((address, trouble));
        }
    }
    if refusals.len() < to.len() {
        queue::try_what_waits(&loaded.settings, &hurried(mail, until));
    }
    say(&of_tasks(loaded));
    let Some((address, first)) = refusals.first() else {
        return Ok(());
    };
    let others = refusals.len() - 1;
    let others = if others == 0 {
        String::new()
    } else {
        format!(" (and {others} more)")
    };
    let message = format!("no mail to {address}{others}: {}", first.words);
    Err(CommandError::new(exit::UNAVAILABLE, message).hint(remedy(first)))
}

/// Names the tasks whose mails go to addresses of their own, which a sample reaches with `--to`.
fn of_tasks(loaded: &Loaded) -> String {
    let mut lines = String::new();
    for task in loaded.tasks.values() {
        let own = task.settings.to.iter().flatten().chain(&task.settings.cc);
        let own: Vec<&str> = own.map(String::as_str).collect();
        if !own.is_empty() {
            let verb = if task.settings.to.is_some() {
                "go to"
            } else {
                "also go to"
            };
            let addresses = own.join(", ");
            lines.push_str(&format!("Mails about {} {verb} {addresses}\n", task.name));
        }
    }
    if !lines.is_empty() {
        let example = Call::as_typed().line("mail test --to ADDRESS");
        lines.push_str(&format!("`{example}` sends a sample there.\n"));
    }
    lines
}

fn send(
    mail: &MailSettings,
    admin_mail: &crate::core::admin_mail::AdminMail,
    address: &str,
    until: Mono,
) -> Result<(), DeliveryError> {
    let steps = Steps::of_a_mail(mail);
    let sent = immediate::send_now(
        &hurried(mail, until),
        admin_mail,
        &[address.to_owned()],
        steps.listener(),
    );
    let fate = sent.and_then(|mut fates| {
        let lost = || {
            DeliveryError::new(
                ErrorClass::Path,
                "the mail worker did not say what became of it",
            )
        };
        fates.pop().map(|(_, fate)| fate).ok_or_else(lost)
    });
    match fate {
        Ok(DeliveryResult::Accepted(answer)) => {
            let is_here = matches!(mail.transport, Transport::File { .. } | Transport::Print);
            let verb = if is_here { "" } else { "accepted: " };
            steps.succeeded(&format!("{verb}{answer}"));
            Ok(())
        }
        Ok(DeliveryResult::Refused(trouble)) | Err(trouble) => {
            steps.failed();
            Err(trouble)
        }
    }
}

/// Reaches the server as far as the login. No mail is sent.
pub(crate) fn connect(mail: &MailSettings) -> CommandResult {
    say(&format!("\nReaching {}, without a mail\n", way(mail)));
    let steps = Steps::of_a_probe(mail);
    let until = clock::mono() + mail.timeout.min(MOST_PATIENCE);
    match immediate::probe(&hurried(mail, until), steps.listener()) {
        Ok(()) => {
            let next = format!(
                "the way is there; `{}` sends a mail",
                Call::as_typed().line("mail test")
            );
            steps.succeeded(&next);
            Ok(())
        }
        Err(trouble) => {
            steps.failed();
            Err(CommandError::new(exit::UNAVAILABLE, &trouble.words).hint(remedy(&trouble)))
        }
    }
}

/// Returns the settings with what is left of the time that a person waits, in whole seconds where
/// there are any: it is shown.
fn hurried(mail: &MailSettings, until: Mono) -> MailSettings {
    let left = until.since(clock::mono());
    let whole = Duration::from_secs(left.as_secs() + 1);
    MailSettings {
        timeout: whole.min(mail.timeout),
        ..mail.clone()
    }
}

fn recipients(mail: &MailSettings, to: &[String]) -> Result<Vec<String>, CommandError> {
    if let Some(wrong) = to.iter().find(|to| to.parse::<Mailbox>().is_err()) {
        let message = format!("`{wrong}` is not a mail address");
        return Err(CommandError::usage(message).hint("write `--to ops@example.org`, for instance"));
    }
    if !to.is_empty() {
        return Ok(to.to_vec());
    }
    if !mail.to.is_empty() {
        return Ok(mail.to.clone());
    }
    Ok(vec![NOBODY_NAMED.to_owned()])
}

/// Returns what to do about a trouble, also where it alone does not say so.
fn remedy(trouble: &DeliveryError) -> String {
    if let Some(remedy) = &trouble.remedy {
        return remedy.clone();
    }
    match trouble.class {
        ErrorClass::Temporary => {
            "try again in some minutes: servers put off whom they do not know yet (greylisting); a runner tries \
             again by itself"
        }
        ErrorClass::Unanswered => "look into the inbox: the mail may have arrived all the same",
        ErrorClass::Content => "ask the administrator of the server why it refuses this message",
        ErrorClass::Recipient => "check the address",
        ErrorClass::Path | ErrorClass::Setup | ErrorClass::Sender | ErrorClass::Relay => {
            "check `[mail]` in the configuration, and the log of the mail server"
        }
    }
    .to_owned()
}
