//! A configuration as it is written down: comments, and keys with values that cannot be anything
//! but TOML.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Value;

use crate::text::steers;

/// How wide our own comments are.
const WIDTH: usize = 96;

/// A page of TOML that grows.
#[derive(Debug, Default)]
pub(super) struct TomlPage {
    text: String,
}

impl TomlPage {
    /// Writes a line as a comment, whole and as it is. What TOML forbids in a comment is escaped.
    pub(super) fn original(&mut self, label: &str, line: &str) {
        self.text.push_str("# ");
        self.text.push_str(label);
        self.text.push_str(&visible(line));
        self.trim();
        self.text.push('\n');
    }

    /// Writes a comment that was one in the input as well.
    pub(super) fn comment(&mut self, line: &str) {
        let line = line.trim();
        let mark = if line.starts_with('#') { "" } else { "# " };
        self.text.push_str(mark);
        self.text.push_str(&visible(line));
        self.trim();
        self.text.push('\n');
    }

    /// Writes a comment of ours, wrapped.
    pub(super) fn note(&mut self, text: &str) {
        let mut line = String::from("#");
        for word in visible(text).split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > 1 {
                self.text.push_str(&line);
                self.text.push('\n');
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.text.push_str(&line);
        self.text.push('\n');
    }

    /// Writes a command to be typed, as a comment.
    pub(super) fn command(&mut self, command: &str) {
        self.original("  ", command);
    }

    /// Writes an empty line, unless there is one.
    pub(super) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Begins a table.
    pub(super) fn table(&mut self, name: &str) {
        self.text.push_str(&format!("[{name}]\n"));
    }

    /// Writes a key with its value.
    pub(super) fn key(&mut self, key: &str, value: &Value) {
        self.text.push_str(&format!("{key} = {value}\n"));
    }

    /// Returns all of it.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn trim(&mut self) {
        let end = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(end);
    }
}

/// Returns a text as TOML allows it in a comment: control characters are escaped.
pub(super) fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && c != '\t' {
            seen.extend(c.escape_default());
        } else {
            seen.push(c);
        }
    }
    seen
}

/// Makes a value of a text.
pub(super) fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

/// Makes a value of texts.
pub(super) fn texts(texts: impl IntoIterator<Item = String>) -> Value {
    Value::Array(texts.into_iter().map(Value::String).collect())
}

/// Makes a value of numbers.
pub(super) fn numbers(numbers: impl IntoIterator<Item = i64>) -> Value {
    Value::Array(numbers.into_iter().map(Value::Integer).collect())
}

/// Makes a value of variables.
pub(super) fn variables(variables: &BTreeMap<String, String>) -> Value {
    let pairs = variables.iter();
    Value::Table(
        pairs
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
    )
}

/// Writes a span of whole minutes, or of whole seconds, exactly: months are no unit of it.
pub(super) fn span(span: Duration) -> String {
    let mut rest = span.as_secs();
    let mut words = Vec::new();
    for (unit, one, many) in [(86_400, "day", "days"), (3600, "h", "h"), (60, "m", "m")] {
        let count = rest / unit;
        rest %= unit;
        if count > 0 {
            words.push(format!("{count}{}", if count == 1 { one } else { many }));
        }
    }
    if rest > 0 || words.is_empty() {
        words.push(format!("{rest}s"));
    }
    words.join(" ")
}

/// Returns whether a name can be one of an environment variable that a task may set.
pub(super) fn is_variable(name: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(begins) && name.chars().all(goes_on) && !name.starts_with("RUN_FUNCTIONS_")
}
