//! Several starts of one chain: which runner goes on, and which one leaves.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod abandoned;
mod neighbours;
mod newcomer;
mod race;
