//! Values that have been understood, by the kind that the table of options names.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::duration;
use crate::core::failure::signal_name;
use crate::core::settings::{IoNice, Ping};

/// A value of a kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A duration.
    Span(Duration),
    /// "never".
    Never,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text, a word or an address.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// An absolute path.
    Path(PathBuf),
    /// Variables.
    Variables(BTreeMap<String, String>),
    /// Exit codes.
    Codes(Vec<i32>),
    /// Resource limits; `u64::MAX` is "unlimited".
    Limits(BTreeMap<String, u64>),
    /// Permissions to take away.
    Mask(u32),
    /// A signal.
    Signal(i32),
    /// An I/O class.
    IoNice(IoNice),
    /// URLs that are asked.
    Ping(Ping),
    /// Settings of the task's own.
    Settings(serde_json::Value),
    /// Commands by name.
    Commands(BTreeMap<String, Vec<String>>),
}

impl Value {
    /// Returns it as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Flag(flag) => Json::from(*flag),
            Value::Number(number) => Json::from(*number),
            Value::Text(text) => Json::from(text.as_str()),
            Value::Texts(texts) => Json::from(texts.clone()),
            Value::Codes(codes) => Json::from(codes.clone()),
            Value::Path(path) => Json::from(path.display().to_string()),
            Value::Variables(variables) => variables
                .iter()
                .map(|(name, value)| (name.clone(), Json::from(shown(name, value))))
                .collect(),
            Value::Limits(limits) => limits
                .iter()
                .map(|(name, limit)| (name.clone(), limit_json(*limit)))
                .collect(),
            Value::Ping(ping) => ping
                .urls()
                .map(|(key, url)| (key.to_owned(), Json::from(url.to_string())))
                .collect(),
            Value::Settings(settings) => hidden(settings),
            Value::Commands(commands) => commands
                .iter()
                .map(|(name, words)| (name.clone(), Json::from(words.clone())))
                .collect(),
            Value::Span(_)
            | Value::Never
            | Value::Mask(_)
            | Value::Signal(_)
            | Value::IoNice(_) => Json::from(self.word()),
        }
    }

    /// Returns what is written in quotation marks, for the kinds that are written so.
    fn word(&self) -> String {
        match self {
            Value::Span(span) => duration::written(*span),
            Value::Never => "never".to_owned(),
            Value::Mask(mask) => format!("{mask:03o}"),
            Value::Signal(number) => signal_name(*number)
                .strip_prefix("SIG")
                .map_or_else(String::new, ToOwned::to_owned),
            Value::IoNice(IoNice::Idle) => "idle".to_owned(),
            Value::IoNice(IoNice::BestEffort(level)) => format!("best-effort:{level}"),
            Value::IoNice(IoNice::RealTime(level)) => format!("realtime:{level}"),
            _ => String::new(),
        }
    }
}

/// Returns the value of a variable as it may be seen.
fn shown(name: &str, value: &str) -> String {
    if super::secret::is_secret(name) {
        "(hidden)".to_owned()
    } else {
        value.to_owned()
    }
}

/// Returns settings as they may be seen.
fn hidden(settings: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match settings {
        Json::Object(entries) => entries
            .iter()
            .map(|(name, value)| {
                let value = match super::secret::is_secret(name) {
                    true => Json::from("(hidden)"),
                    false => hidden(value),
                };
                (name.clone(), value)
            })
            .collect(),
        Json::Array(items) => items.iter().map(hidden).collect(),
        other => other.clone(),
    }
}

/// Returns settings on one line, as the file may have them.
fn in_toml(settings: &serde_json::Value) -> String {
    use serde_json::Value as Json;
    match settings {
        Json::Object(entries) => {
            let each = entries.iter();
            let each = each.map(|(name, value)| format!("{name} = {}", in_toml(value)));
            format!("{{ {} }}", each.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => {
            let each: Vec<String> = items.iter().map(in_toml).collect();
            format!("[{}]", each.join(", "))
        }
        Json::String(text) => toml::Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}

fn limit_json(limit: u64) -> serde_json::Value {
    match limit {
        u64::MAX => "unlimited".into(),
        limit => limit.into(),
    }
}

impl fmt::Display for Value {
    /// Prints it as it would be written in the file, values of secret variables hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        match self {
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Codes(codes) => write!(f, "{codes:?}"),
            Value::Text(word) => f.write_str(&text(word)),
            Value::Path(path) => f.write_str(&text(&path.display().to_string())),
            Value::Texts(texts) => f.write_str(&list(texts)),
            Value::Commands(commands) => {
                let each = commands.iter();
                let each = each.map(|(name, words)| (name.clone(), list(words)));
                braced(f, each.collect())
            }
            Value::Variables(variables) => {
                let each = variables.iter();
                let each = each.map(|(name, value)| (name.clone(), text(&shown(name, value))));
                braced(f, each.collect())
            }
            Value::Limits(limits) => {
                let each = limits.iter();
                let each = each.map(|(name, limit)| (name.clone(), limit_json(*limit).to_string()));
                braced(f, each.collect())
            }
            Value::Settings(settings) => f.write_str(&in_toml(&hidden(settings))),
            Value::Ping(ping) => {
                let each = ping.urls();
                let each = each.map(|(key, url)| (key.to_owned(), text(&url.to_string())));
                braced(f, each.collect())
            }
            Value::Span(_)
            | Value::Never
            | Value::Mask(_)
            | Value::Signal(_)
            | Value::IoNice(_) => f.write_str(&text(&self.word())),
        }
    }
}

fn list(texts: &[String]) -> String {
    let each = texts.iter();
    let each = each.map(|text| toml::Value::String(text.clone()).to_string());
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

fn braced(f: &mut fmt::Formatter<'_>, entries: Vec<(String, String)>) -> fmt::Result {
    let each: Vec<String> = entries
        .into_iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    write!(f, "{{ {} }}", each.join(", "))
}

/// A type that values of some kind turn into.
pub(super) trait FromValue: Sized {
    /// Returns it, if the value is of such a kind.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty = $pattern:pat => $result:expr;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    Duration = Value::Span(span) => *span;
    bool = Value::Flag(flag) => *flag;
    i64 = Value::Number(number) => *number;
    String = Value::Text(text) => text.clone();
    Vec<String> = Value::Texts(texts) => texts.clone();
    PathBuf = Value::Path(path) => path.clone();
    BTreeMap<String, String> = Value::Variables(variables) => variables.clone();
    BTreeMap<String, u64> = Value::Limits(limits) => limits.clone();
    Vec<i32> = Value::Codes(codes) => codes.clone();
    u32 = Value::Mask(mask) => *mask;
    i32 = Value::Signal(signal) => *signal;
    IoNice = Value::IoNice(class) => *class;
    Ping = Value::Ping(ping) => ping.clone();
    serde_json::Value = Value::Settings(settings) => settings.clone();
    BTreeMap<String, Vec<String>> = Value::Commands(commands) => commands.clone();
}

impl FromValue for Option<Duration> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Span(span) => Some(Some(*span)),
            Value::Never => Some(None),
            _ => None,
        }
    }
}
