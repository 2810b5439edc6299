//! Tests of the page, on a real board.

#[cfg(feature = "board-http")]
mod costs;
mod deeds;
mod hostile;
mod isolation;
mod night;
mod pages;
mod roles;
mod shots;
mod story;
