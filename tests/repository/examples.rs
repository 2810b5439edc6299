//! The examples are fit to be copied.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{Place, stderr, stdout};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

fn check(place: &Place, path: &Path) -> Output {
    let path = path.to_str().unwrap();
    let mut command = place.command(&["--config", path, "check"]);
    command.env("SMTP_PASSWORD", "secret");
    command.output().unwrap()
}

#[test]
fn every_configuration_is_right() {
    let place = Place::empty();
    let entries = fs::read_dir(example("")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    assert!(paths.len() >= 4, "{paths:?}");
    for path in paths {
        // A program that is not on this machine is told, and is no error of the file.
        let output = check(&place, &path);
        let code = output.status.code();
        assert_eq!(code, Some(0), "{}: {}", path.display(), stderr(&output));
    }
}

#[test]
fn the_configuration_for_sysadmins_names_its_tasks() {
    let output = check(&Place::empty(), &example("sysadmin.toml"));
    for name in ["tasks::backup", "tasks::renew_certificates"] {
        assert!(stdout(&output).contains(name), "{}", stdout(&output));
    }
}

#[test]
#[ignore = "needs systemd"]
fn the_units_are_right() {
    for (unit, name) in [
        ("run_functions@.service", "run_functions@shop.service"),
        ("run_functions-serve.service", "run_functions-serve.service"),
        ("run_functions-work.service", "run_functions-work.service"),
    ] {
        unit_is_right(unit, name);
    }
}

fn unit_is_right(unit: &str, name: &str) {
    let place = Place::empty();
    let binary = place.path("run_functions");
    fs::write(&binary, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&binary, Permissions::from_mode(0o755)).unwrap();
    let unit = fs::read_to_string(example(unit)).unwrap();
    // systemd-analyze wants the program to be there, and manual pages to be installed.
    let unit = unit
        .replace("/usr/bin/run_functions", binary.to_str().unwrap())
        .replace("Documentation=man:run_functions(1)\n", "");
    place.write(name, unit);
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .arg(place.path(name))
        .output()
        .expect("systemd-analyze can be started");
    let said = stderr(&output);
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("run_functions"))
        .collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}
