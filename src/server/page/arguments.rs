//! The arguments of jobs as users may see them: secrets are hidden.

use maud::{Markup, html};
use serde_json::Value;

use super::wording::{name, plain_words};
use crate::core::settings::SECRET_PARTS;
use crate::job::JobSchema;

/// An argument as a page shows it.
pub(super) struct ShownArgument {
    /// The name.
    pub(super) name: String,
    /// The value as text; `None`: the value is hidden.
    pub(super) value: Option<String>,
}

/// Returns the arguments of a job. Which are secret is unknown where the definition is:
/// all are hidden.
pub(super) fn shown(schema: Option<&JobSchema>, args: &Value) -> Vec<ShownArgument> {
    let Some(args) = args.as_object() else {
        return Vec::new();
    };
    let is_secret = |argument: &str| match schema {
        None => true,
        Some(schema) => {
            let spec = schema.args.get(argument);
            has_secret_name(argument) || spec.is_none_or(|spec| spec.secret)
        }
    };
    let shown = args.iter().map(|(argument, value)| ShownArgument {
        name: argument.clone(),
        value: (!is_secret(argument)).then(|| value_words(value)),
    });
    shown.collect()
}

/// Returns whether an argument has the name of a secret. `key` and `author` are none.
fn has_secret_name(argument: &str) -> bool {
    let argument = argument.to_lowercase();
    let parts = SECRET_PARTS
        .iter()
        .filter(|part| !matches!(**part, "key" | "auth"));
    parts.copied().any(|part| argument.contains(part))
}

/// Returns a value as it was written: a text without quotes.
fn value_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns all arguments on one line: `path=/srv/in.jpg width=800`.
pub(super) fn line(arguments: &[ShownArgument]) -> String {
    let words = arguments.iter().map(|argument| match &argument.value {
        Some(value) => format!("{}={}", argument.name, plain_words(value, 60)),
        None => format!("{}=hidden", argument.name),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns the arguments as a table.
pub(super) fn table(arguments: &[ShownArgument]) -> Markup {
    html! {
        section class="card" {
            table {
                caption { h2 { "Arguments" } @if arguments.is_empty() { " none" } }
                tbody {
                    @for argument in arguments {
                        tr {
                            th scope="row" class="quiet" { (name(&argument.name)) }
                            td class="json" {
                                @match &argument.value {
                                    Some(value) => { bdi { (plain_words(value, 500)) } }
                                    None => { span class="hide" title="A secret, or of a definition that no worker knows" { "hidden" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_and_so_is_all_of_an_unknown_definition() {
        let schema: JobSchema = serde_json::from_value(json!({
            "args": [{"name": "path"}, {"name": "token"}, {"name": "pin", "secret": true}]
        }))
        .unwrap();
        let args = json!({"path": "/a", "token": "x", "pin": 1234, "other": 1});
        assert_eq!(
            line(&shown(Some(&schema), &args)),
            "other=hidden path=/a pin=hidden token=hidden"
        );
        let hidden = "other=hidden path=hidden pin=hidden token=hidden";
        assert_eq!(line(&shown(None, &args)), hidden);
    }
}
