//! The reference as a file: every option commented out, with its default, as `examples/default.toml` has it and as `init` writes it.

use super::options::{Applies, Fallback, Kind, OptionSpec, Section, of};

/// Where what is said of a value begins.
const REMARK_COLUMN: usize = 40;
/// Marks values that are no defaults.
const EXAMPLE: &str = "# example; default: ";

const HEAD: &str = r#"# Every option of run_functions.toml with its default, in the order of the guide. This is the reference; as a configuration
# it changes nothing. `run_functions init` writes one to begin with.
#
# `#key = value` says what holds anyway: take its `#` away to say something else. Where a default cannot be written, there is
# an example. A duration is a text with a unit: "500ms", "90s", "15m", "1h 30m", "2days". Relative paths start from this file.

"#;

const TASK: &str = "
# A task: `[tasks.send_mail]` makes `tasks::send_mail`. One of these three says what is executed; without any, the section is
# settings for the registered function of that name. All that can stand in [defaults] can stand here, for this task alone.
#[tasks.NAME]

";

const DEFAULTS: &str = "
# For all tasks that do not say otherwise themselves.
[defaults]

";

/// Which options of a section are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All of them.
    All,
    /// Those that say what is executed.
    Programs,
    /// All but those.
    NoPrograms,
}

impl Shown {
    fn has(self, option: &OptionSpec) -> bool {
        let is_program = option.applies == Applies::Program;
        match self {
            Shown::All => true,
            Shown::Programs => is_program,
            Shown::NoPrograms => !is_program,
        }
    }
}

/// Returns the options of a section, in order: of each its explanation, and a line to take the `#` away from.
///
/// A default that cannot be written has an example in its place, and says so.
pub(crate) fn commented(section: Section, shown: Shown) -> String {
    let options = of(section).filter(|option| shown.has(option));
    let paragraphs: Vec<String> = options.map(paragraph).collect();
    paragraphs.join("\n")
}

/// Returns the text of `examples/default.toml`.
pub(crate) fn default_file() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&commented(Section::Root, Shown::All));
    for section in [
        Section::Log,
        Section::History,
        Section::Metrics,
        Section::Mail,
    ] {
        let header = section.header();
        let options = commented(section, Shown::All);
        text.push_str(&format!("\n{header}\n\n{options}"));
    }
    text.push_str(TASK);
    text.push_str(&commented(Section::Task, Shown::Programs));
    text.push_str(DEFAULTS);
    text.push_str(&commented(Section::Task, Shown::NoPrograms));
    text
}

fn paragraph(option: &OptionSpec) -> String {
    let OptionSpec { key, doc, .. } = option;
    let (value, remark) = match option.default {
        Fallback::Written(value) => (value.to_owned(), others(option.kind, value)),
        Fallback::InWords(words) => (example(option), format!("{EXAMPLE}{words}")),
    };
    let line = format!("#{key} = {value}");
    let line = format!("{line:<REMARK_COLUMN$} {remark}");
    format!("# {doc}\n{}\n", line.trim_end())
}

/// Returns what could be written instead of a word.
fn others(kind: Kind, value: &str) -> String {
    let Kind::Choice(choices) = kind else {
        return String::new();
    };
    let quoted = choices.iter().map(|choice| format!("\"{choice}\""));
    let others: Vec<String> = quoted.filter(|choice| choice != value).collect();
    format!("# or {}", others.join(", "))
}

/// Returns a value that the option could have, as it would be written.
pub(super) fn example(option: &OptionSpec) -> String {
    let text = match option.key {
        "state_dir" => r#""/var/lib/run_functions""#,
        "file" => r#""/var/log/run_functions.log""#,
        "textfile" => r#""/var/lib/prometheus/node-exporter/run_functions_%n.prom""#,
        "from" => r#""run_functions <runner@example.org>""#,
        "transport" => r#""sendmail""#,
        "server" => r#""mail.example.org""#,
        "port" => "587",
        "username" => r#""runner@example.org""#,
        "password_file" => r#""smtp_password""#,
        "password_env" => r#""SMTP_PASSWORD""#,
        "ca_file" => r#""/etc/ssl/our_own_ca.pem""#,
        "command" => r#"["php", "artisan", "mail:send"]"#,
        "shell" => r#""pg_dump shop | gzip > shop.sql.gz""#,
        "working_dir" => r#""/srv/shop""#,
        "user" | "group" => r#""www-data""#,
        "nice" => "5",
        "timeout" => r#""10m""#,
        _ => return example_of_kind(option.kind),
    };
    text.to_owned()
}

fn example_of_kind(kind: Kind) -> String {
    let text = match kind {
        Kind::Choice(choices) => return format!("\"{}\"", choices[0]),
        Kind::Number { most, .. } => return most.to_string(),
        Kind::Duration(..) => r#""30s""#,
        Kind::Flag => "true",
        Kind::Text => r#""text""#,
        Kind::Texts => r#"["one", "another"]"#,
        Kind::Path => r#""path/to/file""#,
        Kind::Address => r#""ops@example.org""#,
        Kind::Addresses => r#"["ops@example.org"]"#,
        Kind::VariableName => r#""NAME""#,
        Kind::VariableNames => r#"["LANG", "TZ"]"#,
        Kind::Variables => r#"{ APP_ENV = "production" }"#,
        Kind::ExitCodes => "[1]",
        Kind::Limits => "{ nofile = 1024, core = 0 }",
        Kind::Mask => r#""027""#,
        Kind::Signal => r#""INT""#,
        Kind::IoNice => r#""idle""#,
    };
    text.to_owned()
}
