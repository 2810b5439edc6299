//! Tests of the page, on a real board.

mod costs;
mod deeds;
mod hostile;
mod isolation;
mod night;
mod pages;
mod roles;
mod shots;
mod story;
