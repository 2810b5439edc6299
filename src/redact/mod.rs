//! Takes secrets out of texts, before anything else is done with them.
//!
//! Secrets are known by their value (what the caller names as secret, in plain, escaped,
//! URL-encoded and base64 form) and by their shape (`password=…`, `Authorization: …`, userinfo in
//! URLs, PEM blocks, tokens with a known prefix). Both are found in one pass each, in time linear
//! in the text.
//!
//! What cannot be known stays: a password alone in a sentence, which no setting or variable of the
//! runner holds. Values shorter than four bytes are not looked for, and those shorter than six only
//! where they stand alone, for they would eat ordinary words. A value that is a common word
//! (`root`) or a short number is found by its shape only: to mask each `root` would ruin the text,
//! and would print which word the password is.

mod bytes;
mod cleaned;
mod cli_flags;
mod common;
mod decoded;
mod encodings;
mod heredoc;
mod key_value;
mod known_values;
mod labelled;
mod names;
mod pem;
mod programs;
mod redactor;
mod rows;
mod scanner;
mod tokens;
mod truncated;
mod url;
mod value_extent;

pub(crate) use redactor::Redactor;

#[cfg(test)]
mod corpus;
