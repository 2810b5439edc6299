//! A problem: what and since when, why, what to do. The third cell is never empty.

use maud::{Markup, html};

/// How many problems of a sort have a row.
pub(in crate::server::page) const MOST_OF_A_SORT: usize = 5;

/// A problem that needs a person.
pub(in crate::server::page) struct Problem {
    /// What is wrong.
    pub(in crate::server::page) what: Markup,
    /// Since when.
    pub(in crate::server::page) since: Markup,
    /// Why.
    pub(in crate::server::page) why: Markup,
    /// What to do.
    pub(in crate::server::page) remedy: Markup,
    /// What can be done here.
    pub(in crate::server::page) actions: Markup,
    /// The problem in a few words, for the sentence above.
    pub(in crate::server::page) words: String,
}

/// Returns problems, a row each.
pub(in crate::server::page) fn problem_list(problems: &[Problem], label: &str) -> Markup {
    html! {
        @if !problems.is_empty() {
            section class="problems" aria-label=(label) {
                @for problem in problems {
                    article class="problem" {
                        div { h2 { (problem.what) } (problem.since) }
                        div { h3 { "Why" } (problem.why) }
                        div {
                            h3 { "What to do" }
                            (problem.remedy)
                            div class="row" { (problem.actions) }
                        }
                    }
                }
            }
        }
    }
}
