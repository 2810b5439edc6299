//! Which file is read, and what relative paths start from.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::Setup;

const MINIMAL: &str = "[log]\nlevel = \"debug\"\n";

#[test]
fn without_a_file_everything_has_its_default() {
    let setup = Setup::bare();
    let loaded = setup.load();
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.settings.run_root, setup.inputs.cwd.join("run"));
    assert_eq!(loaded.settings.state_dir, setup.inputs.cwd.join("run"));
    assert!(!setup.inputs.cwd.join("run").exists());
}

#[test]
fn the_first_file_that_is_there_is_read_and_no_other() {
    let mut setup = Setup::bare();
    let xdg = setup.root().join("xdg");
    let in_etc = setup.inputs.etc.join("run_functions/run_functions.toml");
    let in_home = setup
        .root()
        .join("home/.config/run_functions/run_functions.toml");
    let in_xdg = xdg.join("run_functions/run_functions.toml");
    let in_cwd = setup.inputs.cwd.join("run_functions.toml");
    let by_variable = setup.root().join("variable.toml");
    let by_option = setup.inputs.cwd.join("option.toml");
    let put = |path: &PathBuf| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, MINIMAL).unwrap();
    };
    for path in [&in_etc, &in_home] {
        put(path);
        assert_eq!(setup.load().file.as_ref(), Some(path));
    }
    setup = setup.set("XDG_CONFIG_HOME", &xdg);
    assert_eq!(setup.load().file.as_ref(), Some(&in_etc));
    for path in [&in_xdg, &in_cwd, &by_variable] {
        put(path);
        if path == &by_variable {
            setup = setup.set("RUN_FUNCTIONS_CONFIG", &by_variable);
        }
        assert_eq!(setup.load().file.as_ref(), Some(path));
    }
    put(&by_option);
    setup.inputs.command_line.config = Some(PathBuf::from("option.toml"));
    assert_eq!(setup.load().file, Some(by_option));
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let mut setup = Setup::with(MINIMAL);
    setup.inputs.command_line.config = Some(PathBuf::from("other.toml"));
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: configuration file `ROOT/cwd/other.toml` cannot be read: no such file or directory
     --> command line, --config
    help: nothing else is looked for when a file is named
    "#);
    let setup = Setup::with(MINIMAL).set("RUN_FUNCTIONS_CONFIG", "other.toml");
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: configuration file `ROOT/cwd/other.toml` cannot be read: no such file or directory
     --> environment variable RUN_FUNCTIONS_CONFIG
    help: nothing else is looked for when a file is named
    "#);
}

#[test]
fn a_file_that_is_found_and_not_readable_is_an_error() {
    let setup = Setup::bare();
    symlink("gone.toml", setup.inputs.cwd.join("run_functions.toml")).unwrap();
    assert!(setup.refusal().contains("cannot be read: no such file"));
    let setup = Setup::bare();
    fs::create_dir(setup.inputs.cwd.join("run_functions.toml")).unwrap();
    assert!(setup.refusal().contains("cannot be read: is a directory"));
    let setup = Setup::bare();
    fs::write(
        setup.inputs.cwd.join("run_functions.toml"),
        b"# ok\n# \xff\n",
    )
    .unwrap();
    assert!(setup.refusal().contains("line 2 of"), "{}", setup.refusal());
}

#[test]
fn paths_are_relative_to_where_they_are_written() {
    let mut setup = Setup::bare();
    let file = setup.root().join("conf/my.toml");
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, "state_dir = \"../state\"\n").unwrap();
    setup.inputs.command_line.config = Some(file.clone());
    let settings = setup.load().settings;
    assert_eq!(settings.run_root, setup.root().join("conf/run"));
    assert_eq!(settings.state_dir, setup.root().join("conf/../state"));
    let setup = setup.set("RUN_FUNCTIONS_RUN_ROOT", "here");
    assert_eq!(
        setup.load().settings.run_root,
        setup.inputs.cwd.join("here")
    );
}
