//! Keeps the functions of `tasks` running, and mails what is new:
//! `cargo run -- tasks::send_report`.

mod tasks;

fn main() -> std::process::ExitCode {
    run_functions::main()
}
