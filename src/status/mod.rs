//! What is known of chains at a moment, from their locks, live pages, histories and memories; for
//! `status`, reports and metrics.

#[cfg(feature = "cli")]
pub(crate) mod board_status;
#[cfg(feature = "server")]
pub(crate) mod host_chains;
pub(crate) mod job_wait;
#[cfg(feature = "cli")]
pub(crate) mod json;
pub(crate) mod lock_status;
pub(crate) mod lock_view;
pub(crate) mod mail_way;
pub(crate) mod memory_label;
pub(crate) mod metrics_input;
pub(crate) mod neighbours;
pub(crate) mod ongoing_outage;
pub(crate) mod overdue_run;
pub(crate) mod pending_mail;
#[cfg(feature = "cli")]
pub(crate) mod report_input;
#[cfg(feature = "cli")]
pub(crate) mod screen;
pub(crate) mod snapshot;
pub(crate) mod state_files;
#[cfg(feature = "cli")]
pub(crate) mod status_mail;
pub(crate) mod trouble;
pub(crate) mod view;
pub(crate) mod words;
#[cfg(feature = "cli")]
pub(crate) mod worker_presence;
