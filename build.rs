//! Links the unwinder into the program, where the C compiler has it as an archive.
//!
//! Each command is started by a fresh copy of the program, and to load `libgcc_s.so.1` takes a tenth of that start. Where this does not
//! apply, or the linker prefers the shared library, the program is the same, and a little slower to start.

use std::env;
use std::path::Path;
use std::process::Command;

const ARCHIVE: &str = "libgcc_eh.a";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let is_native = variable("TARGET") == variable("HOST");
    let is_gnu_linux = variable("TARGET").ends_with("-linux-gnu");
    let is_static = variable("CARGO_CFG_TARGET_FEATURE").contains("crt-static");
    if is_native && is_gnu_linux && !is_static && has_archive() {
        println!("cargo::rustc-link-lib=dylib:+verbatim={ARCHIVE}");
    }
}

/// Asks the compiler that links: it answers with a path if it has the file, and with the bare name if not.
fn has_archive() -> bool {
    let answer = Command::new("cc")
        .arg(format!("-print-file-name={ARCHIVE}"))
        .output();
    let path = answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    path.is_ok_and(|path| Path::new(&path).is_absolute() && Path::new(&path).exists())
}
