//! Templates of one argument: text with references to the data of a job.

use std::borrow::Cow;

use serde_json::Value;

use super::job_data::JobData;
use super::names::is_part_of_name;
use super::render_errors::{RenderError, RenderErrorKind};

/// The template of one argument, parsed: `{fetch.path}`, `--width={args.width}`, `{{literal}}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ArgumentTemplate {
    /// Texts and references, in order.
    pub(crate) pieces: Vec<TemplatePiece>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TemplatePiece {
    /// A text as it stands.
    Literal(String),
    /// A reference in braces.
    Reference(TemplateReference),
}

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

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataSource {
    /// `{args.NAME}`
    Argument(String),
    /// `{var.NAME}`, a variable of the worker.
    Variable(String),
    /// `{job.id}`
    JobId,
    /// `{each}`, the value of `try_each` of this execution.
    Each,
    /// `{STEP.KEY}`, the result of a step.
    Result(String),
}

impl ArgumentTemplate {
    /// Parses a text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a fragment, and the remedy.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, String)> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace, after) = (&rest[at..=at], &rest[at + 1..]);
            if let Some(after) = after.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                let message = "has a `}` without a `{`".to_owned();
                return Err((message, "write `}}` for a brace".to_owned()));
            }
            let Some((inside, after)) = after.split_once('}') else {
                let message = "has a `{` without a `}`".to_owned();
                return Err((message, "write `{{` for a brace".to_owned()));
            };
            if !literal.is_empty() {
                pieces.push(TemplatePiece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(TemplatePiece::Reference(TemplateReference::parse(inside)?));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(TemplatePiece::Literal(literal));
        }
        Ok(ArgumentTemplate { pieces })
    }

    /// Returns the references, in order.
    pub(crate) fn references(&self) -> impl Iterator<Item = &TemplateReference> {
        self.pieces.iter().filter_map(|piece| match piece {
            TemplatePiece::Reference(reference) => Some(reference),
            TemplatePiece::Literal(_) => None,
        })
    }

    /// Returns the references, in order, to complete them.
    pub(crate) fn references_mut(&mut self) -> impl Iterator<Item = &mut TemplateReference> {
        self.pieces.iter_mut().filter_map(|piece| match piece {
            TemplatePiece::Reference(reference) => Some(reference),
            TemplatePiece::Literal(_) => None,
        })
    }

    /// Returns the text, if the template has no reference.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [TemplatePiece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Renders one argument of a command. `after_dashes`: whether `--` stands before the argument,
    /// so that no program reads it as an option.
    pub(crate) fn render_argument(
        &self,
        data: &JobData<'_>,
        after_dashes: bool,
    ) -> Result<String, RenderError> {
        self.render_with(data, |reference, text| {
            let is_option = text.starts_with('-') && !after_dashes && !reference.may_be_option;
            is_option.then_some(RenderErrorKind::BeginsWithDash)
        })
    }

    /// Renders a text that no program reads as an argument.
    pub(crate) fn render_text(&self, data: &JobData<'_>) -> Result<String, RenderError> {
        self.render_with(data, |_, _| None)
    }

    /// `refuses` is asked about each value that begins the text.
    fn render_with(
        &self,
        data: &JobData<'_>,
        refuses: impl Fn(&TemplateReference, &str) -> Option<RenderErrorKind>,
    ) -> Result<String, RenderError> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                TemplatePiece::Literal(literal) => text.push_str(literal),
                TemplatePiece::Reference(reference) => {
                    let (value, is_data) = reference.render(data)?;
                    if let Some(kind) =
                        refuses(reference, &value).filter(|_| text.is_empty() && is_data)
                    {
                        return Err(reference.error(kind));
                    }
                    text.push_str(&value);
                }
            }
        }
        Ok(text)
    }
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

    /// Returns the text of the value, and whether it is data, not the default.
    pub(super) fn render<'d>(
        &'d self,
        data: &JobData<'d>,
    ) -> Result<(Cow<'d, str>, bool), RenderError> {
        let found = match (&self.source, data.find(self)) {
            (DataSource::Variable(name), _) => data.vars.get(name).map(|text| text.as_str().into()),
            (DataSource::JobId, _) => Some(Cow::from(data.job_id)),
            (_, Some(Value::Null) | None) => None,
            (_, Some(value)) => Some(as_text(value)),
        };
        let rendered = match (found, &self.default) {
            (Some(text), _) => (text, true),
            (None, Some(default)) => (default.into(), false),
            (None, None) => return Err(self.error(RenderErrorKind::Missing)),
        };
        if rendered.0.contains('\0') {
            return Err(self.error(RenderErrorKind::Nul));
        }
        Ok(rendered)
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

/// Returns a value as the text of an argument: texts as they are, all else as JSON.
fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, json};

    use super::*;

    fn parse_error(text: &str) -> String {
        let (message, help) = ArgumentTemplate::parse(text).unwrap_err();
        format!("{message}; {help}")
    }

    fn rendered(text: &str, after_dashes: bool) -> Result<String, String> {
        let args = json!({"x": "a b", "n": 5, "yes": true, "minus": "-rf", "list": [1, "ü"], "nul": "\0", "empty": ""});
        let Value::Object(args) = args else {
            unreachable!("it is an object")
        };
        let results = BTreeMap::from([
            (
                "fetch".to_owned(),
                json!({"file": "/tmp/a", "size": {"w": 1.5}, "none": null, "all": ["p", "q"]}),
            ),
            ("plain".to_owned(), json!("text")),
        ]);
        let vars = BTreeMap::from([("storage".to_owned(), "/mnt/a".to_owned())]);
        let each = json!({"host": "h1"});
        let data = JobData {
            job_id: "17",
            args: &args,
            results: &results,
            each: Some(&each),
            vars: &vars,
        };
        let template = ArgumentTemplate::parse(text).unwrap();
        let rendered = template.render_argument(&data, after_dashes);
        rendered.map_err(|error| error.to_string())
    }

    #[test]
    fn references_become_parts_of_one_argument() {
        for (text, argument) in [
            ("", ""),
            ("plain text", "plain text"),
            ("{args.x}", "a b"),
            ("--n={args.n}", "--n=5"),
            ("{args.yes}{args.n}", "true5"),
            ("{args.list}", "[1,\"ü\"]"),
            ("{fetch.file}.png", "/tmp/a.png"),
            ("{fetch.size.w}", "1.5"),
            ("{fetch.size}", "{\"w\":1.5}"),
            ("{fetch.all.1}", "q"),
            ("{plain}", "text"),
            ("{fetch.none|nothing at all: {{}", "nothing at all: {{"),
            ("{fetch.gone|}", ""),
            ("{gone.key|-5}", "-5"),
            ("{each.host}", "h1"),
            ("{var.storage}/{job.id}", "/mnt/a/17"),
            ("{{args.x}}", "{args.x}"),
            ("a{{b}}{args.n}", "a{b}5"),
        ] {
            assert_eq!(rendered(text, false), Ok(argument.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_missing_fails() {
        for (text, error) in [
            (
                "{fetch.gone}",
                "`{fetch.gone}` has no value: step `fetch` gave none",
            ),
            (
                "{fetch.none}",
                "`{fetch.none}` has no value: step `fetch` gave none",
            ),
            (
                "{gone.key}",
                "`{gone.key}` has no value: step `gone` gave none",
            ),
            (
                "{var.gone}",
                "`{var.gone}` has no value: this worker has no variable `gone` in `vars`",
            ),
            ("{args.nul}", "`{args.nul}` has a NUL character in it"),
        ] {
            let told = rendered(text, false).unwrap_err();
            assert!(told.starts_with(error), "{text}: {told}");
        }
    }

    #[test]
    fn a_value_becomes_no_option_unless_dashes_stand_before() {
        for text in ["{args.minus}", "{args.empty}{args.minus}", "{args.minus}x"] {
            let error = rendered(text, false).unwrap_err();
            assert!(error.contains("begins with `-`"), "{error}");
            assert!(rendered(text, true).is_ok());
        }
        assert_eq!(rendered("x{args.minus}", false), Ok("x-rf".to_owned()));
        assert_eq!(rendered("-{args.n}", false), Ok("-5".to_owned()));
    }

    #[test]
    fn an_argument_that_is_an_option_may_begin_with_a_dash() {
        let mut template = ArgumentTemplate::parse("{args.o}").unwrap();
        template
            .references_mut()
            .for_each(|reference| reference.may_be_option = true);
        let args = Map::from_iter([("o".to_owned(), json!("-v"))]);
        let data = JobData {
            job_id: "1",
            args: &args,
            results: &BTreeMap::new(),
            each: None,
            vars: &BTreeMap::new(),
        };
        assert_eq!(template.render_argument(&data, false), Ok("-v".to_owned()));
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_remedy() {
        for (text, error) in [
            (
                "{print $1}",
                "has `{print $1}`, which is no reference to a value; write `{{`",
            ),
            ("{}", "has `{}`, which is no reference"),
            ("{a..b}", "has `{a..b}`, which is no reference"),
            (
                "{args}",
                "has `{args}`, which names no argument; write `{args.NAME}`",
            ),
            ("{var}", "has `{var}`, which names no variable"),
            (
                "{job.name}",
                "has `{job.name}`, which nothing gives; of the job itself there is `{job.id}`",
            ),
            ("{var.a.b}", "has `{var.a.b}`, which nothing gives"),
            ("a { b", "has a `{` without a `}`"),
            ("a } b", "has a `}` without a `{`"),
        ] {
            let told = parse_error(text);
            assert!(told.starts_with(error), "{text}: {told}");
        }
    }

    #[test]
    fn a_text_of_any_characters_is_parsed_or_refused() {
        // Every text, and none that makes parsing panic.
        for text in [
            "{", "}", "{{", "}}", "{{{", "ä{ö}", "{ä|ö}", "{a|", "|}", "{a|}}",
        ] {
            let _ = ArgumentTemplate::parse(text).map(|template| template.literal().is_some());
        }
        let braces = ArgumentTemplate::parse("{{}}").unwrap();
        assert_eq!(braces.literal(), Some("{}"));
    }
}
