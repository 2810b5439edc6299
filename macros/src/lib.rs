//! The attribute macros of `run_functions`. Use them by their names there, `run_functions::task` and
//! `run_functions::job`, where they are documented.

mod duration;
mod expand;
mod expand_job;
mod function;
mod job_function;
mod job_options;
mod options;
mod settings;

use proc_macro::TokenStream;

/// Registers a function as a task of `run_functions`.
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::task(options.into(), item.into()).into()
}

/// Registers a function as a job of `run_functions`.
#[proc_macro_attribute]
pub fn job(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_job::job(options.into(), item.into()).into()
}
