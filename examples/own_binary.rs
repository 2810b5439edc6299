//! The smallest program of one's own: a function, and the command line that keeps it running.
//!
//! ```console
//! $ cargo run --example own_binary -- own_binary::send_report
//! ```
//!
//! There is no mail server here, so what the admin would get is in `run/mail`. `Ctrl-C` stops it.

use std::fs;
use std::io;

/// Sends the report of this morning, which nobody has written: a failure, mailed once, and not again for twelve hours.
#[run_functions::task(success_cooldown = "1day", fail_cooldown = "10s")]
fn send_report() -> Result<(), io::Error> {
    let report = fs::read_to_string("morning_report.txt")?;
    fs::write("sent_report.txt", report)
}

fn main() -> std::process::ExitCode {
    run_functions::main()
}
