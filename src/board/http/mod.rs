//! The board behind a server of this program.
//!
//! Each call is a request of HTTP with a deadline. A refusal counts only as an answer of ours that
//! names the board; anything else, whatever its status, is no answer: proxies answer 404 and 403
//! while the server behind them is replaced.

pub(super) mod argument_type;
mod call_errors;
mod held_look;
mod http_agent;
mod http_bell;
mod http_board;

#[cfg(test)]
pub(super) use call_errors::into_error;
pub(crate) use http_agent::register;
pub(crate) use http_board::open;
