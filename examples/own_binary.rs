//! The smallest program of one's own: a function, and the command line that keeps it running.
//!
//! ```console
//! $ cargo run --example own_binary -- own_binary::send_report
//! ```
//!
//! Nobody has written the report, so it fails: mailed once, and not again for twelve hours. There is no mail server here, so what the
//! admin would get is in `run/mail`. `Ctrl-C` stops it.

/// Sends the report of this morning.
#[run_functions::task(success_cooldown = "1day", fail_cooldown = "30m")]
fn send_report() -> Result<(), std::io::Error> {
    let report = std::fs::read_to_string("morning_report.txt")?;
    std::fs::write("sent_report.txt", report)
}

fn main() -> std::process::ExitCode {
    run_functions::main()
}
