//! Values as they were written, of the file and of the environment alike, each with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::options::ValueKind;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raw {
    /// Its type and content.
    pub(super) shape: Shape,
    /// Where in the file; empty for variables.
    pub(super) span: Range<usize>,
}

/// The types of TOML.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// In quotation marks.
    Text(String),
    /// With its digits, less prefix and underscores.
    Integer {
        /// After `0x`, `0o`, `0b`.
        digits: String,
        /// 2, 8, 10 or 16.
        radix: u32,
    },
    /// As written.
    Float(String),
    /// `true` or `false`.
    Flag(bool),
    /// As written.
    Date(String),
    /// In brackets.
    List(Vec<Raw>),
    /// In braces, or a section. In the order of the file.
    Table(Vec<(RawKey, Raw)>),
}

/// A key as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawKey {
    /// Less quotation marks.
    pub(super) name: String,
    /// Where in the file.
    pub(super) span: Range<usize>,
}

impl Shape {
    /// Returns what it is, for messages.
    pub(super) fn in_words(&self) -> &'static str {
        match self {
            Shape::Text(_) => "a text",
            Shape::Integer { .. } => "a number",
            Shape::Float(_) => "a fraction",
            Shape::Flag(_) => "true or false",
            Shape::Date(_) => "a date",
            Shape::List(_) => "a list",
            Shape::Table(_) => "a table",
        }
    }

    /// Returns the number, if it is one.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Shape::Integer { digits, radix } => i64::from_str_radix(digits, *radix).ok(),
            _ => None,
        }
    }
}

impl Raw {
    /// Takes over a table of the parser.
    pub(super) fn of_table(table: &Spanned<DeTable<'_>>) -> Self {
        Raw {
            shape: table_shape(table.get_ref()),
            span: table.span(),
        }
    }

    fn of_value(value: &Spanned<DeValue<'_>>) -> Self {
        let shape = match value.get_ref() {
            DeValue::String(text) => Shape::Text(text.to_string()),
            DeValue::Integer(integer) => Shape::Integer {
                digits: integer.as_str().to_owned(),
                radix: integer.radix(),
            },
            DeValue::Float(float) => Shape::Float(float.as_str().to_owned()),
            DeValue::Boolean(flag) => Shape::Flag(*flag),
            DeValue::Datetime(date) => Shape::Date(date.to_string()),
            DeValue::Array(list) => Shape::List(list.iter().map(Raw::of_value).collect()),
            DeValue::Table(table) => table_shape(table),
        };
        Raw {
            shape,
            span: value.span(),
        }
    }

    /// Reads the text of a variable as a value of a kind: lists are separated by commas. `None`:
    /// this kind cannot be written in a variable.
    pub(super) fn of_variable(kind: ValueKind, text: &str) -> Option<Self> {
        let plain = |shape| Raw { shape, span: 0..0 };
        let text_of = |part: &str| plain(Shape::Text(part.trim().to_owned()));
        let number_of = |part: &str| match part.trim().parse::<i64>() {
            Ok(number) => plain(Shape::Integer {
                digits: number.to_string(),
                radix: 10,
            }),
            Err(_) => text_of(part),
        };
        let parts = || text.split(',').filter(|part| !part.trim().is_empty());
        Some(match kind {
            ValueKind::Flag => match text.trim() {
                "true" | "1" => plain(Shape::Flag(true)),
                "false" | "0" => plain(Shape::Flag(false)),
                _ => text_of(text),
            },
            ValueKind::Number { .. } => number_of(text),
            ValueKind::ExitCodes => plain(Shape::List(parts().map(number_of).collect())),
            ValueKind::Addresses | ValueKind::VariableNames => {
                plain(Shape::List(parts().map(text_of).collect()))
            }
            ValueKind::Texts
            | ValueKind::Variables
            | ValueKind::Limits
            | ValueKind::Settings
            | ValueKind::Ping
            | ValueKind::Commands
            | ValueKind::Structure(_) => return None,
            ValueKind::Path => plain(Shape::Text(text.to_owned())),
            _ => text_of(text),
        })
    }
}

fn table_shape(table: &DeTable<'_>) -> Shape {
    let mut entries: Vec<(RawKey, Raw)> = table
        .iter()
        .map(|(key, value)| {
            let key = RawKey {
                name: key.get_ref().to_string(),
                span: key.span(),
            };
            (key, Raw::of_value(value))
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    Shape::Table(entries)
}
