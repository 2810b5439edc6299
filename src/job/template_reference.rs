//! References in templates to the data of a job.

use super::data_source::DataSource;
use super::names::is_part_of_name;
use super::render_errors::{RenderError, RenderErrorKind};

/// A reference to a value: `a.x.y|default`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TemplateReference {
    /// Where the value is from.
    pub(crate) source: DataSource,
    /// The keys that lead to the value within that.
    pub(crate) path: Vec<String>,
    /// The text that stands in for a value that is missing or `null`.
    pub(crate) default: Option<String>,
    /// Whether the value may begin an argument with a `-`.
    pub(crate) may_be_option: bool,
}

impl TemplateReference {
    /// Creates a reference without a default.
    pub(crate) fn to(source: DataSource, path: Vec<String>) -> Self {
        TemplateReference {
            source,
            path,
            default: None,
            may_be_option: false,
        }
    }

    /// Parses what is in the braces.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a fragment, and the remedy.
    pub(crate) fn parse(inside: &str) -> Result<Self, (String, String)> {
        let (path, default) = match inside.split_once('|') {
            Some((path, default)) => (path, Some(default.to_owned())),
            None => (inside, None),
        };
        let mut parts = path.split('.').map(str::to_owned);
        let is_wrong = |part: &str| part.is_empty() || !part.chars().all(is_part_of_name);
        if parts.clone().any(|part| is_wrong(&part)) {
            let message = format!("has `{{{inside}}}`, which is no reference to a value");
            let help = "write `{{` and `}}` for braces; references are like `{args.name}`, `{step.key}` or `{step.key|default}`";
            return Err((message, help.to_owned()));
        }
        let first = parts.next().unwrap_or_default();
        let mut named = |what: &str| {
            parts.next().ok_or_else(|| {
                let message = format!("has `{{{inside}}}`, which names no {what}");
                (message, format!("write `{{{first}.NAME}}`"))
            })
        };
        let source = match first.as_str() {
            "args" => DataSource::Argument(named("argument")?),
            "var" => DataSource::Variable(named("variable")?),
            "job" => match named("value")?.as_str() {
                "id" => DataSource::JobId,
                _ => {
                    let message = format!("has `{{{inside}}}`, which nothing gives");
                    return Err((message, "of the job itself there is `{job.id}`".to_owned()));
                }
            },
            "each" => DataSource::Each,
            _ => DataSource::Result(first),
        };
        let path: Vec<String> = parts.collect();
        if !path.is_empty() && matches!(source, DataSource::Variable(_) | DataSource::JobId) {
            let message = format!("has `{{{inside}}}`, which nothing gives");
            return Err((message, "the value is a text and has no keys".to_owned()));
        }
        Ok(TemplateReference {
            default,
            ..TemplateReference::to(source, path)
        })
    }

    /// Returns the reference as it is written, without a default.
    pub(crate) fn written(&self) -> String {
        let mut text = match &self.source {
            DataSource::Argument(name) => format!("args.{name}"),
            DataSource::Variable(name) => format!("var.{name}"),
            DataSource::JobId => "job.id".to_owned(),
            DataSource::Each => "each".to_owned(),
            DataSource::Result(step) => step.clone(),
        };
        for key in &self.path {
            text.push('.');
            text.push_str(key);
        }
        text
    }

    /// Returns the error about this reference.
    pub(super) fn error(&self, kind: RenderErrorKind) -> RenderError {
        RenderError {
            reference: self.written(),
            source: self.source.clone(),
            kind,
        }
    }
}
