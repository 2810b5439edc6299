//! The kinds of arguments of calls: how each is owned, and lent to the board.

/// Returns the type of an argument as a request has it.
macro_rules! request_type {
    (each, $type:ty) => { Vec<$type> };
    (maybe, $type:ty) => { Option<$type> };
    ($kind:ident, $type:ty) => { $type };
}

/// Lends an argument of a request to a method of a board.
macro_rules! lent {
    (by, $argument:expr) => {
        $argument
    };
    (maybe, $argument:expr) => {
        $argument.as_deref()
    };
    ($kind:ident, $argument:expr) => {
        &$argument
    };
}

pub(crate) use {lent, request_type};
