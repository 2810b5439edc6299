//! Arguments as words of a command line: `--name value`, `--name=value`, `--flag`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::argument_errors::{ArgumentError, ArgumentErrors};
use super::argument_kind::ArgumentKind;
use super::argument_schema::ArgumentSchema;
use super::argument_spec::ArgumentSpec;
use super::names::variable_form;

impl ArgumentSchema {
    /// Parses the words of a command line, and fills in what is not given. Secret arguments are
    /// taken from the variables `ARG_NAME`: every user of the machine can read a command line.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub(crate) fn parse_words(
        &self,
        words: &[String],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Map<String, Value>, ArgumentErrors> {
        let mut line = LineReader {
            schema: self,
            args: Map::new(),
            errors: Vec::new(),
            seen: BTreeSet::new(),
        };
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            rest = line.word(word, after);
        }
        line.secrets(variable);
        let LineReader {
            mut args,
            mut errors,
            seen,
            ..
        } = line;
        let missing = self.fill(&mut args, |name| seen.contains(name), "--");
        errors.extend(missing);
        self.finished(args, errors)
    }
}

struct LineReader<'a> {
    schema: &'a ArgumentSchema,
    args: Map<String, Value>,
    errors: Vec<ArgumentError>,
    /// The arguments that were named, as `--name`.
    seen: BTreeSet<String>,
}

impl LineReader<'_> {
    fn error(&mut self, argument: &str, message: impl Into<String>, help: Option<String>) {
        self.errors.push(ArgumentError {
            argument: argument.to_owned(),
            message: message.into(),
            help,
        });
    }

    /// Reads a word, and perhaps its value; returns the rest.
    fn word<'w>(&mut self, word: &str, after: &'w [String]) -> &'w [String] {
        let Some(name) = word.strip_prefix("--").filter(|name| !name.is_empty()) else {
            let help = match self.schema.specs.as_slice() {
                [only] => format!("write `--{}=…`", only.name),
                _ => "write `--NAME VALUE`".to_owned(),
            };
            let message = format!("`{word}` belongs to no argument");
            self.error("", message, Some(help));
            return after;
        };
        let (name, attached) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        let Some(spec) = self.schema.get_plain(name) else {
            self.errors.push(self.schema.unknown(name, "--"));
            // A value of what is unknown is no mistake of its own.
            return match after {
                [value, rest @ ..] if attached.is_none() && !value.starts_with('-') => rest,
                _ => after,
            };
        };
        let shown = format!("--{}", spec.name);
        if !self.seen.insert(shown.clone()) {
            self.error(&shown, "is given twice", None);
        }
        let (value, rest) = match attached {
            Some(value) => (Some(value), after),
            None => following(spec, after),
        };
        match value {
            Some(value) => self.value(spec, &shown, value),
            None => return self.without_value(&shown, rest),
        }
        rest
    }

    fn value(&mut self, spec: &ArgumentSpec, shown: &str, value: &str) {
        if spec.secret {
            let variable = format!("ARG_{}", variable_form(&spec.name));
            let help = format!("set the variable `{variable}`");
            let message = "is secret, and others can read a command line";
            self.error(shown, message, Some(help));
            return;
        }
        match spec.parse(value) {
            Ok(value) => {
                self.args.insert(spec.name.clone(), value);
            }
            Err(message) => self.error(shown, message, None),
        }
    }

    fn without_value<'w>(&mut self, shown: &str, rest: &'w [String]) -> &'w [String] {
        match rest {
            [next, after @ ..] if !next.starts_with("--") => {
                let help = format!("write `{shown}={next}` if that is the value");
                self.error(shown, "has no value", Some(help));
                after
            }
            _ => {
                self.error(shown, "has no value", None);
                rest
            }
        }
    }

    fn secrets(&mut self, variable: impl Fn(&str) -> Option<String>) {
        let secret = self.schema.specs.iter().filter(|spec| spec.secret);
        for spec in secret {
            let name = format!("ARG_{}", variable_form(&spec.name));
            let Some(word) = variable(&name) else {
                continue;
            };
            match spec.parse(&word) {
                Ok(value) => {
                    self.args.insert(spec.name.clone(), value);
                }
                Err(message) => {
                    self.seen.insert(format!("--{}", spec.name));
                    self.error(&format!("${name}"), message, None);
                }
            }
        }
    }
}

