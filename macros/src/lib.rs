//! The attribute macro of `run_functions`. Use it by its name there, `run_functions::task`, where
//! it is documented.

mod duration;
mod expand;
mod function;
mod options;

use proc_macro::TokenStream;

/// Registers a function as a task of `run_functions`.
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::task(options.into(), item.into()).into()
}
