//! What a template can refer to, and what is wrong with one that refers to something else.

use std::collections::{BTreeMap, BTreeSet};

use super::argument_kind::ArgumentKind;
use super::argument_schema::ArgumentSchema;
use super::data_source::DataSource;
use super::names::variable_form;
use super::template::ArgumentTemplate;
use super::template_reference::TemplateReference;
use crate::text::lists::one_of;
use crate::text::suggest::did_you_mean;

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateProblem {
    /// A fragment that follows the name of the key: `has …`.
    pub(crate) message: String,
    /// The remedy.
    pub(crate) help: String,
}

/// What the templates of a step can refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TemplateScope<'a> {
    /// The arguments of the job.
    pub(crate) args: &'a ArgumentSchema,
    /// The names of the steps of the job.
    pub(crate) steps: &'a BTreeSet<String>,
    /// The variables of the worker; `None`: not known here.
    pub(crate) vars: Option<&'a BTreeMap<String, String>>,
    /// Whether the step has `try_each`.
    pub(crate) has_each: bool,
}

/// Whether a secret argument can stand in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretUse {
    /// As in standard input.
    Allowed,
    /// As in a command, which every user of the machine can read.
    Refused,
}

impl TemplateScope<'_> {
    /// Parses a text whose references this scope has.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub(crate) fn parse(
        &self,
        text: &str,
        secrets: SecretUse,
    ) -> Result<ArgumentTemplate, Vec<TemplateProblem>> {
        let mut template = ArgumentTemplate::parse(text)
            .map_err(|(message, help)| vec![TemplateProblem { message, help }])?;
        let references = template.references_mut();
        let problems: Vec<TemplateProblem> = references
            .filter_map(|reference| self.complete(reference, secrets).err())
            .collect();
        match problems.is_empty() {
            true => Ok(template),
            false => Err(problems),
        }
    }

    /// Checks a reference, and adds what the schema of the arguments has about it.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn complete(
        &self,
        reference: &mut TemplateReference,
        secrets: SecretUse,
    ) -> Result<(), TemplateProblem> {
        let written = reference.written();
        match &reference.source {
            DataSource::Argument(name) => {
                let spec = self.args.get(name).ok_or_else(|| {
                    let names = self.args.specs.iter().map(|spec| spec.name.as_str());
                    unknown(&written, &format!("argument `{name}`"), name, names)
                })?;
                if spec.secret && secrets == SecretUse::Refused {
                    let variable = variable_form(name);
                    return Err(TemplateProblem {
                        message: format!(
                            "has `{{{written}}}`, which is secret, and others can read a command line"
                        ),
                        help: format!(
                            "write `reads = [\"args.{name}\"]` for the variable `$ARG_{variable}`, or `input = \"{{args.{name}}}\"`"
                        ),
                    });
                }
                if !reference.path.is_empty() && spec.kind != ArgumentKind::Json {
                    return Err(TemplateProblem {
                        message: format!(
                            "has `{{{written}}}`, and `{name}` has no keys: its type is `{}`",
                            spec.kind.word()
                        ),
                        help: format!("write `{{args.{name}}}`, or `type = \"json\"`"),
                    });
                }
                reference.may_be_option = spec.kind == ArgumentKind::Option;
                Ok(())
            }
            DataSource::Variable(name) => match self.vars {
                Some(vars) if !vars.contains_key(name) => {
                    let names = vars.keys().map(String::as_str);
                    Err(unknown(
                        &written,
                        &format!("`{name}` in `vars` of `[worker]`"),
                        name,
                        names,
                    ))
                }
                _ => Ok(()),
            },
            DataSource::Each if !self.has_each => Err(TemplateProblem {
                message: "has `{each}`, and the step has no `try_each`".to_owned(),
                help: "write `try_each = […]`, whose values are tried one after the other"
                    .to_owned(),
            }),
            DataSource::Result(step) if !self.steps.contains(step) => {
                let names = self.steps.iter().map(String::as_str);
                let mut problem = unknown(&written, &format!("step `{step}`"), step, names);
                if self.args.get(step).is_some() {
                    problem.help = format!("write `{{args.{written}}}` for the argument");
                }
                Err(problem)
            }
            DataSource::Each | DataSource::JobId | DataSource::Result(_) => Ok(()),
        }
    }
}

fn unknown<'n>(
    written: &str,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) -> TemplateProblem {
    let known: Vec<&str> = known.collect();
    let help = did_you_mean(name, known.iter().copied());
    TemplateProblem {
        message: format!("has `{{{written}}}`, and there is no {what}"),
        help: help.unwrap_or_else(|| match known.is_empty() {
            true => "write `{{` and `}}` for braces".to_owned(),
            false => format!(
                "known are {}; write `{{{{` and `}}}}` for braces",
                one_of(known)
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::ArgumentSpec;

    #[test]
    fn references_to_what_is_not_there_are_refused_with_the_remedy() {
        let spec = |name: &str, kind, secret| ArgumentSpec {
            name: name.to_owned(),
            kind,
            secret,
            ..ArgumentSpec::default()
        };
        let args = ArgumentSchema {
            specs: vec![
                spec("path", ArgumentKind::Path, false),
                spec("meta", ArgumentKind::Json, false),
                spec("flags", ArgumentKind::Option, false),
                spec("api-token", ArgumentKind::String, true),
            ],
        };
        let steps = BTreeSet::from(["fetch".to_owned()]);
        let vars = BTreeMap::from([("storage".to_owned(), "/a".to_owned())]);
        let scope = TemplateScope {
            args: &args,
            steps: &steps,
            vars: Some(&vars),
            has_each: false,
        };
        for text in [
            "{args.path}",
            "{args.meta.a.b}",
            "{fetch.x}{job.id}",
            "{var.storage}",
            "x",
        ] {
            assert!(scope.parse(text, SecretUse::Refused).is_ok(), "{text}");
        }
        assert!(scope.parse("{args.api-token}", SecretUse::Allowed).is_ok());
        let option = scope.parse("{args.flags}", SecretUse::Refused).unwrap();
        assert!(option.references().all(|reference| reference.may_be_option));
        for (text, problems) in [
            (
                "{args.paht}",
                "has `{args.paht}`, and there is no argument `paht`; did you mean `path`?",
            ),
            (
                "{path}",
                "has `{path}`, and there is no step `path`; write `{args.path}` for the argument",
            ),
            (
                "{fetsh.x}{each}",
                "has `{fetsh.x}`, and there is no step `fetsh`; did you mean `fetch`?\n\
              has `{each}`, and the step has no `try_each`; write `try_each = […]`, whose values are tried one after the other",
            ),
            (
                "{args.path.x}",
                "has `{args.path.x}`, and `path` has no keys: its type is `path`; write `{args.path}`, or `type = \"json\"`",
            ),
            (
                "{var.storages}",
                "has `{var.storages}`, and there is no `storages` in `vars` of `[worker]`; did you mean `storage`?",
            ),
            (
                "{args.api-token}",
                "has `{args.api-token}`, which is secret, and others can read a command line; \
              write `reads = [\"args.api-token\"]` for the variable `$ARG_API_TOKEN`, or `input = \"{args.api-token}\"`",
            ),
            (
                "{colour}",
                "has `{colour}`, and there is no step `colour`; known are `fetch`; write `{{` and `}}` for braces",
            ),
        ] {
            let found = scope.parse(text, SecretUse::Refused).unwrap_err();
            let found: Vec<String> = found
                .into_iter()
                .map(|TemplateProblem { message, help }| format!("{message}; {help}"))
                .collect();
            assert_eq!(found.join("\n"), problems, "{text}");
        }
    }
}
