//! The arguments of a job, together.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::argument_errors::{ArgumentError, ArgumentErrors};
use super::argument_spec::ArgumentSpec;
use super::names::variable_form;
use super::repeated_name::repeated_name;
use crate::text::lists::one_of;
use crate::text::suggest::did_you_mean;

/// The arguments that a job takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ArgumentSchema {
    /// In the order of the definition.
    pub(crate) specs: Vec<ArgumentSpec>,
}

impl ArgumentSchema {
    /// How many bytes the arguments of a job have at most, as JSON: each has to fit into a
    /// variable.
    pub(crate) const MOST_BYTES: usize = 64 << 10;

    /// Returns the argument of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&ArgumentSpec> {
        self.specs.iter().find(|spec| spec.name == name)
    }

    /// Returns the argument that is meant by a name of a command line, where `-` and `_` are the
    /// same.
    pub(crate) fn get_plain(&self, name: &str) -> Option<&ArgumentSpec> {
        let wanted = variable_form(name);
        let is_it = |spec: &&ArgumentSpec| variable_form(&spec.name) == wanted;
        self.get(name).or_else(|| self.specs.iter().find(is_it))
    }

    /// Checks the arguments of a job as JSON, and fills in what is not given. `null` stands for
    /// nothing where the type has no `null`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub(crate) fn check(&self, value: &Value) -> Result<Map<String, Value>, ArgumentErrors> {
        let empty = Map::new();
        let given = match value {
            Value::Object(given) => given,
            Value::Null => &empty,
            _ => {
                return Err(ArgumentErrors::of(ArgumentError {
                    argument: String::new(),
                    message: "the arguments are no JSON object".to_owned(),
                    help: None,
                }));
            }
        };
        let mut errors = Vec::new();
        let mut args = Map::new();
        for (name, value) in given {
            match self.get(name) {
                None => errors.push(self.unknown(name, "")),
                Some(spec) => match spec.check(value) {
                    Ok(value) => {
                        args.insert(name.clone(), value);
                    }
                    Err(_) if value.is_null() => {}
                    Err(message) => errors.push(ArgumentError {
                        argument: name.clone(),
                        message,
                        help: None,
                    }),
                },
            }
        }
        let is_wrong = |name: &str| errors.iter().any(|error| error.argument == name);
        let missing = self.fill(&mut args, is_wrong, "");
        errors.extend(missing);
        self.finished(args, errors)
    }

    /// Parses a line of a file: the arguments of one job as JSON.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub(crate) fn parse_json(&self, line: &str) -> Result<Map<String, Value>, ArgumentErrors> {
        let value = serde_json::from_str::<Value>(line).map_err(|error| {
            ArgumentErrors::of(ArgumentError {
                argument: String::new(),
                message: format!("the line is no JSON: {error}"),
                help: None,
            })
        })?;
        if let Some(name) = repeated_name(line) {
            return Err(ArgumentErrors::of(ArgumentError {
                argument: name,
                message: "stands twice in the line".to_owned(),
                help: Some("leave one of them out".to_owned()),
            }));
        }
        self.check(&value)
    }

    /// Fills in defaults, and returns an error for each argument that is missing. `prefix` stands
    /// before names in messages.
    pub(super) fn fill(
        &self,
        args: &mut Map<String, Value>,
        is_wrong: impl Fn(&str) -> bool,
        prefix: &str,
    ) -> Vec<ArgumentError> {
        let mut missing = Vec::new();
        for spec in &self.specs {
            let name = format!("{prefix}{}", spec.name);
            if args.contains_key(&spec.name) || is_wrong(&name) {
                continue;
            }
            match &spec.default {
                Some(default) => {
                    args.insert(spec.name.clone(), default.clone());
                }
                None => missing.push(ArgumentError {
                    argument: name,
                    message: match spec.help.as_str() {
                        "" => format!("is missing ({})", spec.kind.word()),
                        help => format!("is missing ({}: {help})", spec.kind.word()),
                    },
                    help: None,
                }),
            }
        }
        missing
    }

    /// Returns the error about an argument that the job does not take.
    pub(super) fn unknown(&self, name: &str, prefix: &str) -> ArgumentError {
        let names: Vec<String> = self
            .specs
            .iter()
            .map(|spec| format!("{prefix}{}", spec.name))
            .collect();
        let known = || match names.is_empty() {
            true => "this job takes no arguments".to_owned(),
            false => format!("known are {}", one_of(names.iter().map(String::as_str))),
        };
        let name = format!("{prefix}{name}");
        let meant = did_you_mean(&name, names.iter().map(String::as_str));
        ArgumentError {
            message: "unknown argument".to_owned(),
            help: Some(meant.unwrap_or_else(known)),
            argument: name,
        }
    }

    /// Returns the arguments unless something is wrong with them.
    pub(super) fn finished(
        &self,
        args: Map<String, Value>,
        mut errors: Vec<ArgumentError>,
    ) -> Result<Map<String, Value>, ArgumentErrors> {
        let bytes = serde_json::to_vec(&args).map_or(usize::MAX, |json| json.len());
        if bytes > ArgumentSchema::MOST_BYTES {
            errors.push(ArgumentError {
                argument: String::new(),
                message: format!(
                    "the arguments have {bytes} bytes as JSON, more than {}",
                    ArgumentSchema::MOST_BYTES
                ),
                help: Some("write a file, give its name".to_owned()),
            });
        }
        if errors.is_empty() {
            Ok(args)
        } else {
            Err(ArgumentErrors { errors })
        }
    }
}
