//! How texts read: what a terminal shows of them, which line shows what went wrong, numbers and
//! columns, words of a shell, and what was meant by a misspelt word.

pub(crate) mod columns;
pub(crate) mod counts;
pub(crate) mod cut;
pub(crate) mod lists;
pub(crate) mod pipeline;
pub(crate) mod quoting;
pub(crate) mod suggest;
pub(crate) mod telling;
pub(crate) mod terminal;

pub(crate) use terminal::steers;
