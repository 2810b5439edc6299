//! Lists and tables: each of their parts has its own place, and its own mistakes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Fault, ReadValue, ValueReader};
use crate::config::ping_url::ping_url;
use crate::config::raw::{Raw, Shape};
use crate::config::value::Value;
use crate::config::words;
use crate::core::settings::Ping;
use crate::job::{NAMES, is_name};
use crate::text::lists::one_of;
use crate::text::suggest::did_you_mean;

impl ValueReader<'_> {
    /// Reads a list of texts; all wrong ones are reported.
    pub(super) fn text_or_texts(&self) -> ReadValue {
        match &self.raw.shape {
            Shape::Text(_) => {
                let text = self.text();
                text.map(|text| Value::Texts(vec![text])).into()
            }
            _ => self.list(|item| item.text()),
        }
    }

    pub(super) fn list(
        &self,
        read: impl Fn(&ValueReader<'_>) -> Result<String, Fault>,
    ) -> ReadValue {
        let Shape::List(items) = &self.raw.shape else {
            let example = match &self.raw.shape {
                Shape::Text(line) if self.key == "command" => {
                    format!("{}, or `shell` for a whole line", as_words(line))
                }
                Shape::Text(text) => format!("`[\"{text}\"]`"),
                _ => "`[\"…\"]`".to_owned(),
            };
            return self.wrong_type("a list", &example).into();
        };
        // None besides: in a task it overrules `[defaults]`.
        if items.is_empty() && self.key != "cc" {
            return self.fault("is empty", None).into();
        }
        // The arguments of a command may be empty; its program may not.
        let may_be_empty = |at: usize, item: &Raw| {
            self.key == "command" && at > 0 && item.shape == Shape::Text(String::new())
        };
        let mut texts = Vec::new();
        let mut faults = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let reader = ValueReader {
                key: self.key,
                raw: item,
            };
            match read(&reader) {
                _ if may_be_empty(at, item) => texts.push(String::new()),
                Ok(text) => texts.push(text),
                Err(fault) => faults.push(fault),
            }
        }
        finished(Value::Texts(texts), faults)
    }

    /// Reads numbers from 0 to 255.
    pub(super) fn exit_codes(&self) -> ReadValue {
        let Shape::List(items) = &self.raw.shape else {
            return self.wrong_type("a list of exit codes", "`[0, 3]`").into();
        };
        let mut codes = Vec::new();
        let mut faults = Vec::new();
        for item in items {
            let code = item.shape.number().and_then(|n| u8::try_from(n).ok());
            match code {
                Some(code) => codes.push(i32::from(code)),
                None => faults.push(Fault {
                    span: item.span.clone(),
                    ..self.fault("is a list of numbers from 0 to 255", None)
                }),
            }
        }
        finished(Value::Codes(codes), faults)
    }

    /// Reads variables with their values; the values are never shown.
    pub(super) fn variables(&self) -> ReadValue {
        let Shape::Table(entries) = &self.raw.shape else {
            return self.wrong_type("a table", "`{ NAME = \"value\" }`").into();
        };
        let mut variables = BTreeMap::new();
        let mut faults = Vec::new();
        for (key, value) in entries {
            match words::variable(&key.name, &value.shape) {
                Ok(text) => {
                    variables.insert(key.name.clone(), text);
                }
                Err((message, help, whose)) => faults.push(Fault {
                    message: format!("variable `{}` in `{}` {message}", key.name, self.key),
                    help,
                    span: match whose {
                        words::VariablePart::Name => key.span.clone(),
                        words::VariablePart::Value => value.span.clone(),
                    },
                }),
            }
        }
        finished(Value::Variables(variables), faults)
    }

    /// Reads resource limits.
    pub(super) fn limits(&self) -> ReadValue {
        let Shape::Table(entries) = &self.raw.shape else {
            return self.wrong_type("a table", "`{ nofile = 1024 }`").into();
        };
        let mut limits = BTreeMap::new();
        let mut faults = Vec::new();
        for (key, value) in entries {
            let known = words::LIMITS.contains(&key.name.as_str());
            match words::limit(&value.shape) {
                Some(limit) if known => {
                    limits.insert(key.name.clone(), limit);
                }
                Some(_) | None if !known => faults.push(Fault {
                    message: format!("unknown resource limit `{}`", key.name),
                    help: did_you_mean(&key.name, words::LIMITS)
                        .or_else(|| Some(format!("known are {}", one_of(words::LIMITS)))),
                    span: key.span.clone(),
                }),
                _ => faults.push(Fault {
                    message: format!("limit `{}` is a number, or `\"unlimited\"`", key.name),
                    help: None,
                    span: value.span.clone(),
                }),
            }
        }
        finished(Value::Limits(limits), faults)
    }
}

