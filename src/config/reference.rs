//! Options as they are written, each commented out, with its default: for `examples/default.toml`
//! and for what `init` writes.

use super::options::{ConfigSection, Fallback, OptionSpec, ValueKind, of};

/// Where the comment on a value begins.
const REMARK_COLUMN: usize = 40;
/// Marks values that are no defaults.
pub(super) const EXAMPLE: &str = "# example; default: ";

/// Returns the options of a section, in order: of each its explanation, and a line to take the `#`
/// away from.
///
/// A default that cannot be written has an example in its place, and a note.
pub(crate) fn commented(section: ConfigSection, is_shown: fn(&OptionSpec) -> bool) -> String {
    let options = of(section).filter(|option| is_shown(option));
    let paragraphs: Vec<String> = options.map(paragraph).collect();
    paragraphs.join("\n")
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
fn others(kind: ValueKind, value: &str) -> String {
    let ValueKind::Choice(choices) = kind else {
        return String::new();
    };
    let quoted = choices.iter().map(|choice| format!("\"{choice}\""));
    let others: Vec<String> = quoted.filter(|choice| choice != value).collect();
    format!("# or {}", others.join(", "))
}

/// Returns a value that the option could have, as it would be written.
pub(super) fn example(option: &OptionSpec) -> String {
    match option.section {
        ConfigSection::Lock | ConfigSection::Liveness => return example_of_lock(option),
        ConfigSection::Board => return example_of_board(option),
        ConfigSection::Server => return example_of_server(option),
        ConfigSection::MetricsPush => return example_of_push(option),
        section if section.is_of_jobs() => return example_of_job(option),
        _ => {}
    }
    let text = match option.key {
        "state_dir" => r#""/var/lib/run_functions""#,
        "file" => r#""/var/log/run_functions.log""#,
        "from" => r#""run_functions <runner@example.org>""#,
        "transport" => r#""sendmail""#,
        "server" => r#""mail.example.org""#,
        "port" => "587",
        "username" => r#""runner@example.org""#,
        "password_file" => r#""smtp_password""#,
        "password_env" => r#""SMTP_PASSWORD""#,
        "ca_file" => r#""/etc/ssl/our_own_ca.pem""#,
        "helo" => r#""runner.example.org""#,
        "project" => r#""shop""#,
        "command" => r#"["php", "artisan", "mail:send"]"#,
        "shell" => r#""pg_dump shop | gzip > shop.sql.gz""#,
        "working_dir" => r#""/srv/shop""#,
        "user" | "group" => r#""www-data""#,
        "nice" => "5",
        "timeout" => r#""10m""#,
        "every" => r#""1h""#,
        _ => return example_of_kind(option.kind),
    };
    text.to_owned()
}

fn example_of_lock(option: &OptionSpec) -> String {
    let text = match option.key {
        "address" => r#"["10.0.0.1:8500", "10.0.0.2:8500"]"#,
        "key" => r#""nightly""#,
        "token_file" => r#""consul_token""#,
        "username" => r#""run_functions""#,
        "password_file" => r#""postgres_password""#,
        "ca_file" => r#""/etc/ssl/our_own_ca.pem""#,
        _ => return example_of_kind(option.kind),
    };
    text.to_owned()
}

fn example_of_push(option: &OptionSpec) -> String {
    let text = match option.key {
        "address" => r#""http://127.0.0.1:8086""#,
        "database" | "bucket" => r#""jobs""#,
        "username" => r#""run_functions""#,
        "password_file" => r#""influxdb_password""#,
        "org" => r#""example""#,
        "token_file" => r#""influxdb_token""#,
        _ => r#""/etc/ssl/our_own_ca.pem""#,
    };
    text.to_owned()
}

fn example_of_board(option: &OptionSpec) -> String {
    let text = match option.key {
        "address" => r#""postgres://run_functions@db.example.org/jobs""#,
        "listen" => r#""postgres://run_functions@db.example.org:5432/jobs""#,
        "username" => r#""run_functions""#,
        "password_file" => r#""postgres_password""#,
        "ca_file" => r#""/etc/ssl/our_own_ca.pem""#,
        "token_file" => r#""board_token""#,
        _ => return example_of_kind(option.kind),
    };
    text.to_owned()
}

fn example_of_server(option: &OptionSpec) -> String {
    let text = match option.key {
        "public_url" => r#""https://board.example.org""#,
        "tls_certificate" => r#""/etc/ssl/board.pem""#,
        "tls_key" => r#""/etc/ssl/board.key""#,
        _ => return example_of_kind(option.kind),
    };
    text.to_owned()
}

fn example_of_job(option: &OptionSpec) -> String {
    let text = match option.key {
        "help" => r#""Resizes a picture and publishes it.""#,
        "name" => r#""hello""#,
        "slots" => "4",
        "tags" | "needs" => r#"["imagemagick"]"#,
        "vars" => r#"{ storage = "/mnt/a" }"#,
        "limit" => "2",
        "project" => r#""shop""#,
        "then" => r#"["report"]"#,
        "fails_at" => "10",
        "limit_by" => r#""args.name""#,
        "shell" => r#""echo \"$ARG_NAME\"""#,
        "input" => r#""{args.name}""#,
        "reads" => r#"["args.name"]"#,
        "times" => "3",
        "job" => r#""report""#,
        "cron" => r#""0 3 * * *""#,
        "every" if option.section == ConfigSection::Schedule => r#""1h""#,
        "timezone" => r#""Europe/Berlin""#,
        "from" => r#""22:00""#,
        "to" if option.section == ConfigSection::Exclude => r#""06:00""#,
        "days" => r#""mon-fri""#,
        "note" => r#""backup window""#,
        "late_after" => r#""15m""#,
        "pause_after" => "5",
        "time_limit" | "expires" | "waiting_for_at_most" => r#""1h""#,
        _ => return example_of_kind(option.kind),
    };
    text.to_owned()
}

fn example_of_kind(kind: ValueKind) -> String {
    let text = match kind {
        ValueKind::Choice(choices) => return format!("\"{}\"", choices[0]),
        ValueKind::Number { most, .. } => return most.to_string(),
        ValueKind::Duration(..) => r#""30s""#,
        ValueKind::Flag => "true",
        ValueKind::Text => r#""text""#,
        ValueKind::Texts => r#"["one", "another"]"#,
        ValueKind::TextOrTexts => r#"["one", "another"]"#,
        ValueKind::Path => r#""path/to/file""#,
        ValueKind::Address => r#""ops@example.org""#,
        ValueKind::Addresses => r#"["ops@example.org"]"#,
        ValueKind::VariableName => r#""NAME""#,
        ValueKind::VariableNames => r#"["LANG", "TZ"]"#,
        ValueKind::Variables => r#"{ APP_ENV = "production" }"#,
        ValueKind::Settings => r#"{ url = "https://shop.example.org", retries = 3 }"#,
        ValueKind::ExitCodes => "[1]",
        ValueKind::Limits => "{ nofile = 1024, core = 0 }",
        ValueKind::Mask => r#""027""#,
        ValueKind::Signal => r#""INT""#,
        ValueKind::IoNice => r#""idle""#,
        ValueKind::Commands => r#"{ port_is_free = ["test", "!", "-e", "/run/port"] }"#,
        ValueKind::Structure(example) => example,
        ValueKind::Ping => {
            r#"{ success = "https://hc-ping.com/UUID", failure = "https://hc-ping.com/UUID/fail" }"#
        }
    };
    text.to_owned()
}
