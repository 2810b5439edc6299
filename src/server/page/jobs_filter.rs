//! Which jobs a list is about, as its address has it.

use super::visit::Visit;
use crate::board::{BatchId, JobFilter, JobId, JobState};

/// How many jobs a page has.
pub(super) const PAGE: u32 = 50;

/// Which jobs a list is about.
#[derive(Clone, Debug, Default)]
pub(super) struct JobsFilter {
    /// The state; `None`: any.
    pub(super) state: Option<JobState>,
    /// The definition.
    pub(super) definition: Option<String>,
    /// The project.
    pub(super) project: Option<String>,
    /// The fingerprint of a failure.
    pub(super) kind: Option<String>,
    /// The key.
    pub(super) key: Option<String>,
    /// The batch.
    pub(super) batch: Option<u64>,
    /// What is looked for in keys, arguments and reasons.
    pub(super) text: Option<String>,
    /// Where the page begins.
    pub(super) before: Option<JobId>,
}

impl JobsFilter {
    /// Reads the filter of a query, or of a form.
    pub(super) fn of(get: impl Fn(&str) -> Option<String>) -> Self {
        JobsFilter {
            state: get("state").and_then(|word| JobState::of_word(&word)),
            definition: get("definition"),
            project: get("project"),
            kind: get("kind"),
            key: get("key"),
            batch: get("batch").and_then(|number| number.parse().ok()),
            text: get("q"),
            before: get("before").and_then(|id| id.parse().ok()),
        }
    }

    /// Reads the filter of the address of a page.
    pub(super) fn of_query(visit: &Visit<'_>) -> Self {
        JobsFilter::of(|name| visit.query(name).map(str::to_owned))
    }

    /// Returns what the board is asked for.
    pub(super) fn board(&self, limit: u32) -> JobFilter {
        JobFilter {
            states: self.state.into_iter().collect(),
            definition: self.definition.clone(),
            key: self.key.clone(),
            batch: self.batch.map(BatchId),
            project: self.project.clone(),
            kind: self.kind.clone(),
            before: self.before,
            limit,
            ..JobFilter::default()
        }
    }

    /// Returns the filter as the fields of an address, without its state, text and place.
    pub(super) fn narrow_fields(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("definition", &self.definition),
            ("project", &self.project),
            ("kind", &self.kind),
            ("key", &self.key),
        ];
        let texts = texts.into_iter();
        let mut fields: Vec<(&str, String)> = texts
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect();
        fields.extend(self.batch.map(|batch| ("batch", batch.to_string())));
        fields
    }

    /// Returns the filter as the fields of an address, without its place.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.narrow_fields();
        let state = self.state.map_or("all", JobState::word);
        fields.insert(0, ("state", state.to_owned()));
        fields.extend(self.text.clone().map(|text| ("q", text)));
        fields
    }

    /// Returns whether anything but a place is asked for.
    pub(super) fn is_narrow(&self) -> bool {
        self.state.is_some() || !self.narrow_fields().is_empty()
    }
}
