//! Figures, each a link to its list; the parts of the system; facts.

use maud::{Markup, html};

use super::marks::{StateMark, mark};

/// A figure with what it counts.
pub(in crate::server::page) struct FigureCell {
    /// Where its list is.
    pub(in crate::server::page) href: String,
    /// The number.
    pub(in crate::server::page) number: String,
    /// What is counted.
    pub(in crate::server::page) word: &'static str,
    /// The mark.
    pub(in crate::server::page) of: StateMark,
}

/// Returns figures beside one another.
pub(in crate::server::page) fn figures(cells: &[FigureCell]) -> Markup {
    html! {
        div class="figures" {
            @for cell in cells {
                a href=(cell.href) class=[(cell.number == "0").then_some("zero")] {
                    b { (cell.number) }
                    span { (mark(cell.of)) (cell.word) }
                }
            }
        }
    }
}

/// Returns the parts of the system, each with its mark.
pub(in crate::server::page) fn health(rows: &[(StateMark, &str, Markup)]) -> Markup {
    html! {
        section class="card" aria-label="Parts of the system" {
            dl class="health" {
                @for (of, word, text) in rows {
                    div { dt { (mark(*of)) (word) } dd { (text) } }
                }
            }
        }
    }
}

/// Returns facts, each with its word.
pub(in crate::server::page) fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl class="facts" {
            @for (word, text) in rows { div { dt { (word) } dd { (text) } } }
        }
    }
}
