//! The entry of a command line in a build without the feature `cli`: the tasks of a chain, and the
//! options with which a chain is run.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::cli::run_chain;
use crate::config::{self, Colour, invocation};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::LogFormat;
use crate::runner::request::MemoryPolicy;
use crate::unix::{own_program, self_exe};

/// The program that has the commands for a chain of this program: both read the same files.
const STOCK_PROGRAM: &str = "run_functions";

const CLI: Feature = feature_named!("cli");

const OPTIONS: &str = "Options:
      --name <NAME>          The name of the chain [default: the function names joined with `_`]
      --config <FILE>        The configuration; else $RUN_FUNCTIONS_CONFIG, ./run_functions.toml, …
      --run-root <DIR>       Where pidfiles are [default: run]
      --no-kill-concurrent   Refuse to start while another runner of this chain lives (exit 75)
      --lock <URL>           Run one instance across hosts, by the lock at this URL
      --keep-lock            Hold the lock through cooldowns
      --no-lock              Run without the lock of the configuration
      --replace-unit         On a terminal: replace also a runner that systemd has started
      --fresh                Forget what was mailed before, also after a crash
      --log-format <FORMAT>  The form of the log: text, json
  -v, --verbose              More in the log; twice: everything
  -q, --quiet                Less in the log: warnings and errors; twice: errors only
  -h, --help                 Print help
  -V, --version              Print version
";

/// Carries out what a person has typed.
pub(in crate::cli) fn people() -> CommandResult {
    let program = self_exe::name();
    match typed(own_program::arguments().into_iter().skip(1))? {
        Typed::Help => print(&format!(
            "Usage: {program} [OPTIONS] TASK [TASK…]\n\n{OPTIONS}\n\
             `{STOCK_PROGRAM} status`, `stop` and other commands: by the stock binary, or {}.\n",
            CLI.remedy
        )),
        Typed::Version => print(&format!("{program} {}\n", own_program::version())),
        Typed::Chain(chain) => run(&chain),
    }
}

fn print(text: &str) -> CommandResult {
    let written = io::stdout().lock().write_all(text.as_bytes());
    // A closed pipe or a full disk: there is nothing else to be done.
    written.map_err(|_| CommandError::said(exit::FAILED))
}

fn run(chain: &TypedChain) -> CommandResult {
    let line = &chain.line;
    let (config, run_root) = (line.config.as_deref(), line.run_root.as_deref());
    invocation::remember(config, run_root, Some(STOCK_PROGRAM));
    let colour = match run_chain::colours_by_default(&io::stderr()) {
        true => Colour::Ansi,
        false => Colour::Plain,
    };
    let inputs = run_chain::inputs(line.clone())?;
    let loaded = config::load(&inputs).map_err(|report| run_chain::refused(&report, colour))?;
    let name = chain.name.as_deref();
    let plan = run_chain::plan(&inputs, &loaded, &chain.tasks, name, colour)?;
    run_chain::start(plan, &inputs, chain.memory, chain.replace_unit, colour)
}

/// What was typed.
#[derive(Debug)]
enum Typed {
    Help,
    Version,
    Chain(Box<TypedChain>),
}

/// A chain, and how it is run.
#[derive(Debug)]
struct TypedChain {
    tasks: Vec<String>,
    name: Option<String>,
    line: config::CommandLineLayers,
    memory: MemoryPolicy,
    replace_unit: bool,
    /// How often `-v` was typed, less `-q`.
    verbosity: i32,
}

/// Reads the words of a command line.
fn typed(words: impl Iterator<Item = OsString>) -> Result<Typed, CommandError> {
    let mut chain = TypedChain {
        tasks: Vec::new(),
        name: None,
        line: config::CommandLineLayers::default(),
        memory: MemoryPolicy::AfterCrash,
        replace_unit: false,
        verbosity: 0,
    };
    let mut words = words;
    while let Some(word) = words.next() {
        let word = text(word)?;
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with("--") => {
                (option, Some(OsString::from(value)))
            }
            _ => (word.as_str(), None),
        };
        match option {
            "-h" | "--help" => return Ok(Typed::Help),
            "-V" | "--version" => return Ok(Typed::Version),
            "--" => {
                let rest: Result<Vec<_>, _> = words.by_ref().map(text).collect();
                chain.tasks.extend(rest?);
            }
            _ if option.starts_with('-') => chain.set(option, value, &mut words)?,
            _ => chain.tasks.push(word),
        }
    }
    chain.line.log_level = run_chain::log_level(chain.verbosity);
    refuse_words(&chain.tasks)?;
    Ok(Typed::Chain(Box::new(chain)))
}

