//! One record, one line. Control characters never reach it raw: a message cannot forge a second
//! line or move the cursor.

use std::fmt::Write;

use log::kv::{self, Key, VisitSource};
use log::{Level, Record};
use serde_json::{Map, Value};

use crate::text::steers;
use crate::unix::clock;

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

/// The only module whose records carry the keys above; those of others are what their authors call
/// so, and label nothing.
pub(super) const EVENT_LOG: &str = "run_functions::logging::event_log";

/// The forms of a line.
#[derive(Debug)]
pub(crate) enum LineFormat {
    /// `2026-11-21 23:55:01.250+01:00 [tasks::a] Execution successful`
    Text,
    /// The same for journald: a level in front (sd-daemon(3)), no time.
    Journal,
    /// `{"time":…,"level":…,"chain":…,"task":…,"run":…,"kind":…,"sort":…,"message":…}`
    Json {
        /// Written in every line.
        chain: String,
    },
}

impl LineFormat {
    /// Returns the line, with its line feed.
    pub(crate) fn line(&self, record: &Record<'_>) -> String {
        match self {
            LineFormat::Text => {
                let time = stamp("%Y-%m-%d %H:%M:%S%.3f%:z");
                format!("{time} {}{}\n", level_word(record.level()), text(record))
            }
            LineFormat::Journal => format!("<{}>{}\n", priority(record.level()), text(record)),
            LineFormat::Json { chain } => json(record, chain),
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
    for (key, value) in fields_of(record) {
        let value = match value {
            Value::String(text) if text.contains([' ', '"', '=']) => format!("{text:?}"),
            Value::String(text) => text,
            value => value.to_string(),
        };
        escape_into(&format!(" {key}={value}").replace('\n', "\\n"), &mut line);
    }
    line
}

fn is_told(record: &Record<'_>) -> bool {
    record.module_path() == Some(EVENT_LOG)
}

/// Returns the keys and values that the author of a task has put into a record.
fn fields_of(record: &Record<'_>) -> Map<String, Value> {
    struct Fields(Map<String, Value>);
    impl<'kvs> VisitSource<'kvs> for Fields {
        fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
            let value = match (
                value.to_i64(),
                value.to_u64(),
                value.to_f64(),
                value.to_bool(),
            ) {
                (Some(number), ..) => number.into(),
                (_, Some(number), ..) => number.into(),
                (_, _, Some(number), _) => number.into(),
                (.., Some(flag)) => flag.into(),
                _ => value.to_string().into(),
            };
            self.0.insert(key.to_string(), value);
            Ok(())
        }
    }
    let mut fields = Fields(Map::new());
    if !is_told(record) {
        // What cannot be read of it is no reason to lose the line.
        let _ = record.key_values().visit(&mut fields);
    }
    fields.0
}

/// Returns what a record of ours carries under a key, if it is not empty.
fn carried(record: &Record<'_>, key: &str) -> Option<String> {
    if !is_told(record) {
        return None;
    }
    let value = record.key_values().get(Key::from_str(key))?.to_string();
    (!value.is_empty()).then_some(value)
}

/// As [`escape_into`], but the colours (SGR sequences, `ESC [ … m`) stay, and end with the message:
/// what is hidden or blinks in it is not to hide the next line.
fn escape_but_colours(message: &str, line: &mut String) {
    const RESET: &str = "\x1b[0m";
    let mut is_open = false;
    let mut parts = message.split("\x1b[");
    escape_into(parts.next().unwrap_or_default(), line);
    for part in parts {
        let parameters = part.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':');
        match parameters {
            Some(end) if part[end..].starts_with('m') => {
                line.push_str("\x1b[");
                line.push_str(&part[..=end]);
                is_open = !part[..end].chars().all(|c| c == '0');
                escape_into(&part[end + 1..], line);
            }
            _ => escape_into(&format!("\x1b[{part}"), line),
        }
    }
    if is_open {
        line.push_str(RESET);
    }
}

