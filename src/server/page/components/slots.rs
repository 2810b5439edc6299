//! The slots of a worker: which are busy, with what.

use maud::{Markup, html};

use super::pictures::gauge;
use crate::board::JobRecord;
use crate::server::page::page_clock::PageClock;
use crate::server::page::wording::plain_words;

/// Workers with more slots have a bar.
const MOST_BOXES: u32 = 32;

/// Returns a box for each slot. `busy`: the jobs that are seen; a job with several steps at once
/// takes as many.
pub(in crate::server::page) fn slot_boxes(
    slots: u32,
    busy: &[&JobRecord],
    is_gone: bool,
    clock: &PageClock,
) -> Markup {
    let taken: usize = busy.iter().map(|job| job.doing.len().max(1)).sum();
    if slots > MOST_BOXES {
        return gauge(taken as u64, u64::from(slots));
    }
    let free = (slots as usize).saturating_sub(taken);
    html! {
        ol class="slots" aria-label={ (taken) " of " (slots) " slots busy" } {
            @for job in busy.iter().take(slots as usize) {
                @for words in held(job, clock) {
                    li class="busy" {
                        a href={ "/jobs/" (job.id) } title=(words) { span class="hidden" { (words) } }
                    }
                }
            }
            @for _ in 0..free { li class=[is_gone.then_some("gone")] {} }
        }
    }
}

/// Returns the attempts of a job in words; a job between two steps has one.
fn held(job: &JobRecord, clock: &PageClock) -> Vec<String> {
    let name = plain_words(&job.definition, 40);
    if job.doing.is_empty() {
        return vec![format!("{name} {}", job.id)];
    }
    let doing = job.doing.iter().map(|doing| {
        let step = plain_words(&doing.step, 40);
        format!("{name} {}, {step}, {}", job.id, clock.since(doing.since))
    });
    doing.collect()
}