impl TypedChain {
    /// Takes an option, with its value if one follows.
    fn set(
        &mut self,
        option: &str,
        value: Option<OsString>,
        words: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), CommandError> {
        let is_flag = value.is_none();
        let mut value = || {
            let value = value.clone().or_else(|| words.next());
            value.ok_or_else(|| CommandError::usage(format!("`{option}` needs a value")))
        };
        match option {
            "--name" => self.name = Some(text(value()?)?),
            "--config" => self.line.config = Some(PathBuf::from(value()?)),
            "--run-root" => self.line.run_root = Some(PathBuf::from(value()?)),
            "--log-format" => self.line.log_format = Some(log_format(&text(value()?)?)?),
            "--no-kill-concurrent" if is_flag => self.line.kill_concurrent = Some(false),
            "--lock" => self.line.lock = Some(text(value()?)?),
            "--keep-lock" if is_flag => self.line.keep_lock = true,
            "--no-lock" if is_flag => self.line.no_lock = true,
            "--replace-unit" if is_flag => self.replace_unit = true,
            "--fresh" if is_flag => self.memory = MemoryPolicy::Never,
            "--verbose" if is_flag => self.verbosity += 1,
            "--quiet" if is_flag => self.verbosity -= 1,
            _ => self.verbosity += short_flags(option)?,
        }
        Ok(())
    }
}

/// Reads `-v`, `-q`, and several of one of these.
fn short_flags(word: &str) -> Result<i32, CommandError> {
    let flags = word.strip_prefix('-').unwrap_or_default();
    let count = i32::try_from(flags.len()).unwrap_or(i32::MAX);
    match flags {
        _ if !flags.is_empty() && flags.chars().all(|flag| flag == 'v') => Ok(count),
        _ if !flags.is_empty() && flags.chars().all(|flag| flag == 'q') => Ok(-count),
        _ => Err(CommandError::usage(format!("unknown option `{word}`"))),
    }
}

fn log_format(text: &str) -> Result<LogFormat, CommandError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => {
            let message = format!("`--log-format` is `text` or `json`, not `{text}`");
            Err(CommandError::usage(message))
        }
    }
}

fn text(word: OsString) -> Result<String, CommandError> {
    word.into_string().map_err(|word| {
        let message = format!("`{}` is not UTF-8", word.to_string_lossy());
        CommandError::usage(message)
    })
}

/// Refuses what cannot be a task.
fn refuse_words(tasks: &[String]) -> CommandResult {
    if tasks.is_empty() {
        return Err(CommandError::usage(
            "no TASK is named, such as `tasks::send_mail`",
        ));
    }
    match run_chain::no_task_among(tasks) {
        None => Ok(()),
        Some(word) => {
            let message = format!(
                "`{word}` is not the name of a task, such as `tasks::{word}`; a command {}",
                CLI.is_needed
            );
            Err(CommandError::usage(message).hint(format_args!(
                "{}; or use the commands of the stock binary, such as `{STOCK_PROGRAM} status`",
                CLI.remedy
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use log::LevelFilter;

    use super::*;

    fn chain(words: &str) -> TypedChain {
        match typed(words.split_whitespace().map(OsString::from)) {
            Ok(Typed::Chain(chain)) => *chain,
            other => panic!("{words}: {other:?}"),
        }
    }

    fn refusal(words: &str) -> String {
        let typed = typed(words.split_whitespace().map(OsString::from));
        typed.expect_err(words).to_string()
    }

    #[test]
    fn options_stand_before_and_after_tasks_with_a_space_or_an_equals_sign() {
        let chain = chain("--name=both a::b --run-root /r -- a::c");
        assert_eq!(chain.tasks, ["a::b", "a::c"]);
        assert_eq!(chain.name.as_deref(), Some("both"));
        assert_eq!(chain.line.run_root, Some(PathBuf::from("/r")));
        assert_eq!(chain.memory, MemoryPolicy::AfterCrash);
    }

    #[test]
    fn flags_are_taken() {
        let chain = chain("a::b --fresh --no-kill-concurrent --replace-unit --log-format json -vv");
        let locked = self::chain("a::b --lock file:///x --keep-lock --no-lock").line;
        assert_eq!(locked.lock.as_deref(), Some("file:///x"));
        assert!(locked.keep_lock && locked.no_lock);
        assert_eq!(chain.memory, MemoryPolicy::Never);
        assert_eq!(chain.line.kill_concurrent, Some(false));
        assert!(chain.replace_unit);
        assert_eq!(chain.line.log_format, Some(LogFormat::Json));
        assert_eq!(chain.line.log_level, Some(LevelFilter::Trace));
        let quiet = self::chain("-q a::b").line.log_level;
        assert_eq!(quiet, Some(LevelFilter::Warn));
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_name() {
        for (words, name) in [
            ("", "no TASK"),
            ("--nmae x a::b", "unknown option `--nmae`"),
            ("-vq a::b", "unknown option `-vq`"),
            ("- a::b", "unknown option `-`"),
            ("--fresh=yes a::b", "unknown option `--fresh`"),
            ("a::b --name", "`--name` needs a value"),
            ("--log-format xml a::b", "not `xml`"),
            ("status", "a command needs the cargo feature `cli`"),
        ] {
            assert!(refusal(words).contains(name), "{words}: {}", refusal(words));
        }
    }

    #[test]
    fn help_names_every_option() {
        for option in [
            "--name",
            "--config",
            "--run-root",
            "--no-kill-concurrent",
            "--lock",
            "--keep-lock",
            "--no-lock",
            "--replace-unit",
            "--fresh",
            "--log-format",
            "--verbose",
            "--quiet",
            "--help",
            "--version",
        ] {
            assert!(OPTIONS.contains(option), "{option}");
        }
    }
}
