//! Templates of one argument: text with references to the data of a job.

use super::job_data::JobData;
use super::render_errors::{RenderError, RenderErrorKind};
use super::template_reference::TemplateReference;

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
                    let (value, is_data) = data.text(reference)?;
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

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
