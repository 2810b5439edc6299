//! The page: what is wrong, why, and what to do.
//!
//! Pages are composed from what the board answers, without a network: the server calls
//! [`show`] for a GET and [`act`] for a POST, on a thread that may block.
//!
//! ```text
//! PageRequest ─► Visit (clock, Sight) ─► a page ─► PageContent ─► shell ─► PageAnswer
//!                                        └─ components/  └─ parts that are fetched again
//! ```
//!
//! [`Sight`](sight::Sight) is the only way to jobs, definitions and schedules: what belongs to
//! other projects is neither returned nor counted.

mod actions;
mod arguments;
pub(in crate::server) mod assets;
mod audit;
mod board_facts;
mod board_figures;
mod chains;
pub(in crate::server) mod components;
mod definition;
mod definitions;
pub(in crate::server) mod errors;
mod failure_run;
mod job;
mod job_actions;
mod job_facts;
mod job_search;
mod job_view;
mod jobs;
mod jobs_filter;
mod kinds;
mod known_things;
mod list_page;
mod mutes;
mod notices;
mod overview;
mod overview_empty;
mod page_clock;
mod page_content;
mod page_request;
mod problems;
mod problems_of_jobs;
mod problems_of_workers;
mod reasons_table;
mod router;
mod schedules;
mod sight;
mod step_track;
mod visit;
mod waiting;
mod wording;
mod workers;

#[cfg(test)]
#[cfg(feature = "board-sqlite")]
mod tests;

pub(crate) use page_request::{PageAnswer, PageRequest};
pub(crate) use router::{act, show};
