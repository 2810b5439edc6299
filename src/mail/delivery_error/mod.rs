//! Why a mail did not leave: what became of an attempt, in words that people understand, and what
//! follows from it.
//!
//! One function classifies every failure of every transport, so that the worker and the runner
//! (which killed the worker at its deadline) come to the same words. Texts of libraries are not
//! shown alone: "InvalidContentType" is a TLS client on a plain port.

mod classify;
mod error;
mod program;
mod refusal;
mod reply;
mod stage;
mod tls_words;

pub(crate) use classify::judge;
pub(crate) use error::{DeliveryError, ErrorClass, shortened};
pub(crate) use program::judge_exit;
pub(crate) use stage::{DeliveryCause, DeliveryStage};
