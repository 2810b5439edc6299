//! A notice: a sentence with a mark, above what it is about.

use maud::{Markup, html};

use super::marks::{StateMark, mark};

/// Returns a notice of a sort.
pub(in crate::server::page) fn notice(of: StateMark, text: &Markup) -> Markup {
    let class = match of {
        StateMark::OK => "notice section s-ok",
        StateMark::FAILED | StateMark::ALARM => "notice section s-bad",
        StateMark::RUNNING => "notice section s-run",
        _ => "notice section s-warn",
    };
    html! { div class=(class) role="status" { (mark(of)) div { (text) } } }
}
