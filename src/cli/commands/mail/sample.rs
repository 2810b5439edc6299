//! A sample of each sort of mail: what a failing backup would have brought, foreseen by the real
//! policy and written by the real writer.

use std::borrow::Cow;
use std::time::Duration;

use crate::alert::alert_facts::Alert;
use crate::alert::fingerprint;
use crate::alert::policy::{ChainRules, TaskRules};
use crate::cli::args::SampleArg;
use crate::config::defaults::max_mails_per_hour;
use crate::config::invocation::Call;
use crate::config::{Inputs, Loaded};
use crate::core::admin_mail::AdminMail;
use crate::core::command_error::CommandError;
use crate::core::exit;
use crate::core::failure::{Failure, FailureClass, Output};
use crate::core::settings::{Healed, TaskSettings};
use crate::core::time::Moment;
use crate::notify::mail_composer::{MailComposer, MailLook, MailNames};
use crate::notify::recipients::Addressed;
use crate::redact::Redactor;
use crate::simulate::{Script, SimulatedTask, Simulation};
use crate::task::TaskName;
use crate::unix::clock;

const NAME: &str = "tasks::sample";
const TEXT: &str = "cannot write to the backup disk: no space left on device";
/// First for 20 hours, then in another way, then healed.
const SCRIPT: &str = "S*3 F:\"cannot write to the backup disk: no space left on device\"*60 F:\"the backup disk is not mounted\" S*6";

/// Writes a sample, dated now.
pub(super) fn admin_mail(
    inputs: &Inputs,
    loaded: &Loaded,
    sort: SampleArg,
) -> Result<AdminMail, CommandError> {
    let now = clock::now();
    let failed =
        |why: &str| CommandError::new(exit::FAILED, format!("no sample can be made: {why}"));
    let name = TaskName::parse(NAME).map_err(|error| failed(&error.to_string()))?;
    let settings = TaskSettings {
        non_recoverable_downtime: Duration::from_secs(6 * 3600),
        ..TaskSettings::default()
    };
    let foresee = |start| alert(&name, &settings, sort, start);
    // Once to see when it comes, once more so that it comes now.
    let script = |error: crate::simulate::InvalidScript| failed(&error.to_string());
    let first = foresee(now).map_err(script)?;
    let first = first.ok_or_else(|| failed("no such mail is foreseen"))?;
    let earlier = first.at.mono.since(now.mono);
    let start = Moment {
        mono: now.mono,
        wall: now.wall.checked_sub(earlier).unwrap_or(now.wall),
    };
    let mut alert = foresee(start).map_err(script)?.unwrap_or(first);
    // There is no former mail to be an answer to.
    alert.thread = None;
    let names = MailNames {
        chain: name.function().to_owned(),
        labels: vec![NAME.to_owned()],
        call: Call::from_anywhere(inputs, loaded),
        look: MailLook::Chain,
    };
    let host = inputs.hostname.clone();
    let runner = loaded.settings.clone();
    let mut composer = MailComposer::new(host, names, vec![settings], runner, start, now.wall);
    composer.note(format!(
        "This is a sample, sent by `{}`: nothing has failed.",
        Call::as_typed().line("mail test")
    ));
    let took = Some(Duration::from_secs(4));
    let failure = failure(&alert);
    let mail = Addressed {
        alert: Cow::Borrowed(&alert),
        to: Vec::new(),
        why: None,
    };
    Ok(composer.compose(&mail, failure.as_ref(), took))
}

fn alert(
    name: &TaskName,
    settings: &TaskSettings,
    sort: SampleArg,
    start: Moment,
) -> Result<Option<Alert>, crate::simulate::InvalidScript> {
    let wanted = match sort {
        SampleArg::First => "first",
        SampleArg::New => "new",
        SampleArg::Downtime => "downtime",
        SampleArg::Again => "again",
        SampleArg::Healed => "healed",
    };
    let task = SimulatedTask {
        rules: TaskRules::of(name.clone(), settings),
        cooldowns: settings.into(),
        script: Script::parse(SCRIPT)?,
        takes: Duration::from_secs(4),
    };
    let foreseen = Simulation {
        tasks: vec![task],
        rules: ChainRules {
            max_per_hour: max_mails_per_hour(),
            healed: Healed::AfterDowntime,
        },
        kind_of: fingerprint::of,
        redactor: Redactor::default(),
        start,
        mute: None,
    }
    .run();
    let mut alerts = foreseen.mails.into_iter().map(|mail| mail.alert);
    Ok(alerts.find(|alert| alert.sort.word() == wanted))
}

fn failure(alert: &Alert) -> Option<Failure> {
    if alert.text.is_empty() {
        return None;
    }
    let mut failure = Failure::new(FailureClass::Exit(1), alert.text.clone());
    failure.output = Some(Output {
        head: format!("backing up /srv …\n{TEXT}\n"),
        ..Output::default()
    });
    Some(failure)
}
