//! Arguments that are called like the context, and are none.

mod other {
    pub struct Context;
}

#[run_functions::task]
pub fn with_another_context(_context: &other::Context) {}

#[run_functions::task]
pub fn with_an_unknown_context(_context: &Context) {}
