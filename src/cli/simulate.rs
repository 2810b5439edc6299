//! `simulate`: the future inbox, by the same chain and the same policy as a run. Nothing runs, nothing is sent.

use std::fmt::Write;
use std::time::Duration;

use super::args::SimulateArgs;
use super::screen::{Ended, Refusal, print};
use crate::alert::fingerprint;
use crate::alert::policy::{ChainRules, TaskRules};
use crate::chain::Cooldowns;
use crate::config::{Loaded, TaskDefinition};
use crate::process::clock;
use crate::simulate::{Foreseen, Script, SimulatedTask, Simulation};
use crate::time::in_words;

/// What fails when nothing else is said: long enough for a weekend.
const USUAL: Duration = Duration::from_secs(60 * 3600);

/// Prints the mails that a chain would send.
pub(crate) fn print_inbox(loaded: &Loaded, args: &SimulateArgs) -> Ended {
    let tasks = loaded.resolve(&args.tasks).map_err(|report| {
        Refusal::whole(
            report.exit_code(),
            report.render(crate::config::Colour::Plain),
        )
    })?;
    let script = script(args)?;
    let simulated = tasks.iter().enumerate().map(|(step, task)| SimulatedTask {
        rules: TaskRules::of(task.name.clone(), &task.settings),
        cooldowns: cooldowns(task),
        // The first task does what is written, the others succeed as long as it does.
        script: if step == 0 {
            script.clone()
        } else {
            Script::succeeds()
        },
        takes: Duration::ZERO,
    });
    let start = clock::now();
    let simulation = Simulation {
        tasks: simulated.collect(),
        rules: ChainRules::of(&loaded.settings.mail),
        kind_of: fingerprint::of,
        start,
    };
    let foreseen = simulation.run();
    let names: Vec<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
    print(&inbox(&foreseen, &names, start.mono))
}

fn cooldowns(task: &TaskDefinition) -> Cooldowns {
    Cooldowns {
        success: task.settings.success_cooldown,
        fail: task.settings.fail_cooldown,
    }
}

fn script(args: &SimulateArgs) -> Result<Script, Refusal> {
    let wrong = |message: String| Refusal::usage(message);
    match (&args.outcomes, &args.fail_for) {
        (Some(outcomes), _) => Script::parse(outcomes).map_err(|error| wrong(error.to_string())),
        (None, Some(span)) => match humantime::parse_duration(span) {
            Ok(span) => Ok(Script::fail_for(span)),
            Err(error) => Err(wrong(format!(
                "`--fail-for {span}`: {error}; write `60h`, for instance"
            ))),
        },
        (None, None) => Ok(Script::fail_for(USUAL)),
    }
}

fn inbox(foreseen: &Foreseen, names: &[&str], start: crate::time::Mono) -> String {
    let mut text = String::new();
    for mail in &foreseen.mails {
        let after = in_words(mail.at.mono.since(start));
        let task = mail.notice.step.map_or("the chain", |step| names[step]);
        let _ = writeln!(text, "{after:>12}  [{task}] {}", mail.headline());
    }
    let span = in_words(foreseen.ended.mono.since(start));
    let _ = writeln!(
        text,
        "{} in {span}: {} with {}",
        counted(foreseen.mails.len() as u64, "mail", "mails"),
        counted(foreseen.runs, "run", "runs"),
        counted(foreseen.failures, "failure", "failures"),
    );
    text
}

fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}
