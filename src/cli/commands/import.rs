//! `import`: what others run, as a configuration of ours. The file goes to standard output, what
//! has to be looked at to standard error.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use nix::unistd::User;

use super::super::args::{ColorArg, ImportCommand};
use super::super::output::{colours_errors, plain, print};
use crate::config::{self, Colour, Inputs};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::import::crontab::{CrontabTarget, FormSource, form::CrontabForm};
use crate::import::{Imported, Machine, crontab, supervisor};
use crate::unix::self_exe;
use crate::unix::terminal::print_to_stderr;

/// Far more than anybody writes by hand: some thousand lines.
const MOST_BYTES: u64 = 256 << 10;

/// Prints a configuration made of another one.
pub(crate) fn print_configuration(command: &ImportCommand, colour: ColorArg) -> CommandResult {
    let inputs = Inputs::of_process(config::CommandLineLayers::default()).map_err(|error| {
        CommandError::new(
            exit::USAGE,
            format_args!("the working directory cannot be found: {error}"),
        )
    })?;
    let file = match command {
        ImportCommand::Crontab { file, .. } | ImportCommand::Supervisor { file } => file,
    };
    let text = read(file)?;
    let imported = imported(command, &text, &inputs);
    print(&imported.toml)?;
    let mut ended = told(file, &imported);
    // What is true of another machine need not be true of this one: a directory, a user.
    let colour = if colours_errors(colour) {
        Colour::Ansi
    } else {
        Colour::Plain
    };
    let problems = match config::load::judge(&imported.toml, &inputs) {
        Ok(loaded) => loaded.warnings,
        Err(report) => {
            print_to_stderr("\nOn this machine `check` will refuse some of it:\n");
            ended = Err(CommandError::said(exit::FAILED));
            report
        }
    };
    if !problems.is_empty() {
        print_to_stderr(&problems.render(colour));
    }
    print_to_stderr(
        "Next: look through it, save it as run_functions.toml, and say `check`. How to start the tasks is at its end.\n",
    );
    ended
}

fn imported(command: &ImportCommand, text: &str, inputs: &Inputs) -> Imported {
    // A number in a table of times is no user.
    let is_user = |name: &str| name.parse::<u32>().is_err() && (inputs.user)(name).is_some();
    let program = self_exe::name();
    let functions = inputs
        .registered
        .iter()
        .map(|registered| registered.name().function().to_owned());
    let machine = Machine {
        program: &program,
        hostname: &inputs.hostname,
        taken: functions.collect(),
        is_user: &is_user,
        home_of: &home_of,
        own_home: own_home(inputs),
        environment: environment(inputs),
    };
    match command {
        ImportCommand::Crontab {
            file,
            system,
            user,
            jobs,
        } => {
            let known = match (system, user) {
                (true, _) => FormSource::Said(CrontabForm::System),
                (_, true) => FormSource::Said(CrontabForm::User),
                _ => placed(file),
            };
            let target = match jobs {
                true => CrontabTarget::Jobs,
                false => CrontabTarget::Tasks,
            };
            crontab::import(text, &source(file), known, target, &machine)
        }
        ImportCommand::Supervisor { file } => {
            let directory = inputs.cwd.join(file);
            let directory = directory
                .parent()
                .unwrap_or(&inputs.cwd)
                .display()
                .to_string();
            supervisor::import(text, &source(file), &directory, &machine)
        }
    }
}

/// Tells what was made, and what was not.
fn told(file: &Path, imported: &Imported) -> CommandResult {
    print_to_stderr(&format!("{}: {}\n", source(file), imported.counted));
    for remark in &imported.remarks {
        print_to_stderr(&format!("note: {remark}\n"));
    }
    if imported.left_out.is_empty() {
        return Ok(());
    }
    for left in &imported.left_out {
        let (line, text, reason) = (left.line, plain(&left.text), plain(&left.reason));
        print_to_stderr(&format!("not taken: line {line}: {text}\n    {reason}\n"));
    }
    Err(CommandError::said(exit::FAILED))
}

fn read(file: &Path) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        io::stdin()
            .lock()
            .take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|open| open.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    let refused = |reason: &dyn std::fmt::Display| {
        let message = format!("`{}` cannot be read: {reason}", file.display());
        CommandError::new(exit::USAGE, message)
            .hint("`-` reads standard input: `crontab -l | run_functions import crontab -`")
    };
    read.map_err(|error| refused(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(refused(&"it is larger than 256 KiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        refused(&format_args!(
            "line {line} is not UTF-8; `iconv -t utf-8` makes it so"
        ))
    })
}

fn source(file: &Path) -> String {
    if file.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

/// Where cron keeps its files says which form they have.
fn placed(file: &Path) -> FormSource {
    if file == Path::new("/etc/crontab") || file.starts_with("/etc/cron.d") {
        FormSource::Placed(CrontabForm::System)
    } else if file.starts_with("/var/spool/cron") {
        FormSource::Placed(CrontabForm::User)
    } else {
        FormSource::Guessed
    }
}

fn home_of(user: &str) -> Option<String> {
    let user = User::from_name(user).ok()??;
    existing(user.dir.to_str()?)
}

fn own_home(inputs: &Inputs) -> Option<String> {
    let home = inputs.environment.get(std::ffi::OsStr::new("HOME"))?;
    existing(home.to_str()?)
}

fn existing(directory: &str) -> Option<String> {
    let there = directory.starts_with('/') && Path::new(directory).is_dir();
    there.then(|| directory.to_owned())
}

fn environment(inputs: &Inputs) -> std::collections::BTreeMap<String, String> {
    let pairs = inputs.environment.iter();
    let texts = pairs
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())));
    texts.collect()
}
