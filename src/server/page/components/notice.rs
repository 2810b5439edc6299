//! A notice: a sentence with a mark, above what it is about.

use maud::{Markup, html};

use super::marks::{Mark, mark};

/// Returns a notice of a sort.
pub(in crate::server::page) fn notice(of: Mark, text: &Markup) -> Markup {
    let class = match of {
        Mark::OK => "notice section s-ok",
        Mark::FAILED | Mark::ALARM => "notice section s-bad",
        Mark::RUNNING => "notice section s-run",
        _ => "notice section s-warn",
    };
    html! { div class=(class) role="status" { (mark(of)) div { (text) } } }
}
