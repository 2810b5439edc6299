//! What commands do to a board's file: check, copy, restore, query, migrate.

mod check;
mod copy;
mod moving;
mod query;
mod recount;

#[cfg(test)]
mod tests;

pub(crate) use check::{check, migrate};
pub(crate) use copy::{backup, restore};
pub(crate) use moving::MovedFile;
pub(crate) use query::query;
