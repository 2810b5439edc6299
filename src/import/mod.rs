//! What others run, as a configuration of ours: crontabs and supervisord configurations. Texts in,
//! a text out.
//!
//! Nothing is lost: each line of the input is in the output, as a task, as a setting, or as a
//! comment with the reason why not.
//!
//! [`crontab`] and [`supervisor`] read; [`page`] writes the TOML; [`names`] finds what a task is
//! called; [`start`] shows how to run the tasks.

pub(crate) mod crontab;
pub(crate) mod supervisor;

mod names;
mod page;
mod start;
mod words;

use std::collections::BTreeMap;

/// What the reader has to know of the machine. Given by the caller, so that nothing here asks for
/// it.
pub(crate) struct Machine<'a> {
    /// What this program is called by.
    pub(crate) program: &'a str,
    /// The name of this machine: a mailbox without a domain is one here.
    pub(crate) hostname: &'a str,
    /// The functions of this binary, such as `send_mail`: a command must not stand in for one by
    /// accident.
    pub(crate) taken: Vec<String>,
    /// Returns whether there is a user of this name.
    pub(crate) is_user: &'a dyn Fn(&str) -> bool,
    /// Returns the home directory of a user, when it is there.
    pub(crate) home_of: &'a dyn Fn(&str) -> Option<String>,
    /// The home directory of the user, when it is there.
    pub(crate) own_home: Option<String>,
    /// The environment: `%(ENV_HOME)s` in a supervisord configuration is taken from it.
    pub(crate) environment: BTreeMap<String, String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// A configuration of ours.
    pub(crate) toml: String,
    /// What was counted, in a sentence.
    pub(crate) counted: String,
    /// What the reader decided and a person may want otherwise.
    pub(crate) remarks: Vec<String>,
    /// What would run and could not be taken over: where, and why.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Something that would run and could not be taken over.
#[derive(Debug)]
pub(crate) struct LeftOut {
    /// The line of the input, counted from 1.
    pub(crate) line: usize,
    /// The text.
    pub(crate) text: String,
    /// Why not, and what to do instead.
    pub(crate) reason: String,
}

#[cfg(test)]
mod tests;
