//! Records of structured logs: one JSON object a line, or logfmt.

use serde_json::{Map, Value};

/// The content of a record of a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LogRecord {
    pub(super) severity: LineSeverity,
    /// The fields that say what happened, joined.
    pub(super) message: String,
}

/// How bad a record or a line claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineSeverity {
    /// An error or worse.
    Error,
    /// A warning or less.
    Less,
    /// The line does not show it.
    Unknown,
}

const LEVELS: [&str; 8] = [
    "level",
    "lvl",
    "severity",
    "levelname",
    "log.level",
    "@level",
    "loglevel",
    "log_level",
];
const MESSAGES: [&str; 6] = ["msg", "message", "@message", "event", "@m", "text"];
/// Fields that say more than the message, in the order in which they are joined.
const DETAILS: [&str; 6] = ["error", "err", "exception", "reason", "detail", "type"];
/// Fields whose value means nothing without their name.
const CODES: [&str; 4] = ["code", "status", "errno", "exit_code"];

/// Returns the record that a line is, if it has a level and a message.
pub(super) fn parse(line: &str) -> Option<LogRecord> {
    let fields = if line.starts_with('{') {
        serde_json::from_str::<Map<String, Value>>(line).ok()?
    } else {
        logfmt(line)?
    };
    let severity = severity_of(LEVELS.iter().find_map(|key| fields.get(*key))?);
    let of = |keys: &[&str]| -> Vec<String> {
        let values = keys.iter().filter_map(|key| fields.get(*key));
        values.filter_map(words).collect()
    };
    let mut parts: Vec<String> = of(&MESSAGES).into_iter().take(1).collect();
    for detail in of(&DETAILS) {
        if !parts.iter().any(|part| part.contains(&detail)) {
            parts.push(detail);
        }
    }
    for (key, value) in CODES
        .iter()
        .filter_map(|key| Some((key, words(fields.get(*key)?)?)))
    {
        parts.push(format!("{key} {value}"));
    }
    (!parts.is_empty()).then(|| LogRecord {
        severity,
        message: parts.join(": "),
    })
}

/// Returns the words of a value: a string, a number, or the message inside an object.
fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text
            .lines()
            .find(|line| !line.trim().is_empty())?
            .trim()
            .to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(inner) => {
            let keys = ["type", "code", "message", "msg", "reason"];
            let values = keys.iter().filter_map(|key| inner.get(*key)?.as_str());
            values.collect::<Vec<_>>().join(": ")
        }
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Returns the severity that the value of a level means: a word, or the numbers of bunyan and pino.
fn severity_of(level: &Value) -> LineSeverity {
    match level {
        Value::String(word) => word_severity(word),
        Value::Number(number) if number.as_u64().is_some_and(|level| level >= 50) => {
            LineSeverity::Error
        }
        Value::Number(_) => LineSeverity::Less,
        _ => LineSeverity::Unknown,
    }
}

/// Returns the severity that a word of a log means.
pub(super) fn word_severity(word: &str) -> LineSeverity {
    match word.to_ascii_lowercase().as_str() {
        "error" | "err" | "eror" | "fatal" | "critical" | "crit" | "panic" | "dpanic"
        | "severe" | "emerg" | "emergency" | "alert" | "ftl" => LineSeverity::Error,
        "info" | "information" | "debug" | "trace" | "notice" | "warn" | "warning" | "inf"
        | "dbg" | "wrn" | "verbose" => LineSeverity::Less,
        _ => LineSeverity::Unknown,
    }
}

/// Returns the pairs of a line of logfmt that names its level:
/// `time=… level=error msg="disk full"`.
fn logfmt(line: &str) -> Option<Map<String, Value>> {
    if !line.contains("level=") && !line.contains("lvl=") {
        return None;
    }
    let mut fields = Map::new();
    let mut rest = line;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.rsplit(' ').next().unwrap_or(key);
        let (value, left) = logfmt_value(after);
        fields.insert(key.to_owned(), Value::String(value));
        rest = left;
    }
    LEVELS
        .iter()
        .any(|key| fields.contains_key(*key))
        .then_some(fields)
}

/// Returns a value, in quotes or not, and what follows it.
fn logfmt_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(' ').unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| if c == 'n' { '\n' } else { c })),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_its_message_and_its_error() {
        for (line, severity, message) in [
            (
                r#"{"level":"error","ts":1.5,"msg":"cannot connect","err":"dial tcp: refused"}"#,
                LineSeverity::Error,
                "cannot connect: dial tcp: refused",
            ),
            (
                r#"{"level":50,"msg":"boom","err":{"type":"TypeError","message":"x is null"}}"#,
                LineSeverity::Error,
                "boom: TypeError: x is null",
            ),
            (
                r#"time="2026-11-30T06:00:00Z" level=error msg="disk \"sda\" full" host=a"#,
                LineSeverity::Error,
                "disk \"sda\" full",
            ),
            ("level=info msg=started", LineSeverity::Less, "started"),
        ] {
            let record = parse(line).unwrap();
            assert_eq!(
                (record.severity, record.message.as_str()),
                (severity, message)
            );
        }
        assert_eq!(parse("a = b"), None);
        assert_eq!(parse("{not json}"), None);
    }
}
