//! The crates that this one uses.

use std::process::Command;

use super::{report, text};

#[test]
fn every_dependency_comes_from_crates_io() {
    let lock = text("Cargo.lock");
    let foreign = lock.lines().filter(|line| line.starts_with("source = "));
    let foreign: Vec<String> = foreign
        .filter(|line| {
            *line != "source = \"registry+https://github.com/rust-lang/crates.io-index\""
        })
        .map(|line| format!("Cargo.lock: {line}; nobody else can build this"))
        .collect();
    report(&foreign);
}

#[test]
fn no_dependency_needs_a_newer_compiler_than_we_say() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages
        .iter()
        .find(|package| package["name"] == "run_functions")
        .expect("ours");
    let most = version(
        ours["rust_version"]
            .as_str()
            .expect("a stated rust-version"),
    );
    let newer = packages.iter().filter_map(|package| {
        let needs = package["rust_version"].as_str()?;
        (version(needs) > most).then(|| {
            let (name, stated) = (&package["name"], &ours["rust_version"]);
            format!("Cargo.toml: {name} needs Rust {needs} and we promise {stated}; take an older release of it, or raise `rust-version`")
        })
    });
    report(&newer.collect::<Vec<_>>());
}

/// Asks cargo, for this kind of machine only: what other kinds need was never downloaded.
fn metadata() -> serde_json::Value {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "metadata",
            "--offline",
            "--format-version",
            "1",
            "--filter-platform",
            &target,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("cargo metadata speaks JSON")
}

fn version(text: &str) -> Vec<u32> {
    let mut parts: Vec<u32> = text
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect();
    parts.resize(3, 0);
    parts
}
