//! What is to be done again and again: `fn send_report` is run as `tasks::send_report`.

use std::{fs, io};

/// Sends the report of this morning. Nobody has written it, so this fails: you are told once, and
/// again after twelve hours.
#[run_functions::task(success_cooldown = "1day", fail_cooldown = "30m")]
pub(crate) fn send_report() -> Result<(), io::Error> {
    let report = fs::read_to_string("morning_report.txt")?;
    fs::write("sent_report.txt", report)
}
