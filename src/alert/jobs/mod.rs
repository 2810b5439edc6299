//! The policy of jobs: how the ends of jobs on many machines become events of the policy of
//! chains, whose rules stay as they are.
//!
//! A definition is what a task is in a chain. Its downtime is counted in minutes: one in which at
//! least as many jobs failed as succeeded is down, one in which more succeeded is healthy, one
//! without ends is as the one before. A failure in a healthy minute begins no outage, but its kind
//! is news all the same. A kind that is news waits until nothing like it can end soon, at most
//! 30 s, so that its mail counts them all.

mod failed_jobs;
mod job_memory;
mod job_policy;
mod name_memory;
#[cfg(test)]
mod tests;

pub(crate) use failed_jobs::FailedJobs;
pub(crate) use job_memory::{JobMemory, SuccessCounts};
pub(crate) use job_policy::{JobDesk, JobPolicy};