impl ValueReader<'_> {
    /// Reads commands by name.
    pub(super) fn commands(&self) -> ReadValue {
        let Shape::Table(entries) = &self.raw.shape else {
            let example = "`{ port_is_free = [\"test\", \"!\", \"-e\", \"/run/port\"] }`";
            return self.wrong_type("a table", example).into();
        };
        let mut commands = BTreeMap::new();
        let mut faults = Vec::new();
        for (key, value) in entries {
            if !is_name(&key.name) {
                faults.push(Fault {
                    message: format!("`{}` in `{}` is not a possible name", key.name, self.key),
                    help: Some(NAMES.to_owned()),
                    span: key.span.clone(),
                });
            }
            let reader = ValueReader {
                key: "command",
                raw: value,
            };
            let read = reader.list(|item| item.text());
            match read.value {
                Some(Value::Texts(words)) => {
                    commands.insert(key.name.clone(), words);
                }
                _ => faults.extend(read.faults.into_iter().map(|fault| Fault {
                    message: fault.message.replacen(
                        "`command`",
                        &format!("`{}` in `{}`", key.name, self.key),
                        1,
                    ),
                    ..fault
                })),
            }
        }
        finished(Value::Commands(commands), faults)
    }

    /// Reads URLs, which are never shown: each may be a secret.
    pub(super) fn ping(&self) -> ReadValue {
        let Shape::Table(entries) = &self.raw.shape else {
            let example = "`{ success = \"https://hc-ping.com/UUID\" }`";
            return self.wrong_type("a table", example).into();
        };
        let mut ping = Ping::default();
        let mut faults = Vec::new();
        for (key, value) in entries {
            let fault = |message: String, help: String, span: &Range<usize>| Fault {
                message,
                help: Some(help),
                span: span.clone(),
            };
            let Some(slot) = ping.slot(&key.name) else {
                let help = did_you_mean(&key.name, Ping::KEYS);
                let help = help.unwrap_or_else(|| format!("known are {}", one_of(Ping::KEYS)));
                let message = format!("unknown key `{}` in `{}`", key.name, self.key);
                faults.push(fault(message, help, &key.span));
                continue;
            };
            match ping_url(&value.shape) {
                Ok(url) => *slot = Some(url),
                Err((message, help)) => {
                    let message = format!("`{}` in `{}` {message}", key.name, self.key);
                    faults.push(fault(message, help.to_owned(), &value.span));
                }
            }
        }
        if faults.is_empty() && ping.is_empty() {
            let help = format!("known are {}", one_of(Ping::KEYS));
            return self.fault("is empty", Some(help)).into();
        }
        finished(Value::Ping(ping), faults)
    }
}

fn finished(value: Value, faults: Vec<Fault>) -> ReadValue {
    ReadValue {
        value: faults.is_empty().then_some(value),
        faults,
        oddities: Vec::new(),
    }
}

/// Returns a line as the list that it stands for, if it is as plain as most are.
fn as_words(line: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " -_./=:,+@%".contains(c);
    if !line.chars().all(is_plain) {
        return "`[\"ls\", \"-l\"]`".to_owned();
    }
    let words = line.split_whitespace().map(|word| format!("\"{word}\""));
    format!("`[{}]`", words.collect::<Vec<_>>().join(", "))
}