/// Writes a message so that it stays on its line. Line feeds continue, indented, on the next line;
/// other controls are shown as escapes.
fn escape_into(message: &str, line: &mut String) {
    for c in message.trim_end_matches('\n').chars() {
        match c {
            '\n' => line.push_str("\n    "),
            '\t' => line.push('\t'),
            '\r' => {}
            c if steers(c) => {
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

fn stamp(form: &str) -> String {
    let now = clock::local(clock::wall());
    now.map_or_else(String::new, |now| now.strftime(form).to_string())
}

fn json(record: &Record<'_>, chain: &str) -> String {
    let mut fields = Map::new();
    let mut put = |key: &str, value: String| fields.insert(key.to_owned(), Value::String(value));
    put("time", stamp("%Y-%m-%dT%H:%M:%S%.6f%:z"));
    put("level", record.level().as_str().to_lowercase());
    put("chain", chain.to_owned());
    for key in [TASK, RUN, KIND, SORT] {
        if let Some(value) = carried(record, key) {
            put(key, value);
        }
    }
    put("message", record.args().to_string());
    let own = fields_of(record);
    if !own.is_empty() {
        fields.insert("fields".to_owned(), Value::Object(own));
    }
    escaped(&Value::Object(fields).to_string()) + "\n"
}

/// JSON allows what steers a terminal in its strings, and only there can it be.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if !steers(c) {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(form: &LineFormat, level: Level, message: &str) -> String {
        let pairs = [(TASK, "tasks::a")];
        form.line(
            &Record::builder()
                .level(level)
                .module_path_static(Some(EVENT_LOG))
                .key_values(&pairs)
                .args(format_args!("{message}"))
                .build(),
        )
    }

    #[test]
    fn text_has_time_task_and_message() {
        let line = line(&LineFormat::Text, Level::Info, "Execution successful");
        assert!(
            line.ends_with(" [tasks::a] Execution successful\n"),
            "{line:?}"
        );
        assert!(line.starts_with("20"), "{line:?}");
    }

    #[test]
    fn a_message_cannot_move_the_cursor_or_forge_a_line() {
        let line = line(&LineFormat::Journal, Level::Error, "a\x1b[2Jb\r\nc\0");
        assert_eq!(line, "<3>[tasks::a] a\\u{1b}[2Jb\n    c\\u{0}\n");
    }

    #[test]
    fn colours_of_output_stay_and_nothing_else_of_it() {
        let mut text = String::new();
        escape_but_colours("a\x1b[1;31mred\x1b[0m\x1b[2Jb\x1b]0;t\x07", &mut text);
        assert_eq!(text, "a\x1b[1;31mred\x1b[0m\\u{1b}[2Jb\\u{1b}]0;t\\u{7}");
    }

    #[test]
    fn colours_end_with_their_line() {
        let mut text = String::new();
        escape_but_colours("| \x1b[8mhidden", &mut text);
        assert_eq!(text, "| \x1b[8mhidden\x1b[0m");
        for closed in ["\x1b[1mx\x1b[m", "\x1b[1mx\x1b[0m", "none"] {
            let mut text = String::new();
            escape_but_colours(closed, &mut text);
            assert_eq!(text, closed);
        }
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_in_a_line_of_any_form() {
        let chain = "a".to_owned();
        for form in [
            LineFormat::Text,
            LineFormat::Journal,
            LineFormat::Json { chain },
        ] {
            let message = "a\u{9b}8m\u{202e}b\u{7f}\u{2028}c\u{2066}\u{200b}\u{e0041}";
            let line = line(&form, Level::Info, message);
            let raw = line.trim_end().chars().find(|c| steers(*c));
            assert_eq!(raw, None, "{line:?}");
        }
    }

    #[test]
    fn json_is_the_same_data_though_it_is_escaped() {
        let message = "\u{9b}\u{202e}\u{e0041}\0\\";
        let form = LineFormat::Json { chain: "a".into() };
        let value: Value = serde_json::from_str(&line(&form, Level::Info, message)).unwrap();
        assert_eq!(value["message"], message);
    }

    fn line_of_an_author(form: &LineFormat) -> String {
        let pairs: [(&str, kv::Value<'_>); 4] = [
            (TASK, kv::Value::from("tasks::forged")),
            ("order", kv::Value::from(4711)),
            ("who", kv::Value::from("a b\n[x]")),
            ("done", kv::Value::from(true)),
        ];
        let record = Record::builder()
            .level(Level::Info)
            .module_path(Some("shop::tasks"))
            .key_values(&pairs)
            .args(format_args!("sold"))
            .build();
        form.line(&record)
    }

    #[test]
    fn what_an_author_adds_to_a_record_stays_and_labels_nothing() {
        let line = line_of_an_author(&LineFormat::Journal);
        let expected = "<6>sold done=true order=4711 task=tasks::forged who=\"a b\\n[x]\"\n";
        assert_eq!(line, expected);
        let chain = "a".to_owned();
        let value: Value =
            serde_json::from_str(&line_of_an_author(&LineFormat::Json { chain })).unwrap();
        assert_eq!(value.get("task"), None);
        let fields = &value["fields"];
        assert_eq!(
            (&fields["order"], &fields["done"]),
            (&4711.into(), &true.into())
        );
        assert_eq!(fields["task"], "tasks::forged");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let form = LineFormat::Json {
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
