//! What a picture has beside a step or group that is only planned.

use std::time::Duration;

use super::definition::{Interrupted, OnFailure, RetryTerms, Step};
use super::plan::{FlowPlan, PlanNode, ROOT};
use crate::core::time::in_words;
use crate::text::counts::counted;

/// Returns no mark, and what is written of a node in the definition.
pub(super) fn of_node(plan: &FlowPlan, at: usize) -> (Option<char>, String) {
    let node = plan.node(at);
    let mut notes = structure(plan, at);
    match &node.step {
        Some(step) => notes.extend(of_step(step)),
        None => notes.extend(tries(&node.retry, "round", "rounds")),
    }
    let answer = match at {
        ROOT => Some(node.on_failure.unwrap_or(plan.default_on_failure())),
        _ => node.on_failure,
    };
    notes.extend(answer.map(on_failure));
    (None, notes.join("; "))
}

/// Returns what a node waits for, and whether what is in it runs in parallel.
pub(super) fn structure(plan: &FlowPlan, at: usize) -> Vec<String> {
    let node = plan.node(at);
    let mut notes = Vec::new();
    let after = after(plan, node);
    if !after.is_empty() {
        notes.push(format!("after {}", after.join(", ")));
    }
    if node.is_parallel {
        notes.push("in parallel".to_owned());
    }
    notes
}

fn after<'a>(plan: &'a FlowPlan, node: &'a PlanNode) -> Vec<&'a str> {
    let needs = node.needs.named().iter();
    needs.map(|need| plan.node(*need).name.as_str()).collect()
}

fn of_step(step: &Step) -> Vec<String> {
    let mut notes = Vec::new();
    if step.has_when {
        notes.push("may be skipped".to_owned());
    }
    if !step.try_each.is_empty() {
        let values = step.try_each.len() as u64;
        notes.push(format!("tries {}", counted(values, "value", "values")));
    }
    notes.extend(tries(&step.retry, "try", "tries"));
    if step.elsewhere {
        notes.push("each try on another worker".to_owned());
    }
    match &step.revert {
        Some(terms) if *terms == RetryTerms::OF_REVERTS => notes.push("has a revert".to_owned()),
        Some(terms) => {
            let tries = tries(terms, "try", "tries").unwrap_or_else(|| "1 try".to_owned());
            notes.push(format!("has a revert ({tries})"));
        }
        None => {}
    }
    let interrupted = match step.interrupted {
        Interrupted::Again => None,
        Interrupted::Check => Some("is checked when interrupted"),
        Interrupted::Revert => Some("is reverted first when interrupted"),
        Interrupted::Hold => Some("holds the job when interrupted"),
    };
    notes.extend(interrupted.map(str::to_owned));
    notes
}

fn tries(terms: &RetryTerms, one: &str, more: &str) -> Option<String> {
    if terms.times <= 1 {
        return None;
    }
    let mut text = format!("up to {}", counted(u64::from(terms.times), one, more));
    if terms.every.is_zero() {
        return Some(text);
    }
    text.push_str(&format!(", {} apart", in_words(terms.every)));
    if terms.factor > 1.0 && terms.times > 2 {
        match terms.factor {
            2.0 => text.push_str(", doubling"),
            factor => text.push_str(&format!(", × {factor} each")),
        }
        if terms.max < Duration::MAX {
            text.push_str(&format!(", at most {}", in_words(terms.max)));
        }
    }
    Some(text)
}

fn on_failure(answer: OnFailure) -> String {
    let word = match answer {
        OnFailure::Revert => "revert",
        OnFailure::Stop => "stop",
        OnFailure::Continue => "continue",
    };
    format!("on failure: {word}")
}
