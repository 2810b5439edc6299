//! The types of arguments.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// The type of an argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ArgumentKind {
    /// A text.
    #[default]
    String,
    /// A text that may begin an argument of a command with a `-`.
    Option,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A path: a text that is not empty.
    Path,
    /// Any JSON. A type of a later version is taken for this one: the worker checks it again.
    #[serde(other)]
    Json,
}

impl ArgumentKind {
    /// The words for the types, as they are written in a file.
    pub(crate) const WORDS: &'static [&'static str] = &[
        "string", "option", "integer", "number", "boolean", "path", "json",
    ];
    const ALL: [ArgumentKind; 7] = [
        ArgumentKind::String,
        ArgumentKind::Option,
        ArgumentKind::Integer,
        ArgumentKind::Number,
        ArgumentKind::Boolean,
        ArgumentKind::Path,
        ArgumentKind::Json,
    ];

    /// Returns the type of a word, if there is one.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        ArgumentKind::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// Returns the word for the type.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ArgumentKind::String => "string",
            ArgumentKind::Option => "option",
            ArgumentKind::Integer => "integer",
            ArgumentKind::Number => "number",
            ArgumentKind::Boolean => "boolean",
            ArgumentKind::Path => "path",
            ArgumentKind::Json => "json",
        }
    }

    /// Returns what a value that is not of this type is not: `is no integer`.
    pub(crate) fn refusal(self) -> &'static str {
        match self {
            ArgumentKind::String | ArgumentKind::Option => "is no text",
            ArgumentKind::Integer => "is no integer",
            ArgumentKind::Number => "is no number",
            ArgumentKind::Boolean => "is neither `true` nor `false`",
            ArgumentKind::Path => "is no path",
            ArgumentKind::Json => "is no JSON",
        }
    }

    /// Returns the value that a word of a command line has; `None`: it is not of this type.
    pub(crate) fn parse(self, word: &str) -> Option<Value> {
        let value = match self {
            ArgumentKind::String | ArgumentKind::Option | ArgumentKind::Path => {
                Some(Value::from(word))
            }
            ArgumentKind::Integer => word.parse::<i64>().ok().map(Value::from),
            ArgumentKind::Number => number(word),
            ArgumentKind::Boolean => word.parse::<bool>().ok().map(Value::from),
            ArgumentKind::Json => serde_json::from_str(word).ok(),
        };
        value.filter(|value| self.has(value))
    }

    /// Returns whether a value is of this type.
    pub(crate) fn has(self, value: &Value) -> bool {
        match self {
            ArgumentKind::String | ArgumentKind::Option => value.is_string(),
            ArgumentKind::Integer => value.is_i64(),
            ArgumentKind::Number => value.is_number(),
            ArgumentKind::Boolean => value.is_boolean(),
            ArgumentKind::Path => value.as_str().is_some_and(|path| !path.is_empty()),
            ArgumentKind::Json => true,
        }
    }
}

/// A whole number stays one: 3 is not 3.0 on the way to a command.
fn number(word: &str) -> Option<Value> {
    let whole = word.parse::<i64>().ok().map(Value::from);
    // What Rust reads besides (`inf`, `+1`, `.5`) is no number of JSON.
    whole.or_else(|| serde_json::from_str::<Number>(word).ok().map(Value::Number))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_has_its_word() {
        let words = ArgumentKind::ALL.map(ArgumentKind::word);
        assert_eq!(ArgumentKind::WORDS, words);
        for kind in ArgumentKind::ALL {
            assert_eq!(ArgumentKind::of_word(kind.word()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.word()));
        }
    }

    #[test]
    fn words_become_values_of_their_type() {
        use ArgumentKind::{Boolean, Integer, Json, Number, Option, Path, String};
        for (kind, word, value) in [
            (String, "", Some(json!(""))),
            (String, "5", Some(json!("5"))),
            (Option, "-x", Some(json!("-x"))),
            (Integer, "-5", Some(json!(-5))),
            (Integer, "5.0", None),
            (Integer, "9223372036854775808", None),
            (Number, "3", Some(json!(3))),
            (Number, "2.5e3", Some(json!(2500.0))),
            (Number, "inf", None),
            (Number, "1e999", None),
            (Boolean, "true", Some(json!(true))),
            (Boolean, "yes", None),
            (Path, "a b", Some(json!("a b"))),
            (Path, "", None),
            (Json, "{\"a\": [1]}", Some(json!({"a": [1]}))),
            (Json, "{a}", None),
        ] {
            assert_eq!(kind.parse(word), value, "{kind:?} {word}");
        }
    }
}
