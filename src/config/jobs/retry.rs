//! `retry = { times = 3, every = "10s", factor = 2, max = "5m" }`.

use super::job_reader::{JobReader, TableKeys};
use crate::config::options::ConfigSection;
use crate::config::raw::{Raw, Shape};
use crate::flow::definition::RetryTerms;

const EXAMPLE: &str = "retry = { times = 3, every = \"10s\" }";
const MOST_FACTOR: f64 = 100.0;

impl JobReader<'_> {
    /// Reads the retries of a step or a group.
    pub(super) fn retry(&mut self, raw: &Raw, place: &str) -> RetryTerms {
        let (terms, lacks_times) = self.terms(raw, place, RetryTerms::OF_STEPS);
        if lacks_times {
            let message = format!("`retry` of {place} has no `times`");
            self.error(&raw.span, message, &format!("for example `{EXAMPLE}`"));
        }
        terms
    }

    /// Reads the retries of a revert.
    pub(super) fn retry_of_revert(&mut self, raw: &Raw, place: &str) -> RetryTerms {
        self.terms(raw, place, RetryTerms::OF_REVERTS).0
    }

    /// Returns the terms, and whether nothing is written of `times`.
    fn terms(&mut self, raw: &Raw, place: &str, usual: RetryTerms) -> (RetryTerms, bool) {
        let what = format!("`retry` of {place}");
        let Some(entries) = self.entries(&what, raw, EXAMPLE) else {
            return (usual, false);
        };
        let keys = [TableKeys::Section(ConfigSection::Retry)];
        let table = self.table(&keys, entries, &raw.span, &what);
        let times: Option<i64> = table.layer.get("times");
        let times = times.and_then(|times| u32::try_from(times).ok());
        let factor = table.raw("factor").map(|raw| self.factor(raw, usual));
        let terms = RetryTerms {
            times: times.unwrap_or(usual.times),
            every: table.layer.get("every").unwrap_or(usual.every),
            factor: factor.unwrap_or(usual.factor),
            max: table.layer.get("max").unwrap_or(usual.max),
        };
        (terms, !table.layer.mentions("times"))
    }

    fn factor(&mut self, raw: &Raw, usual: RetryTerms) -> f64 {
        let number: Option<f64> = match &raw.shape {
            Shape::Integer { .. } => raw.shape.number().and_then(|n| n.to_string().parse().ok()),
            Shape::Float(text) => text.parse().ok(),
            _ => None,
        };
        number
            .filter(|factor| (1.0..=MOST_FACTOR).contains(factor))
            .unwrap_or_else(|| {
                let message = format!("`factor` is a number from 1 to {MOST_FACTOR}");
                self.error(&raw.span, message, "");
                usual.factor
            })
    }
}
