//! One record, one line. Control characters never reach it raw: a message cannot forge a second line or move the cursor.

use std::fmt::Write;

use jiff::Zoned;
use log::kv::Key;
use log::{Level, Record};
use serde_json::{Map, Value};

/// The keys that records of ours carry besides the message.
pub(crate) const TASK: &str = "task";
/// See [`TASK`].
pub(crate) const RUN: &str = "run";
/// See [`TASK`]. The fingerprint of a failure.
pub(crate) const KIND: &str = "kind";
/// See [`TASK`]. The sort of a mail.
pub(crate) const SORT: &str = "sort";

/// The target of records that are lines of a task's output: their colours are kept.
pub(crate) const OUTPUT: &str = "run_functions::output";

/// The forms of a line.
#[derive(Debug)]
pub(crate) enum Form {
    /// `2026-11-21 23:55:01.250+01:00 [tasks::a] Execution successful`
    Text,
    /// The same for journald: a level in front (sd-daemon(3)), no time.
    Journal,
    /// `{"time":…,"level":…,"chain":…,"task":…,"run":…,"kind":…,"sort":…,"message":…}`
    Json {
        /// Told in every line.
        chain: String,
    },
}

impl Form {
    /// Returns the line, with its line feed.
    pub(crate) fn line(&self, record: &Record<'_>) -> String {
        match self {
            Form::Text => {
                let time = Zoned::now()
                    .strftime("%Y-%m-%d %H:%M:%S%.3f%:z")
                    .to_string();
                format!("{time} {}{}\n", level_word(record.level()), text(record))
            }
            Form::Journal => format!("<{}>{}\n", priority(record.level()), text(record)),
            Form::Json { chain } => json(record, chain),
        }
    }
}

fn text(record: &Record<'_>) -> String {
    let mut line = String::new();
    if let Some(task) = carried(record, TASK) {
        let _ = write!(line, "[{task}] ");
    }
    let message = record.args().to_string();
    if record.target() == OUTPUT {
        escape_but_colours(&message, &mut line);
    } else {
        escape_into(&message, &mut line);
    }
    line
}

/// Returns what a record carries under a key, if it is not empty.
fn carried(record: &Record<'_>, key: &str) -> Option<String> {
    let value = record.key_values().get(Key::from_str(key))?.to_string();
    (!value.is_empty()).then_some(value)
}

/// As [`escape_into`], but the colours (SGR sequences, `ESC [ … m`) stay.
fn escape_but_colours(message: &str, line: &mut String) {
    let mut parts = message.split("\x1b[");
    escape_into(parts.next().unwrap_or_default(), line);
    for part in parts {
        let parameters = part.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':');
        match parameters {
            Some(end) if part[end..].starts_with('m') => {
                line.push_str("\x1b[");
                line.push_str(&part[..=end]);
                escape_into(&part[end + 1..], line);
            }
            _ => escape_into(&format!("\x1b[{part}"), line),
        }
    }
}

/// Writes a message so that it stays on its line. Line feeds continue, indented, on the next line; other controls are shown as escapes.
fn escape_into(message: &str, line: &mut String) {
    for c in message.trim_end_matches('\n').chars() {
        match c {
            '\n' => line.push_str("\n    "),
            '\t' => line.push('\t'),
            '\r' => {}
            c if c.is_control() => {
                let _ = write!(line, "{}", c.escape_default());
            }
            c => line.push(c),
        }
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR ",
        Level::Warn => "WARN ",
        Level::Info => "",
        Level::Debug => "DEBUG ",
        Level::Trace => "TRACE ",
    }
}

/// The priorities of syslog(3).
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

fn json(record: &Record<'_>, chain: &str) -> String {
    let mut fields = Map::new();
    let mut put = |key: &str, value: String| fields.insert(key.to_owned(), Value::String(value));
    put(
        "time",
        Zoned::now()
            .strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")
            .to_string(),
    );
    put("level", record.level().as_str().to_lowercase());
    put("chain", chain.to_owned());
    for key in [TASK, RUN, KIND, SORT] {
        if let Some(value) = carried(record, key) {
            put(key, value);
        }
    }
    put("message", record.args().to_string());
    format!("{}\n", Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(form: &Form, level: Level, message: &str) -> String {
        let pairs = [(TASK, "tasks::a")];
        form.line(
            &Record::builder()
                .level(level)
                .key_values(&pairs)
                .args(format_args!("{message}"))
                .build(),
        )
    }

    #[test]
    fn text_has_time_task_and_message() {
        let line = line(&Form::Text, Level::Info, "Execution successful");
        assert!(
            line.ends_with(" [tasks::a] Execution successful\n"),
            "{line:?}"
        );
        assert!(line.starts_with("20"), "{line:?}");
    }

    #[test]
    fn a_message_cannot_move_the_cursor_or_forge_a_line() {
        let line = line(&Form::Journal, Level::Error, "a\x1b[2Jb\r\nc\0");
        assert_eq!(line, "<3>[tasks::a] a\\u{1b}[2Jb\n    c\\u{0}\n");
    }

    #[test]
    fn colours_of_output_stay_and_nothing_else_of_it() {
        let mut text = String::new();
        escape_but_colours("a\x1b[1;31mred\x1b[0m\x1b[2Jb\x1b]0;t\x07", &mut text);
        assert_eq!(text, "a\x1b[1;31mred\x1b[0m\\u{1b}[2Jb\\u{1b}]0;t\\u{7}");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let form = Form::Json {
            chain: "a_b".into(),
        };
        let line = line(&form, Level::Warn, "one \"two\"\nthree");
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], "one \"two\"\nthree");
        assert_eq!(
            (&value["level"], &value["task"], &value["chain"]),
            (&"warn".into(), &"tasks::a".into(), &"a_b".into())
        );
    }
}
