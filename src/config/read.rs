//! From what was written to what is meant: one function for each kind of value.

mod collections;

use std::ops::Range;
use std::path::Path;

use lettre::message::Mailbox;

use super::json::json;
use super::options::{Never, OptionSpec, ValueKind, Zero};
use super::raw::{Raw, Shape};
use super::value::Value;
use super::{duration, words};
use crate::text::lists::one_of;
use crate::text::suggest::did_you_mean;

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// The whole message.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
    /// Where exactly.
    pub(super) span: Range<usize>,
}

/// What reading a value gave: it may be odd and yet a value, and a list may have several faults.
#[derive(Debug, Default)]
pub(super) struct ReadValue {
    /// The value, unless there is a fault.
    pub(super) value: Option<Value>,
    /// What is wrong.
    pub(super) faults: Vec<Fault>,
    /// What is odd.
    pub(super) oddities: Vec<Fault>,
}

impl From<Value> for ReadValue {
    fn from(value: Value) -> Self {
        ReadValue {
            value: Some(value),
            ..ReadValue::default()
        }
    }
}

impl From<Fault> for ReadValue {
    fn from(fault: Fault) -> Self {
        ReadValue {
            faults: vec![fault],
            ..ReadValue::default()
        }
    }
}

impl From<Result<Value, Fault>> for ReadValue {
    fn from(result: Result<Value, Fault>) -> Self {
        result.map_or_else(ReadValue::from, ReadValue::from)
    }
}

/// Reads one value of an option. Relative paths start from `base`.
pub(super) fn read(option: &OptionSpec, raw: &Raw, base: &Path) -> ReadValue {
    let reader = ValueReader {
        key: option.key,
        raw,
    };
    match option.kind {
        ValueKind::Duration(zero, never) => reader.duration(zero, never),
        ValueKind::Flag => reader.flag().into(),
        ValueKind::Number { least, most } => reader.number(least, most).into(),
        ValueKind::Choice(choices) => reader.choice(choices).into(),
        ValueKind::Text => reader.text().map(Value::Text).into(),
        ValueKind::Texts => reader.list(|item| item.text()),
        ValueKind::TextOrTexts => reader.text_or_texts(),
        ValueKind::Path => reader.path(base).into(),
        ValueKind::Address => reader.address().map(Value::Text).into(),
        ValueKind::Addresses => reader.list(|item| item.address()),
        ValueKind::VariableName => reader.variable_name().map(Value::Text).into(),
        ValueKind::VariableNames => reader.list(|item| item.variable_name()),
        ValueKind::Variables => reader.variables(),
        ValueKind::ExitCodes => reader.exit_codes(),
        ValueKind::Limits => reader.limits(),
        ValueKind::Settings => reader.settings().into(),
        ValueKind::Mask => reader.mask().into(),
        ValueKind::Signal => reader.signal().into(),
        ValueKind::IoNice => reader.io_nice().into(),
        ValueKind::Ping => reader.ping(),
        ValueKind::Commands => reader.commands(),
        // These have a reader of their own.
        ValueKind::Structure(_) => ReadValue::default(),
    }
}

struct ValueReader<'a> {
    key: &'a str,
    raw: &'a Raw,
}

