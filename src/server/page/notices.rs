//! What the last action of the user came to, as the audit has it: no address can make one up.

use maud::{Markup, html};

use super::components::marks::StateMark;
use super::components::notice::notice;
use super::visit::Visit;
use super::wording::{name, quoted};
use crate::board::BoardResult;
use crate::server::audit_entry::AuditEntry;

/// For how long an action is the last one, in milliseconds.
const FRESH: i64 = 120_000;
/// How many entries are looked through.
const LOOKED_AT: u32 = 20;
/// What stands in an entry until its action has been carried out.
pub(super) const ASKED: &str = "asked";

/// Returns what the last action of the user on an object came to, where the address names an
/// action; an empty object stands for any.
///
/// # Errors
///
/// None: an audit that cannot be read has no notices.
pub(super) fn last(visit: &Visit<'_>, object: &str) -> BoardResult<Markup> {
    if visit.query("done").is_none() {
        return Ok(html! {});
    }
    let entries = visit
        .request
        .audit
        .entries(None, LOOKED_AT)
        .unwrap_or_default();
    // What was posted is named by what it came to.
    let posted = format!("{object}.");
    let is_about = |entry: &AuditEntry| entry.object == object || entry.outcome.ends_with(&posted);
    let mine = entries.iter().find(|entry| {
        entry.by == visit.request.viewer.name
            && (object.is_empty() || is_about(entry))
            && entry.outcome != ASKED
            && visit.clock.now.saturating_sub(entry.at) < FRESH
    });
    Ok(html! {
        @if let Some(entry) = mine {
            (notice(StateMark::OK, &html! {
                p { b { (quoted(&entry.outcome)) } " Recorded as " (name(&entry.by)) ", " (visit.clock.exact_in_zone(entry.at)) "." }
            }))
        }
    })
}
