//! A binary with two libraries that call a task the same.

use dupa as _;
use dupb as _;

fn main() -> std::process::ExitCode {
    run_functions::main()
}
