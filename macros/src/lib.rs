//! The attribute macro of `run_functions`.

use proc_macro::TokenStream;

/// Registers a function as a task.
#[proc_macro_attribute]
pub fn task(_options: TokenStream, function: TokenStream) -> TokenStream {
    function
}