impl ValueReader<'_> {
    fn fault(&self, message: impl AsRef<str>, help: Option<String>) -> Fault {
        Fault {
            message: format!("`{}` {}", self.key, message.as_ref()),
            help,
            span: self.raw.span.clone(),
        }
    }

    fn wrong_type(&self, wanted: &str, example: &str) -> Fault {
        let message = format!("is {wanted}, not {}", self.raw.shape.in_words());
        let help = (!example.is_empty()).then(|| format!("for example {example}"));
        self.fault(message, help)
    }

    /// Puts quotation marks around a remedy where there were some.
    fn quoted(&self, text: &str) -> String {
        let variable = self.raw.span.is_empty();
        if variable {
            format!("`{text}`")
        } else {
            format!("`\"{text}\"`")
        }
    }

    fn instead(&self, texts: &[String]) -> String {
        let each: Vec<String> = texts.iter().map(|text| self.quoted(text)).collect();
        format!("write {}", each.join(" or "))
    }

    fn duration(&self, zero: Zero, never: Never) -> ReadValue {
        let text = match &self.raw.shape {
            Shape::Text(text) => text,
            Shape::Integer { digits: text, .. } | Shape::Float(text) => {
                let wrong = duration::without_unit(text);
                return self
                    .fault(&wrong.message, Some(self.instead(&wrong.instead)))
                    .into();
            }
            _ => return self.wrong_type("a duration", "`\"15m\"`").into(),
        };
        if text == "never" {
            return match never {
                Never::Allowed => Value::Never.into(),
                Never::Refused => self.fault("cannot be never", Some(self.long())).into(),
            };
        }
        match duration::parse(text) {
            Err(wrong) => self
                .fault(&wrong.message, Some(self.instead(&wrong.instead)))
                .into(),
            Ok(read) if read.span.is_zero() && zero == Zero::Refused => {
                let help = (never == Never::Allowed).then(|| self.instead(&["never".to_owned()]));
                self.fault("cannot be zero", help).into()
            }
            Ok(read) => {
                let odd = read.odd.map(|(message, minutes)| {
                    let help = format!("{} for minutes", self.instead(&[minutes]));
                    self.fault(format!("is long: {message}"), Some(help))
                });
                ReadValue {
                    value: Some(Value::Span(read.span)),
                    faults: Vec::new(),
                    oddities: odd.into_iter().collect(),
                }
            }
        }
    }

    fn long(&self) -> String {
        format!("write a long time, such as {}", self.quoted("10years"))
    }

    fn flag(&self) -> Result<Value, Fault> {
        match &self.raw.shape {
            Shape::Flag(flag) => Ok(Value::Flag(*flag)),
            Shape::Text(text) if matches!(text.as_str(), "true" | "false") => {
                let help = format!("write `{text}` without quotation marks");
                Err(self.fault("is `true` or `false`, not a text", Some(help)))
            }
            _ => Err(self.fault("is `true` or `false`", None)),
        }
    }

    fn number(&self, least: i64, most: i64) -> Result<Value, Fault> {
        let wanted = format!("is a number from {least} to {most}");
        match (&self.raw.shape, self.raw.shape.number()) {
            (_, Some(number)) if (least..=most).contains(&number) => Ok(Value::Number(number)),
            (Shape::Text(text), None) if text.parse::<i64>().is_ok() => {
                let help = format!("write `{text}` without quotation marks");
                Err(self.fault(wanted, Some(help)))
            }
            _ => Err(self.fault(wanted, None)),
        }
    }

    fn choice(&self, choices: &'static [&'static str]) -> Result<Value, Fault> {
        let wanted = one_of(choices.iter().copied());
        let Shape::Text(text) = &self.raw.shape else {
            return Err(self.fault(format!("is a text: {wanted}"), None));
        };
        if choices.contains(&text.as_str()) {
            return Ok(Value::Text(text.clone()));
        }
        let help = did_you_mean(text, choices.iter().copied());
        Err(self.fault(format!("is {wanted}, not `{text}`"), help))
    }

    fn text(&self) -> Result<String, Fault> {
        match &self.raw.shape {
            Shape::Text(text) if text.contains('\0') => {
                Err(self.fault("has a NUL character in it", None))
            }
            Shape::Text(text) if text.trim().is_empty() => Err(self.fault("is empty", None)),
            Shape::Text(text) => Ok(text.clone()),
            _ => Err(self.wrong_type("a text", "")),
        }
    }

    fn path(&self, base: &Path) -> Result<Value, Fault> {
        let text = self.text()?;
        if text.starts_with("~/") || text == "~" {
            let help = "write the whole path: only a shell knows what `~` is".to_owned();
            return Err(self.fault("begins with `~`", Some(help)));
        }
        let path: std::path::PathBuf = base.join(text).components().collect();
        Ok(Value::Path(path))
    }

    fn address(&self) -> Result<String, Fault> {
        let text = self.text()?;
        match is_address(&text) {
            true => Ok(text),
            false => {
                let help = "write `name@example.org` or `Name <name@example.org>`".to_owned();
                Err(self.fault(format!("is not a mail address: `{text}`"), Some(help)))
            }
        }
    }

    fn variable_name(&self) -> Result<String, Fault> {
        let text = self.text()?;
        if words::is_variable_name(&text) {
            return Ok(text);
        }
        let help = "names have letters, digits and `_`, and begin with no digit".to_owned();
        Err(self.fault(
            format!("is not the name of a variable: `{text}`"),
            Some(help),
        ))
    }

    fn settings(&self) -> Result<Value, Fault> {
        if !matches!(self.raw.shape, Shape::Table(_)) {
            return Err(self.wrong_type("a table", "`{ url = \"https://shop.example.org\" }`"));
        }
        json(self.raw)
            .map(Value::Settings)
            .map_err(|(message, span)| Fault {
                message: format!("a value in `{}` {message}", self.key),
                help: None,
                span,
            })
    }

    fn mask(&self) -> Result<Value, Fault> {
        const MOST: u32 = 0o777;
        let digits = match &self.raw.shape {
            Shape::Text(text) => Some(text.trim_start_matches("0o")),
            Shape::Integer { digits, radix: 8 } => Some(digits.as_str()),
            _ => None,
        };
        let mask = digits.and_then(|digits| u32::from_str_radix(digits, 8).ok());
        match mask.filter(|mask| *mask <= MOST) {
            Some(mask) => Ok(Value::Mask(mask)),
            None => {
                let help = format!("for example {}", self.quoted("027"));
                Err(self.fault("is an octal text from 000 to 777", Some(help)))
            }
        }
    }

    fn signal(&self) -> Result<Value, Fault> {
        match &self.raw.shape {
            Shape::Text(text) => match words::signal(text) {
                Some(number) => Ok(Value::Signal(number)),
                None => {
                    let help = did_you_mean(text, words::SIGNALS)
                        .unwrap_or_else(|| format!("for example {}", self.quoted("INT")));
                    Err(self.fault(format!("is not a signal: `{text}`"), Some(help)))
                }
            },
            shape => match shape.number().filter(|number| (1..=64).contains(number)) {
                Some(number) => Ok(Value::Signal(i32::try_from(number).unwrap_or(15))),
                None => Err(self.wrong_type("a signal from 1 to 64", "`\"TERM\"`")),
            },
        }
    }

    fn io_nice(&self) -> Result<Value, Fault> {
        let text = self.text()?;
        words::io_nice(&text).map(Value::IoNice).ok_or_else(|| {
            let help =
                "write `idle`, `best-effort:0` to `best-effort:7`, or `realtime:0` to `realtime:7`";
            self.fault(
                format!("is not an I/O class: `{text}`"),
                Some(help.to_owned()),
            )
        })
    }
}

/// Returns whether a text is a mail address, perhaps with a name.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok() && !text.contains(['\r', '\n'])
}
