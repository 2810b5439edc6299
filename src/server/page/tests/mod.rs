//! Tests of the page, on a real board.

mod night;
mod pages;
mod story;
