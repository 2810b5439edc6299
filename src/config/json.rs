//! Values of the file as JSON.

use std::ops::Range;

use serde_json::{Map, Number, Value};

use super::raw::{Raw, Shape};

/// What is wrong with a value, and where.
pub(super) type JsonFault = (&'static str, Range<usize>);

/// Returns a value as JSON.
pub(super) fn json(raw: &Raw) -> Result<Value, JsonFault> {
    let wrong = |message| Err((message, raw.span.clone()));
    match &raw.shape {
        Shape::Text(text) => Ok(Value::from(text.as_str())),
        Shape::Flag(flag) => Ok(Value::from(*flag)),
        Shape::Integer { .. } => match raw.shape.number() {
            Some(number) => Ok(Value::from(number)),
            None => wrong("is too long for a number of 64 bits"),
        },
        Shape::Float(text) => match text.parse().ok().and_then(Number::from_f64) {
            Some(number) => Ok(Value::Number(number)),
            None => wrong("is no number of JSON"),
        },
        Shape::Date(_) => wrong("is a date; write it as a text"),
        Shape::List(items) => items.iter().map(json).collect(),
        Shape::Table(entries) => {
            let each = entries.iter();
            let each = each.map(|(key, value)| Ok((key.name.clone(), json(value)?)));
            Ok(Value::Object(each.collect::<Result<Map<_, _>, _>>()?))
        }
    }
}
