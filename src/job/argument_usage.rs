//! The arguments of a job, as a command explains them.

use serde_json::Value;

use super::argument_kind::ArgumentKind;
use super::argument_schema::ArgumentSchema;
use super::argument_spec::ArgumentSpec;
use super::names::variable_form;

impl ArgumentSchema {
    /// Returns a line for each argument: how it is written, what it is, and what holds without it.
    pub(crate) fn usage(&self) -> String {
        let rows: Vec<(String, String)> = self.specs.iter().map(row).collect();
        let longest = rows.iter().map(|(form, _)| form.chars().count()).max();
        let width = longest.unwrap_or_default();
        let lines = rows.iter().map(|(form, text)| {
            let line = format!("  {form:<width$}  {text}");
            format!("{}\n", line.trim_end())
        });
        lines.collect()
    }
}

fn row(spec: &ArgumentSpec) -> (String, String) {
    let form = match (spec.secret, spec.kind) {
        (true, _) => format!("$ARG_{}", variable_form(&spec.name)),
        (false, ArgumentKind::Boolean) => format!("--{}", spec.name),
        (false, kind) => format!("--{} {}", spec.name, kind.word().to_ascii_uppercase()),
    };
    let choices: Vec<String> = spec.one_of.iter().map(ToString::to_string).collect();
    let mut notes = Vec::new();
    if !choices.is_empty() {
        notes.push(format!("one of {}", choices.join(", ")));
    }
    match &spec.default {
        None => notes.push("required".to_owned()),
        Some(_) if spec.secret || spec.kind == ArgumentKind::Boolean => {}
        Some(Value::Null) => {}
        Some(default) => notes.push(format!("default: {default}")),
    }
    let notes = match notes.is_empty() {
        true => String::new(),
        false => format!("({})", notes.join("; ")),
    };
    let text = [spec.help.as_str(), &notes];
    let text = text.into_iter().filter(|part| !part.is_empty());
    (form, text.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_argument_has_a_line() {
        let spec = |name: &str, kind, default: Option<Value>| ArgumentSpec {
            name: name.to_owned(),
            kind,
            default,
            ..ArgumentSpec::default()
        };
        let schema = ArgumentSchema {
            specs: vec![
                ArgumentSpec {
                    help: "the picture".to_owned(),
                    ..spec("path", ArgumentKind::Path, None)
                },
                ArgumentSpec {
                    one_of: vec![json!(400), json!(800)],
                    ..spec("width", ArgumentKind::Integer, Some(json!(800)))
                },
                spec("dry-run", ArgumentKind::Boolean, Some(json!(false))),
                ArgumentSpec {
                    secret: true,
                    ..spec("api-token", ArgumentKind::String, None)
                },
            ],
        };
        let lines = [
            "  --path PATH      the picture (required)",
            "  --width INTEGER  (one of 400, 800; default: 800)",
            "  --dry-run",
            "  $ARG_API_TOKEN   (required)",
            "",
        ];
        assert_eq!(schema.usage(), lines.join("\n"));
    }
}
