//! The kinds of arguments of calls: how each is passed, owned, and lent.

/// Returns the type of an argument as methods of a board take it.
macro_rules! argument_type {
    (by, $type:ty) => { $type };
    (whole, $type:ty) => { &$type };
    (each, $type:ty) => { &[$type] };
    (text, $type:ty) => { &str };
    (maybe, $type:ty) => { Option<&str> };
}

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

pub(crate) use {argument_type, lent, request_type};
