//! The runner: runs a chain for ever on this machine.
//!
//! [`launch`] is the order of its steps from the request to the end. The loop over the chain is
//! [`drive`](crate::chain::drive); what it runs on is the [host](unix_host); what is done with each
//! event is in [`observers`].
//!
//! # A run, from `main` to a mail
//!
//! Read these files in this order; each calls the next, none an earlier one.
//!
//! | file | what happens there |
//! |---|---|
//! | `src/main.rs` | the stock binary links its tasks and calls the library |
//! | `src/cli/main.rs` | which verb this process was started with: a person's command line, or a hidden one |
//! | `src/cli/entry.rs` | the command line is read, then the configuration |
//! | `src/cli/run_chain.rs` | the plan of the chain becomes a request to run it |
//! | `src/runner/launch.rs` | signals, takeover, what is resumed, the end |
//! | `src/chain/drive.rs` | the loop: a run, a pause, the next task |
//! | `src/runner/unix_host.rs` | a run, in this process or in a child; a pause that a signal ends |
//! | `src/runner/child_runs.rs` | what a child process needs to know of its task |
//! | `src/unix/child/run.rs` | the child is started, read, waited for and ended |
//! | `src/runner/observers/all.rs` | each event, without its secrets, goes to log, history, metrics, alerts |
//! | `src/notify/alerter.rs` | outbox, then memory, then delivery |
//! | `src/alert/policy/chain_policy/observe.rs` | the event becomes the end of a run and the kind of its failure |
//! | `src/alert/policy/chain_policy.rs` | whether the chain has a mail to send |
//! | `src/alert/policy/task_policy/mod.rs` | whether the task has: first, new, downtime, or silence |
//! | `src/notify/mail_dispatch.rs` | the alert is split by recipients |
//! | `src/notify/mail_composer.rs` | what is known around it: host, log, the path of mail |
//! | `src/alert/message/compose.rs` | subject, text and headers |
//! | `src/mail/mailer.rs` | the mail is kept, and a thread is woken |
//! | `src/mail/outbox/store.rs` | the mail is a file |
//! | `src/mail/outbox_delivery.rs` | one pass over what waits |
//! | `src/mail/transport/delivery_process.rs` | a message goes to a process of its own |
//! | `src/mail/delivery_main.rs` | that process: one conversation, one deadline |
//! | `src/mail/smtp.rs` | SMTP |

pub(crate) mod blocked_start;
pub(crate) mod chain_lock;
pub(crate) mod child_runs;
pub(crate) mod control;
pub(crate) mod directories;
pub(crate) mod function_surroundings;
pub(crate) mod launch;
pub(crate) mod lock_task;
pub(crate) mod observers;
mod reported_metrics;
pub(crate) mod request;
pub(crate) mod resume;
pub(crate) mod shutdown;
pub(crate) mod signal_thread;
pub(crate) mod unix_host;
