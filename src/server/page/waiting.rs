//! Why jobs wait, for a user: without what belongs to other projects.

use super::visit::Visit;
use crate::board::{BoardResult, JobId, WaitFacts};
use crate::status::job_wait::why_waits;

/// Returns why a job waits, a sentence each without a full stop.
///
/// # Errors
///
/// Those of the board.
pub(super) fn reasons(visit: &Visit<'_>, job: JobId) -> BoardResult<Vec<String>> {
    let mut facts = visit.sight.board().wait_facts(job)?;
    if !visit.sees_all() {
        hide_others(visit, &mut facts)?;
    }
    Ok(why_waits(&facts))
}

/// Takes out of the facts what belongs to projects that the user may not see.
fn hide_others(visit: &Visit<'_>, facts: &mut WaitFacts) -> BoardResult<()> {
    facts.before = 0;
    if let Some(limit) = &mut facts.limit {
        limit.before = 0;
        let mut seen = Vec::new();
        for holder in &limit.holders {
            if visit.sight.job(*holder)?.is_some() {
                seen.push(*holder);
            }
        }
        limit.holders = seen;
    }
    Ok(())
}
