//! `init`: a configuration or a crate to begin with, and the next steps.

use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;

use super::super::args::init::{InitArgs, TemplateArg};
use super::super::output::{command_line, print};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::init::new_file::{self, NewFile, NewFileError};
use crate::init::template::{self, Template};
use crate::text::quoting::quoted;

/// Writes the files of a template, and prints what to type next. What is there is never
/// overwritten.
pub(crate) fn write(args: &InitArgs) -> CommandResult {
    let directory = normal(&args.directory);
    let absolute = std::path::absolute(&args.directory).unwrap_or_else(|_| directory.clone());
    let files = template::files(template_of(args.template), &absolute);
    new_file::create_all(&directory, &files).map_err(|trouble| refusal(&trouble, args.template))?;
    let mut text = String::new();
    for file in &files {
        text.push_str(&written(&directory, file));
    }
    let change = format!("cd {}", quoted(&directory.to_string_lossy()));
    let first = (!directory.as_os_str().is_empty()).then_some((change, "where it is"));
    let steps: Vec<InitStep> = first.into_iter().chain(steps(args.template)).collect();
    text.push_str("\nNext:\n");
    text.push_str(&shown(&steps));
    print(&text)
}

fn template_of(typed: TemplateArg) -> Template {
    match typed {
        TemplateArg::Commands => Template::Commands,
        TemplateArg::Rust => Template::Rust,
        TemplateArg::Demo => Template::Demo,
        TemplateArg::Jobs => Template::Jobs,
        TemplateArg::Schedule => Template::Schedule,
    }
}

/// A command, and what it does.
type InitStep = (String, &'static str);

/// Returns steps as they can be copied into a shell, explanations and all.
fn shown(steps: &[InitStep]) -> String {
    /// With the longest explanation it fits into 80 columns.
    const MOST_WIDTH: usize = 45;
    let width = steps
        .iter()
        .map(|(command, _)| command.chars().count())
        .max();
    let mut text = String::new();
    for (command, why) in steps {
        match width.filter(|width| *width <= MOST_WIDTH) {
            Some(width) => text.push_str(&format!("  {command:<width$}  # {why}\n")),
            None => text.push_str(&format!("  # {why}\n  {command}\n")),
        }
    }
    text
}

/// Returns a path without `.` in it and `/` at the end; empty for the directory that we are in.
fn normal(path: &Path) -> PathBuf {
    let named = path.components().filter(|part| *part != Component::CurDir);
    named.collect()
}

fn written(directory: &Path, file: &NewFile) -> String {
    const OTHERS: u32 = 0o077;
    let path = directory.join(file.path);
    let path = path.display();
    let whose = if file.mode & OTHERS == 0 {
        " (mode 0600: readable by you alone)"
    } else {
        ""
    };
    format!("Wrote {path}{whose}\n")
}

/// Returns the commands that come next, each with what it does.
fn steps(template: TemplateArg) -> Vec<InitStep> {
    let own = command_line();
    // Another one is named here, which would be read instead of the one that was written.
    let is_named = std::env::var_os("RUN_FUNCTIONS_CONFIG").is_some_and(|path| !path.is_empty());
    let named = if is_named {
        " --config run_functions.toml"
    } else {
        ""
    };
    let edit = |file: &str| format!("${{EDITOR:-vi}} {file}");
    match template {
        TemplateArg::Commands => vec![
            (edit("run_functions.toml"), "your tasks, and who is mailed"),
            (format!("{own} check{named}"), "what would happen"),
            (format!("{own} mail test{named}"), "a sample mail"),
            (
                format!("{own} tasks::hello tasks::disk_space{named}"),
                "run them; Ctrl-C stops it",
            ),
        ],
        TemplateArg::Rust => vec![
            (edit("src/tasks.rs"), "your functions"),
            ("cargo run -- list".to_owned(), "what can be run"),
            (
                "cargo run -- tasks::send_report".to_owned(),
                "run it; Ctrl-C stops it",
            ),
            ("cat run/mail/*.eml".to_owned(), "what you are mailed"),
        ],
        TemplateArg::Jobs => vec![
            (
                format!("{own} work{named} &"),
                "a worker; `kill %1` ends it",
            ),
            (
                format!("{own} post greet --name world --wait{named}"),
                "a job, step by step",
            ),
            (
                format!("{own} post greet --name world --fail --wait{named}"),
                "one that is undone",
            ),
            (format!("{own} jobs{named}"), "each job, and how it ended"),
        ],
        TemplateArg::Schedule => vec![
            (edit("run_functions.toml"), "your jobs, and their times"),
            (format!("{own} check{named}"), "when each comes next"),
            (
                format!("{own} work{named} &"),
                "a worker; `kill %1` ends it",
            ),
            (
                format!("{own} schedules{named}"),
                "the next times, the last results",
            ),
            (
                format!("{own} schedules run tidy{named}"),
                "one now, whatever its time",
            ),
        ],
        TemplateArg::Demo => vec![
            (
                format!("{own} tasks::greet tasks::shop{named}"),
                "after 10 s, stop it with Ctrl-C",
            ),
            ("cat run/mail/*.eml".to_owned(), "what you would be mailed"),
            (format!("{own} history{named}"), "each run, mailed or not"),
        ],
    }
}

fn refusal(trouble: &NewFileError, template: TemplateArg) -> CommandError {
    match trouble {
        NewFileError::Exist(paths) => {
            let shown: Vec<String> = paths
                .iter()
                .map(|path| format!("`{}`", path.display()))
                .collect();
            let (are, it) = if paths.len() == 1 {
                ("is", "it")
            } else {
                ("are", "them")
            };
            let first = quoted(&paths[0].to_string_lossy());
            let template = template.to_possible_value();
            let name = template
                .as_ref()
                .map_or("commands", |value| value.get_name());
            CommandError::new(
                exit::FAILED,
                format_args!("{} {are} there already, and nothing is overwritten: nothing was written", shown.join(", ")),
            )
            .hint(format_args!(
                "write beside {it}: `{} init --template {name} DIR`; or move {it} away: `mv {first} {first}.old`",
                command_line()
            ))
        }
        NewFileError::Failed(path, error) => {
            let path = path.display();
            let message = format!("`{path}` cannot be made, and nothing is left behind: {error}");
            CommandError::new(exit::FAILED, message)
        }
    }
}
