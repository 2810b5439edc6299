//! How the client takes the arguments of calls.

/// Returns the type of an argument as methods of a board take it.
macro_rules! argument_type {
    (by, $type:ty) => { $type };
    (whole, $type:ty) => { &$type };
    (each, $type:ty) => { &[$type] };
    (text, $type:ty) => { &str };
    (maybe, $type:ty) => { Option<&str> };
}

pub(crate) use argument_type;