/// Returns the value in the next word, if it is one, and the rest. A flag needs none, and takes
/// `true` and `false` alone.
fn following<'w>(spec: &ArgumentSpec, after: &'w [String]) -> (Option<&'w str>, &'w [String]) {
    let next = after.first().map(String::as_str);
    let is_flag = spec.kind == ArgumentKind::Boolean;
    match next {
        Some(value) if is_flag && matches!(value, "true" | "false") => (Some(value), &after[1..]),
        _ if is_flag => (Some("true"), after),
        Some(value) if !value.starts_with('-') => (Some(value), &after[1..]),
        // What begins with `-` may be the next argument.
        _ => (None, after),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> ArgumentSchema {
        let spec = |name: &str, kind, default: Option<Value>| ArgumentSpec {
            name: name.to_owned(),
            kind,
            default,
            ..ArgumentSpec::default()
        };
        ArgumentSchema {
            specs: vec![
                ArgumentSpec {
                    help: "the picture".to_owned(),
                    ..spec("path", ArgumentKind::Path, None)
                },
                spec("width", ArgumentKind::Integer, Some(json!(800))),
                spec("dry_run", ArgumentKind::Boolean, Some(json!(false))),
                ArgumentSpec {
                    secret: true,
                    ..spec("token", ArgumentKind::String, Some(json!("")))
                },
            ],
        }
    }

    fn parsed(line: &str) -> Result<Value, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let words = if line.is_empty() { Vec::new() } else { words };
        let variable = |name: &str| (name == "ARG_TOKEN").then(|| "t0k".to_owned());
        let args = schema().parse_words(&words, variable);
        args.map(Value::Object).map_err(|errors| errors.to_string())
    }

    #[test]
    fn both_forms_are_read_and_defaults_are_filled_in() {
        for (line, width, dry_run) in [
            ("--path a.png", 800, false),
            ("--path=a.png --width 5 --dry-run", 5, true),
            ("--dry-run false --path=a.png --width=-5", -5, false),
            ("--dry_run=true --path a.png", 800, true),
        ] {
            let args = json!({"path": "a.png", "width": width, "dry_run": dry_run, "token": "t0k"});
            assert_eq!(parsed(line), Ok(args), "{line}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_listed_with_its_remedy() {
        for (line, errors) in [
            ("", "--path: is missing (path: the picture)"),
            (
                "--path a --width wide --widht=5",
                "--width: \"wide\" is no integer\n--widht: unknown argument; did you mean `--width`?",
            ),
            (
                "--path a --colour red b",
                "--colour: unknown argument; known are `--path`, `--width`, `--dry_run` or `--token`\n\
                 `b` belongs to no argument; write `--NAME VALUE`",
            ),
            (
                "--path -x",
                "--path: has no value; write `--path=-x` if that is the value",
            ),
            ("--path --width 5", "--path: has no value"),
            ("--path a --path b", "--path: is given twice"),
            ("--path a\0b", "--path: has a NUL character in it"),
            (
                "--path a --token=hunter2",
                "--token: is secret, and others can read a command line; \
                 set the variable `ARG_TOKEN`",
            ),
        ] {
            assert_eq!(parsed(line), Err(errors.to_owned()), "{line}");
        }
    }

    #[test]
    fn json_is_checked_like_words() {
        let check = |line: &str| {
            schema()
                .parse_json(line)
                .map_err(|errors| errors.to_string())
        };
        let args = check(r#"{"path": "a", "width": null}"#).unwrap();
        assert_eq!(
            Value::Object(args),
            json!({"path": "a", "width": 800, "dry_run": false, "token": ""})
        );
        for (line, errors) in [
            ("[]", "the arguments are no JSON object"),
            (
                "{",
                "the line is no JSON: EOF while parsing an object at line 1 column 1",
            ),
            (
                r#"{"width": "wide", "widht": 5, "token": 5}"#,
                "token: the value is no text\n\
                 widht: unknown argument; did you mean `width`?\n\
                 width: \"wide\" is no integer\n\
                 path: is missing (path: the picture)",
            ),
        ] {
            assert_eq!(check(line).unwrap_err(), errors, "{line}");
        }
        let long = json!({"path": "x".repeat(70_000)});
        let errors = schema().check(&long).unwrap_err().to_string();
        assert!(errors.contains("write a file, give its name"), "{errors}");
    }
}
