//! The variables by which a step sees values of the job.

use std::collections::BTreeMap;

use super::argument_schema::ArgumentSchema;
use super::data_source::DataSource;
use super::job_data::JobData;
use super::names::variable_form;
use super::program_template::ProgramTemplate;
use super::render_errors::{RenderError, RenderErrorKind};
use super::shell_text::{ARGUMENT, RESULT, RESULT_FILE, VariableMention, variables_in};
use super::template_reference::TemplateReference;
use super::template_scope::{SecretUse, TemplateProblem, TemplateScope};
use crate::text::suggest::did_you_mean;

/// A variable of a step with a value of the job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepVariable {
    /// What the value is.
    pub(crate) reference: TemplateReference,
    /// Whether the last key of the reference is in the form of a variable: `FILE` for `file`.
    pub(crate) is_by_form: bool,
    /// Whether the variable is left out where there is no value.
    pub(crate) is_optional: bool,
}

impl StepVariable {
    /// Returns the value; `None` leaves the variable out.
    pub(super) fn render(&self, data: &JobData<'_>) -> Result<Option<String>, RenderError> {
        let mut reference = self.reference.clone();
        if let (true, DataSource::Result(step), [form]) = (
            self.is_by_form,
            &self.reference.source,
            self.reference.path.as_slice(),
        ) && let Some(key) = data.key_of_form(step, form)
        {
            reference.path = vec![key.to_owned()];
        }
        let rendered = data.text(&reference);
        match rendered {
            Ok((text, _)) => Ok(Some(text.into_owned())),
            Err(error) if self.is_optional && error.kind == RenderErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns the variables that a step sees: all arguments but secret ones, and what its text or
/// `reads` names. What is wrong goes to `problems`.
pub(crate) fn step_variables(
    program: &ProgramTemplate,
    reads: &[String],
    scope: &TemplateScope<'_>,
    problems: &mut Vec<TemplateProblem>,
) -> BTreeMap<String, StepVariable> {
    let mut variables = BTreeMap::new();
    for spec in scope.args.specs.iter().filter(|spec| !spec.secret) {
        variables.insert(argument_variable(&spec.name), of_argument(&spec.name));
    }
    for text in reads {
        match declared(text, scope) {
            Ok((name, variable))
                if name == RESULT_FILE || is_other(&variables, &name, &variable) =>
            {
                problems.push(TemplateProblem {
                    message: format!("has `{text}`, and `${name}` is something else already"),
                    help: "leave one of them out, or rename it".to_owned(),
                });
            }
            Ok((name, variable)) => {
                variables.insert(name, variable);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if let ProgramTemplate::Shell(text) = program {
        for (name, mention) in variables_in(text) {
            if variables.contains_key(name) {
                continue;
            }
            let found = match name.strip_prefix(RESULT) {
                Some(form) => of_result(form, mention, scope),
                None => of_secret(name, scope.args),
            };
            match found {
                Ok(variable) => {
                    variables.insert(name.to_owned(), variable);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    variables
}

fn is_other(
    variables: &BTreeMap<String, StepVariable>,
    name: &str,
    variable: &StepVariable,
) -> bool {
    let same = variables.get(name);
    same.is_some_and(|same| same.reference.written() != variable.reference.written())
}

/// Returns the first template in a text in which nothing is replaced, and the variable that has its
/// value. What only looks like a template, such as `{print}`, is left out.
pub(crate) fn template_in_text(text: &str, scope: &TemplateScope<'_>) -> Option<(String, String)> {
    let inside = text.match_indices('{').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        Some(&rest[..rest.find('}')?])
    });
    let references = inside.filter_map(|inside| TemplateReference::parse(inside).ok());
    let mut meant = references.filter_map(|reference| {
        let keys = reference
            .path
            .iter()
            .map(|key| format!("_{}", variable_form(key)));
        let keys: String = keys.collect();
        let variable = match &reference.source {
            DataSource::Argument(name) => format!("${}", argument_variable(name)),
            DataSource::Variable(name) => format!("$VAR_{}", variable_form(name)),
            DataSource::JobId => "$JOB_ID".to_owned(),
            DataSource::Each if scope.has_each => "$EACH".to_owned(),
            DataSource::Result(step) if scope.steps.contains(step) && !keys.is_empty() => {
                format!("${RESULT}{}{keys}", variable_form(step))
            }
            DataSource::Each | DataSource::Result(_) => return None,
        };
        Some((reference.written(), variable))
    });
    meant.next()
}

/// Returns the variables with the arguments of a job, but for secret ones.
///
/// # Errors
///
/// A value that no variable can have.
pub(crate) fn argument_variables(
    schema: &ArgumentSchema,
    data: &JobData<'_>,
) -> Result<BTreeMap<String, String>, RenderError> {
    let mut variables = BTreeMap::new();
    for spec in schema.specs.iter().filter(|spec| !spec.secret) {
        if let Some(value) = of_argument(&spec.name).render(data)? {
            variables.insert(argument_variable(&spec.name), value);
        }
    }
    Ok(variables)
}

fn argument_variable(name: &str) -> String {
    format!("{ARGUMENT}{}", variable_form(name))
}

fn of_argument(name: &str) -> StepVariable {
    StepVariable {
        reference: TemplateReference::to(DataSource::Argument(name.to_owned()), Vec::new()),
        is_by_form: false,
        is_optional: true,
    }
}

/// Reads an entry of `reads`: `args.token`, `fetch.file`, `fetch.size.width|0`.
fn declared(
    text: &str,
    scope: &TemplateScope<'_>,
) -> Result<(String, StepVariable), TemplateProblem> {
    let mut reference = TemplateReference::parse(text)
        .map_err(|(message, help)| TemplateProblem { message, help })?;
    scope.complete(&mut reference, SecretUse::Allowed)?;
    let keys = || reference.path.iter().map(|key| variable_form(key));
    let form = |first: &str| {
        let parts = std::iter::once(variable_form(first)).chain(keys());
        parts.collect::<Vec<_>>().join("_")
    };
    let name = match &reference.source {
        DataSource::Argument(name) => format!("{ARGUMENT}{}", form(name)),
        DataSource::Result(step) => format!("{RESULT}{}", form(step)),
        DataSource::Each | DataSource::JobId | DataSource::Variable(_) => {
            return Err(TemplateProblem {
                message: format!("has `{text}`, which each step sees anyway"),
                help: "as `$EACH`, `$JOB_ID` and `$VAR_NAME`".to_owned(),
            });
        }
    };
    let variable = StepVariable {
        reference,
        is_by_form: false,
        is_optional: false,
    };
    Ok((name, variable))
}

/// Returns what a variable of a result means: the step whose name it begins with, and the key that
/// the rest is the form of.
fn of_result(
    form: &str,
    mention: VariableMention,
    scope: &TemplateScope<'_>,
) -> Result<StepVariable, TemplateProblem> {
    let mut meant = scope.steps.iter().filter_map(|step| {
        let rest = form.strip_prefix(&variable_form(step))?;
        let key = match rest {
            "" => None,
            rest => Some(rest.strip_prefix('_').filter(|key| !key.is_empty())?),
        };
        Some((step, key))
    });
    let Some((step, key)) = meant.next() else {
        let forms: Vec<String> = scope.steps.iter().map(|step| variable_form(step)).collect();
        let first = form.split('_').next().unwrap_or_default();
        let near = did_you_mean(first, forms.iter().map(String::as_str));
        return Err(TemplateProblem {
            message: format!("has `${RESULT}{form}`, and no step has a name of that form"),
            help: near.unwrap_or_else(|| {
                "it is `$RESULT_STEP_KEY`; call a variable of your own by another name".to_owned()
            }),
        });
    };
    if let Some((other, _)) = meant.next() {
        return Err(TemplateProblem {
            message: format!(
                "has `${RESULT}{form}`, which may be of step `{step}` and of step `{other}`"
            ),
            help: format!("write the one that is meant: `reads = [\"{other}.KEY\"]`"),
        });
    }
    Ok(StepVariable {
        reference: TemplateReference::to(
            DataSource::Result(step.clone()),
            key.map(str::to_owned).into_iter().collect(),
        ),
        is_by_form: true,
        is_optional: mention.has_default,
    })
}

/// All other arguments are among the variables already.
fn of_secret(name: &str, args: &ArgumentSchema) -> Result<StepVariable, TemplateProblem> {
    let secret = args.specs.iter().filter(|spec| spec.secret);
    let mut secret = secret.filter(|spec| argument_variable(&spec.name) == name);
    if let Some(spec) = secret.next() {
        return Ok(of_argument(&spec.name));
    }
    let names: Vec<String> = args
        .specs
        .iter()
        .map(|spec| argument_variable(&spec.name))
        .collect();
    let near = did_you_mean(name, names.iter().map(String::as_str));
    Err(TemplateProblem {
        message: format!("has `${name}`, and the job has no such argument"),
        help: near.unwrap_or_else(|| {
            "it is `$ARG_NAME`; call a variable of your own by another name".to_owned()
        }),
    })
}
