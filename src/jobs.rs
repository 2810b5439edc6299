//! Jobs that are written in Rust: the types that the function of a job and those of its steps use.
//!
//! ```no_run
//! use std::path::PathBuf;
//!
//! use run_functions::jobs::{Flow, Retry, StepContext};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(clap::Args, Serialize, Deserialize)]
//! struct Resize {
//!     /// The picture
//!     picture: PathBuf,
//!     #[arg(long, default_value_t = 800)]
//!     width: u32,
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Fetched {
//!     file: PathBuf,
//! }
//!
//! /// Makes a picture small, and publishes it.
//! #[run_functions::job(lease = "30s", resume = "restart")]
//! fn resize(flow: &mut Flow<Resize>) {
//!     let retry = Retry::times(3).every("10s");
//!     let fetched = flow.step("fetch", fetch).retry(retry);
//!     let small = flow.step("shrink", shrink).with(&fetched);
//!     flow.group("publish").parallel(|publish| {
//!         publish.step("cdn", to_cdn).revert(from_cdn).with(&small);
//!         publish.step("index", to_index).with(&small);
//!     });
//! }
//!
//! fn fetch(ctx: &StepContext<Resize>) -> Result<Fetched, std::io::Error> {
//!     let file = ctx.job_dir().join("picture");
//!     std::fs::copy(&ctx.args().picture, &file)?;
//!     Ok(Fetched { file })
//! }
//!
//! fn shrink(ctx: &StepContext<Resize>, fetched: Fetched) -> Result<Fetched, std::io::Error> {
//!     ctx.progress(format_args!("to {} pixels", ctx.args().width));
//!     Ok(fetched)
//! }
//! # fn to_cdn(_: &StepContext<Resize>, _: Fetched) -> Result<String, String> { Ok("id".into()) }
//! # fn from_cdn(_: &StepContext<Resize>, _: String) -> Result<(), std::io::Error> { Ok(()) }
//! # fn to_index(_: &StepContext<Resize>, _: Fetched) -> Result<(), std::io::Error> { Ok(()) }
//!
//! fn main() -> std::process::ExitCode {
//!     run_functions::main()
//! }
//! ```
//!
//! The program is its own worker: `my_program work`, and `my_program post resize --picture a.jpg`.
//! The attribute [`job`](macro@crate::job) has what can be set of a job,
//! [`guide::jobs`](crate::guide::jobs) what holds for all jobs,
//! [`testing::Job`](crate::testing::Job) plays one in a unit test.
//!
//! Each execution of a step has a process of its own, in the directory of the job: a crash, a leak
//! and a hang stay there, and what one step keeps in memory no other one sees. What is passed on is
//! returned, and read by name. A panic is a failure of the step, with its place.

#[cfg(feature = "board-postgres")]
pub mod transaction;

pub use crate::flow::definition::{Interrupted, OnFailure};
pub use crate::job::functions::{
    Flow, FlowGroup, FlowNode, FlowStep, Retry, Secret, StepAnswer, StepContext, StepFunction,
    StepResult, StepReturn,
};
