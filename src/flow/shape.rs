//! The shape of a definition: a hash that names its version.

use std::fmt::Write;

use super::definition::{FlowDefinition, Group, Interrupted, Node, OnFailure, RetryTerms, Step};
use crate::core::hash;

impl FlowDefinition {
    /// Returns the shape: 16 hexadecimal digits of a hash over the steps, their order, groups and
    /// retries. The same definition has the same shape in every release and on every machine.
    ///
    /// Commands, texts and what a step reads are no part of the shape: a journal that was begun
    /// with other ones can be continued.
    pub(crate) fn shape(&self) -> String {
        format!("{:016x}", hash::fnv1a(self.outline().as_bytes()))
    }

    /// Returns what the shape is the hash of. What is at its default is left out, so that a setting
    /// that a later release adds changes no shape.
    fn outline(&self) -> String {
        let mut text = self.name.clone();
        text.push('\n');
        outline_group(&mut text, &self.root);
        text
    }
}

fn outline_group(text: &mut String, group: &Group) {
    write_word(text, "group", &group.name);
    if group.parallel {
        text.push_str(" parallel");
    }
    outline_after(text, &group.after);
    outline_terms(text, "retry", &group.retry, &RetryTerms::ONCE);
    outline_answer(text, group.on_failure);
    text.push_str(" {\n");
    for node in &group.nodes {
        match node {
            Node::Step(step) => outline_step(text, step),
            Node::Group(group) => outline_group(text, group),
        }
    }
    text.push_str("}\n");
}

fn outline_step(text: &mut String, step: &Step) {
    write_word(text, "step", &step.name);
    outline_after(text, &step.after);
    outline_terms(text, "retry", &step.retry, &RetryTerms::ONCE);
    for value in &step.try_each {
        write_word(text, " each", &value.to_string());
    }
    if let Some(terms) = &step.revert {
        text.push_str(" revert");
        outline_terms(text, "by", terms, &RetryTerms::OF_REVERTS);
    }
    outline_answer(text, step.on_failure);
    text.push_str(match step.interrupted {
        Interrupted::Again => "",
        Interrupted::Check => " interrupted check",
        Interrupted::Revert => " interrupted revert",
        Interrupted::Hold => " interrupted hold",
    });
    for (is_set, word) in [(step.has_when, " when"), (step.elsewhere, " elsewhere")] {
        if is_set {
            text.push_str(word);
        }
    }
    text.push('\n');
}

fn outline_after(text: &mut String, after: &[String]) {
    // The order in which they are named means nothing.
    let mut after: Vec<&String> = after.iter().collect();
    after.sort_unstable();
    after.dedup();
    for name in after {
        write_word(text, " after", name);
    }
}

fn outline_terms(text: &mut String, word: &str, terms: &RetryTerms, default: &RetryTerms) {
    if terms != default {
        let (every, max) = (terms.every.as_nanos(), terms.max.as_nanos());
        let factor = terms.factor;
        let terms = format!("{} {every} {factor} {max}", terms.times);
        write_word(text, &format!(" {word}"), &terms);
    }
}

fn outline_answer(text: &mut String, on_failure: Option<OnFailure>) {
    text.push_str(match on_failure {
        None => "",
        Some(OnFailure::Revert) => " on failure revert",
        Some(OnFailure::Stop) => " on failure stop",
        Some(OnFailure::Continue) => " on failure continue",
    });
}

/// Writes a word and a value, whose length keeps it apart from what follows.
fn write_word(text: &mut String, word: &str, value: &str) {
    // Writing to a text does not fail.
    let _ = write!(text, "{word} {}:{value}", value.len());
}
