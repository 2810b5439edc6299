//! The stock binary: the tasks of `../tasks`, and the library.

#[path = "../tasks/mod.rs"]
mod tasks;

fn main() -> std::process::ExitCode {
    run_functions::main()
}
