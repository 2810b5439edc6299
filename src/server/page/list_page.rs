//! A page of a list that is read whole: which rows are shown, and the links to the others.

use std::ops::Range;

use maud::{Markup, html};

use super::components::lists::{PagerLinks, pager};
use super::visit::Visit;
use super::wording::address;

/// A page of a list.
pub(super) struct ListPage {
    from: usize,
    size: usize,
    all: usize,
}

impl ListPage {
    /// Returns the page that the address asks for, of a list with so many rows, `size` a page.
    pub(super) fn of(visit: &Visit<'_>, all: usize, size: usize) -> Self {
        let from = visit.query("from").and_then(|at| at.parse().ok());
        ListPage {
            from: from.unwrap_or(0).min(all),
            size,
            all,
        }
    }

    /// Returns the places of the rows that are shown.
    pub(super) fn rows(&self) -> Range<usize> {
        self.from..(self.from + self.size).min(self.all)
    }

    /// Returns the links to other pages at a path; these parts of the query stay.
    pub(super) fn links(&self, visit: &Visit<'_>, path: &str, kept: &[&str]) -> Markup {
        let end = self.rows().end;
        let href = |at: usize| {
            let at = at.to_string();
            let kept = kept
                .iter()
                .map(|key| (*key, visit.query(key).unwrap_or_default()));
            let pairs: Vec<(&str, &str)> = kept.chain([("from", at.as_str())]).collect();
            address(path, &pairs)
        };
        html! {
            @if self.all > self.size {
                (pager(&PagerLinks {
                    words: format!("{} to {end} of {}", self.from + 1, self.all),
                    newest: (self.from > 0).then(|| href(0)),
                    older: (end < self.all).then(|| href(end)),
                    labels: ("First", "Next"),
                }))
            }
        }
    }
}
