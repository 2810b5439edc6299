//! One argument of a job.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::argument_kind::ArgumentKind;

/// An argument that a job takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArgumentSpec {
    /// The name: `width` for `--width`, `{args.width}` and `$ARG_WIDTH`.
    pub(crate) name: String,
    /// The type.
    #[serde(rename = "type", default)]
    pub(crate) kind: ArgumentKind,
    /// A line that explains the argument.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) help: String,
    /// The value of an argument that is not given; `None`: the argument is required. `null` leaves
    /// it away.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_value"
    )]
    pub(crate) default: Option<Value>,
    /// The possible values; empty: all of the type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) one_of: Vec<Value>,
    /// Whether the value is shown nowhere and reaches steps by environment or standard input alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) secret: bool,
}

/// A default of `null` is one.
fn some_value<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl ArgumentSpec {
    /// Parses a word of a command line.
    ///
    /// # Errors
    ///
    /// What is wrong with the word, as a fragment.
    pub(crate) fn parse(&self, word: &str) -> Result<Value, String> {
        match self.kind.parse(word) {
            Some(value) => self.checked(value),
            None => Err(self.refusal(&Value::from(word))),
        }
    }

    /// Checks a value of JSON.
    ///
    /// # Errors
    ///
    /// What is wrong with the value, as a fragment.
    pub(crate) fn check(&self, value: &Value) -> Result<Value, String> {
        if self.kind.has(value) {
            self.checked(value.clone())
        } else {
            Err(self.refusal(value))
        }
    }

    fn checked(&self, value: Value) -> Result<Value, String> {
        if has_nul(&value) {
            return Err("has a NUL character in it".to_owned());
        }
        if !self.one_of.is_empty() && !self.one_of.contains(&value) {
            let choices: Vec<String> = self.one_of.iter().map(shown).collect();
            let refusal = format!("is not one of {}", choices.join(", "));
            return Err(self.about(&value, &refusal));
        }
        Ok(value)
    }

    fn refusal(&self, value: &Value) -> String {
        self.about(value, self.kind.refusal())
    }

    fn about(&self, value: &Value, refusal: &str) -> String {
        match self.secret {
            true => format!("the value {refusal}"),
            false => format!("{} {refusal}", shown(value)),
        }
    }
}

/// Returns whether a text within a value has a NUL character, which neither a command nor
/// PostgreSQL takes.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(entries) => entries
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns a value as messages show it.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(kind: ArgumentKind) -> ArgumentSpec {
        ArgumentSpec {
            name: "x".to_owned(),
            kind,
            ..ArgumentSpec::default()
        }
    }

    #[test]
    fn what_is_wrong_with_a_value_is_shown() {
        let integer = spec(ArgumentKind::Integer);
        assert_eq!(
            integer.parse("wide").unwrap_err(),
            r#""wide" is no integer"#
        );
        assert_eq!(integer.check(&json!(2.5)).unwrap_err(), "2.5 is no integer");
        let text = spec(ArgumentKind::String);
        assert_eq!(text.check(&json!(5)).unwrap_err(), "5 is no text");
        let long = text.check(&json!([1; 100].to_vec())).unwrap_err();
        assert!(long.len() < 80 && long.contains('…'), "{long}");
    }

    #[test]
    fn a_nul_is_refused_however_deep() {
        let json = spec(ArgumentKind::Json);
        for value in [json!("a\0"), json!([{"a": "\0"}]), json!({"\0": 1})] {
            let error = json.check(&value).unwrap_err();
            assert_eq!(error, "has a NUL character in it");
        }
    }

    #[test]
    fn choices_are_listed() {
        let size = ArgumentSpec {
            one_of: vec![json!("s"), json!("m")],
            ..spec(ArgumentKind::String)
        };
        assert_eq!(size.parse("m"), Ok(json!("m")));
        assert_eq!(
            size.parse("x").unwrap_err(),
            r#""x" is not one of "s", "m""#
        );
    }

    #[test]
    fn a_default_of_null_is_read_back() {
        let optional = ArgumentSpec {
            default: Some(Value::Null),
            ..spec(ArgumentKind::Path)
        };
        let text = serde_json::to_string(&optional).unwrap();
        assert_eq!(
            serde_json::from_str::<ArgumentSpec>(&text).unwrap(),
            optional
        );
        let required = serde_json::to_string(&spec(ArgumentKind::Path)).unwrap();
        let read: ArgumentSpec = serde_json::from_str(&required).unwrap();
        assert_eq!(read.default, None);
    }

    #[test]
    fn a_secret_is_not_in_the_message() {
        let pin = ArgumentSpec {
            secret: true,
            ..spec(ArgumentKind::Integer)
        };
        assert_eq!(pin.parse("hunter2").unwrap_err(), "the value is no integer");
    }
}
