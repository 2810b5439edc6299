//! Our own executable is replaced on disk while we run: what we start is what we are.

use std::fs;

use crate::child_support::{Child, is_alone, is_success};
use run_functions::__internal::pin_own_program_to;

#[test]
fn an_upgrade_on_disk_mixes_no_versions() {
    if !is_alone(an_upgrade_on_disk_mixes_no_versions) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("run_functions");
    fs::copy(env!("CARGO_BIN_EXE_run_functions"), &program).unwrap();
    pin_own_program_to(&program).unwrap();
    let child = Child::shell("echo hello");
    assert!(is_success(&child.try_start().unwrap().finish().unwrap()));
    let next = dir.path().join("next");
    fs::write(&next, "another program, of a version to come").unwrap();
    fs::rename(&next, &program).unwrap();
    assert!(is_success(&child.try_start().unwrap().finish().unwrap()));
    fs::remove_file(&program).unwrap();
    assert!(is_success(&child.try_start().unwrap().finish().unwrap()));
}
