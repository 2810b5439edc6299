//! Lists and tables: each of their parts has its own place, and its own mistakes.

use std::collections::BTreeMap;

use super::{Fault, Reader, Reading};
use crate::config::raw::{Raw, Shape};
use crate::config::suggest::{did_you_mean, one_of};
use crate::config::value::Value;
use crate::config::words;

impl Reader<'_> {
    /// Reads a list of texts; all wrong ones are told.
    pub(super) fn list(&self, read: impl Fn(&Reader<'_>) -> Result<String, Fault>) -> Reading {
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
        if items.is_empty() {
            return self.fault("is empty", None).into();
        }
        // The arguments of a command may be empty; its program may not.
        let may_be_empty = |at: usize, item: &Raw| {
            self.key == "command" && at > 0 && item.shape == Shape::Text(String::new())
        };
        let mut texts = Vec::new();
        let mut faults = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let reader = Reader {
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
    pub(super) fn exit_codes(&self) -> Reading {
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

    /// Reads variables with their values; the values are never told.
    pub(super) fn variables(&self) -> Reading {
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
                        words::Whose::Name => key.span.clone(),
                        words::Whose::Value => value.span.clone(),
                    },
                }),
            }
        }
        finished(Value::Variables(variables), faults)
    }

    /// Reads resource limits.
    pub(super) fn limits(&self) -> Reading {
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

fn finished(value: Value, faults: Vec<Fault>) -> Reading {
    Reading {
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
