//! A sample of each sort of mail: what a failing backup would have brought, foreseen by the real policy and written by the real writer.

use std::time::Duration;

use crate::alert::fingerprint;
use crate::alert::notice::Notice;
use crate::alert::policy::{ChainRules, TaskRules};
use crate::alert::redact::Redactor;
use crate::chain::Cooldowns;
use crate::cli::args::SampleArg;
use crate::cli::call::Call;
use crate::cli::run::compose::{Composer, Names};
use crate::cli::screen::Refusal;
use crate::config::{Inputs, Loaded};
use crate::exit;
use crate::failure::{Failure, FailureClass, Output};
use crate::letter::Letter;
use crate::process::clock;
use crate::settings::{Healed, TaskSettings};
use crate::simulate::{Script, SimulatedTask, Simulation};
use crate::task::TaskName;
use crate::time::Moment;

const NAME: &str = "tasks::sample";
const TEXT: &str = "cannot write to the backup disk: no space left on device";
/// First for 20 hours, then in another way, then healed.
const SCRIPT: &str = "S*3 F:\"cannot write to the backup disk: no space left on device\"*60 F:\"the backup disk is not mounted\" S";

/// Writes a sample, dated now.
pub(super) fn letter(inputs: &Inputs, loaded: &Loaded, sort: SampleArg) -> Result<Letter, Refusal> {
    let now = clock::now();
    let failed = |why: &str| Refusal::new(exit::FAILED, format!("no sample can be made: {why}"));
    let name = TaskName::parse(NAME).map_err(|error| failed(&error.to_string()))?;
    let settings = TaskSettings {
        non_recoverable_downtime: Duration::from_secs(6 * 3600),
        ..TaskSettings::default()
    };
    let foresee = |start| notice(&name, &settings, sort, start);
    // Once to see when it comes, once more so that it comes now.
    let script = |error: crate::simulate::InvalidScript| failed(&error.to_string());
    let first = foresee(now).map_err(script)?;
    let first = first.ok_or_else(|| failed("no such mail is foreseen"))?;
    let earlier = first.at.mono.since(now.mono);
    let start = Moment {
        mono: now.mono,
        wall: now.wall.checked_sub(earlier).unwrap_or(now.wall),
    };
    let mut notice = foresee(start).map_err(script)?.unwrap_or(first);
    // There is no former mail to be an answer to.
    notice.thread = None;
    let names = Names {
        chain: name.function().to_owned(),
        labels: vec![NAME.to_owned()],
        call: Call::from_anywhere(inputs, loaded),
    };
    let host = inputs.hostname.clone();
    let runner = loaded.settings.clone();
    let mut composer = Composer::new(host, names, vec![settings], runner, start, now.wall);
    composer.note(format!(
        "This is a sample, sent by `{}`: nothing has failed.",
        Call::as_typed().line("mail test")
    ));
    let took = Some(Duration::from_secs(4));
    let failure = failure(&notice);
    Ok(composer.letter(&notice, failure.as_ref(), took))
}

fn notice(
    name: &TaskName,
    settings: &TaskSettings,
    sort: SampleArg,
    start: Moment,
) -> Result<Option<Notice>, crate::simulate::InvalidScript> {
    let wanted = match sort {
        SampleArg::First => "first",
        SampleArg::New => "new",
        SampleArg::Downtime => "downtime",
        SampleArg::Again => "again",
        SampleArg::Healed => "healed",
    };
    let task = SimulatedTask {
        rules: TaskRules::of(name.clone(), settings),
        cooldowns: Cooldowns {
            success: settings.success_cooldown,
            fail: settings.fail_cooldown,
        },
        script: Script::parse(SCRIPT)?,
        takes: Duration::from_secs(4),
    };
    let foreseen = Simulation {
        tasks: vec![task],
        rules: ChainRules {
            max_per_hour: 20,
            healed: Healed::AfterDowntime,
        },
        kind_of: fingerprint::of,
        redactor: Redactor::default(),
        start,
        mute: None,
    }
    .run();
    let mut notices = foreseen.mails.into_iter().map(|mail| mail.notice);
    Ok(notices.find(|notice| notice.sort.word() == wanted))
}

fn failure(notice: &Notice) -> Option<Failure> {
    if notice.text.is_empty() {
        return None;
    }
    let mut failure = Failure::new(FailureClass::Exit(1), notice.text.clone());
    failure.output = Some(Output {
        head: format!("backing up /srv …\n{TEXT}\n"),
        ..Output::default()
    });
    Some(failure)
}
