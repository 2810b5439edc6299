//! `init`: what it writes can be used as it is, its next steps can be typed, and it never touches what was there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Output;

use crate::crates;
use crate::support::{Place, stderr, stdout};
use nix::sys::signal::Signal;

/// Takes the `#` from every line that is a default.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest)
            if !rest.is_empty() && !rest.starts_with(' ') && !rest.contains("# example;") =>
        {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    lines.join("\n")
}

/// Returns the commands that are printed as next steps, without what they do.
fn steps(output: &Output) -> Vec<String> {
    let text = stdout(output);
    let (_, steps) = text.split_once("\nNext:\n").expect("next steps");
    let command = |line: &str| line.split("  # ").next().unwrap().trim().to_owned();
    let commands = steps.lines().map(command);
    commands.filter(|command| !command.is_empty()).collect()
}

/// Every file and directory below a place.
fn everything(place: &Place) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![place.dir().to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                open.push(path.clone());
            }
            let below = path.strip_prefix(place.dir()).unwrap();
            found.push(below.display().to_string());
        }
    }
    found.sort();
    found
}

#[test]
fn the_next_steps_read_what_was_written_also_where_another_is_named() {
    let place = Place::with("");
    fs::create_dir(place.path("new")).unwrap();
    let mut command = place.command(&["init"]);
    command.env("RUN_FUNCTIONS_CONFIG", place.path("run_functions.toml"));
    let output = command.current_dir(place.path("new")).output().unwrap();
    let steps = steps(&output);
    assert!(
        steps[1].ends_with(" check --config run_functions.toml"),
        "{steps:?}"
    );
}

#[test]
fn the_configuration_belongs_to_its_owner_and_is_right_as_it_is() {
    let place = Place::empty();
    let output = place.run(&["init"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mode = fs::metadata(place.path("run_functions.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let output = place.run(&["check", "tasks::hello", "tasks::disk_space"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    let output = place.run(&["once", "tasks::hello"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn taking_the_marks_from_every_default_of_it_changes_nothing() {
    let place = Place::empty();
    place.run(&["init"]);
    // The functions of this binary have attributes, before which `[defaults]` goes.
    let check = ["check", "--json", "tasks::hello", "tasks::disk_space"];
    let before = stdout(&place.run(&check));
    let text = place.read("run_functions.toml");
    assert!(uncommented(&text) != text);
    place.configure(&uncommented(&text));
    let output = place.run(&check);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let values = |text: &str| -> serde_json::Value {
        let mut data: serde_json::Value = serde_json::from_str(text).unwrap();
        without_origins(&mut data);
        data
    };
    assert_eq!(values(&before), values(&stdout(&output)));
}

/// Where a value comes from is what may differ.
fn without_origins(data: &mut serde_json::Value) {
    match data {
        serde_json::Value::Object(entries) => {
            entries.retain(|key, _| key != "origin" && key != "from");
            entries.values_mut().for_each(without_origins);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_origins),
        _ => {}
    }
}

#[test]
fn the_next_steps_can_be_typed() {
    let place = Place::empty();
    let output = place.run(&["init", "my shop"]);
    let steps = steps(&output);
    assert_eq!(steps[0], "cd 'my shop'");
    assert!(steps[1].ends_with("run_functions.toml"), "{steps:?}");
    for step in [&steps[2], &steps[3]] {
        let line = format!("{} && {step}", steps[0]);
        let mut command = place.command_of("/bin/sh".as_ref(), &["-c", &line]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    }
    assert!(place.path("my shop/run/mail").exists());
}

#[test]
fn what_is_there_is_never_overwritten() {
    let place = Place::with("# mine\n");
    let output = place.run(&["init"]);
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "`run_functions.toml` is there already",
        "mv run_functions.toml",
    ] {
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    assert_eq!(place.read("run_functions.toml"), "# mine\n");
    assert_eq!(everything(&place), ["run_functions.toml"]);
}

#[test]
fn a_link_is_there_even_if_it_leads_nowhere() {
    let place = Place::empty();
    symlink(
        place.path("elsewhere.toml"),
        place.path("run_functions.toml"),
    )
    .unwrap();
    let output = place.run(&["init", "--template", "demo"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(!place.path("elsewhere.toml").exists());
}

#[test]
fn one_file_of_a_crate_that_is_there_keeps_back_all_others() {
    let place = Place::empty();
    place.write("shop/src/main.rs", "fn main() {}\n");
    place.write("shop/.gitignore", "/mine\n");
    let before = everything(&place);
    let output = place.run(&["init", "--template", "rust", "shop"]);
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "`shop/.gitignore`, `shop/src/main.rs` are there already",
        "init --template rust DIR",
    ] {
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    assert_eq!(everything(&place), before);
}

#[test]
fn what_fails_half_way_leaves_nothing_behind() {
    let place = Place::empty();
    // Where a directory has to be there is a file: noticed when others are written already.
    place.write("shop/src", "");
    let before = everything(&place);
    let output = place.run(&["init", "--template", "rust", "shop"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("nothing is left behind"),
        "{}",
        stderr(&output)
    );
    assert_eq!(everything(&place), before);
    let output = place.run(&["init", "shop/src/a/b"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(everything(&place), before);
}

#[test]
fn the_demonstration_mails_within_seconds_as_its_steps_say() {
    let place = Place::empty();
    let output = place.run(&["init", "--template", "demo", "."]);
    let steps = steps(&output);
    let typed: Vec<&str> = steps[0].split(' ').skip(1).collect();
    let output = place.run(&[&["check"], typed.as_slice()].concat());
    assert_eq!(stderr(&output), "");
    let runner = place.start(&typed);
    for words in [
        "Sent email to admins: First exception caught: exit 1: the shop does not answer",
        "Sent email to admins: New exception caught: exit 2: the shop answers",
        "Sent email to admins: Non recoverable downtime reached",
        "Sent email to admins: Non recoverable downtime reached again",
    ] {
        runner.wait_for(words);
    }
    runner.signal(Signal::SIGINT);
    assert_eq!(runner.stop(), Some(0));
    assert!(place.all_mails().len() >= 4, "{:?}", place.subjects());
    assert_eq!(steps[1], "cat run/mail/*.eml");
    let output = place.run(&["history"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_broken_configuration_does_not_keep_it_from_writing_elsewhere() {
    let place = Place::with("nonsense = [\n");
    let output = place.run(&["init", "fresh"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn the_crate_compiles_and_its_function_fails_as_it_should() {
    let place = Place::empty();
    let output = place.run(&["init", "--template", "rust", "shop-import"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let _turn = crates::prepare(&place);
    crates::lock(&place, "shop-import");
    let listed = crates::cargo(&place, "shop-import", "run --quiet -- list");
    assert!(
        stdout(&listed).contains("tasks::send_report"),
        "{}",
        stderr(&listed)
    );
    assert!(!stderr(&listed).contains("warning"), "{}", stderr(&listed));
    let once = crates::cargo(
        &place,
        "shop-import",
        "run --quiet -- once tasks::send_report",
    );
    assert_eq!(once.status.code(), Some(1), "{}", stderr(&once));
    assert!(stderr(&once).contains("No such file"), "{}", stderr(&once));
}

#[test]
fn the_crate_asks_for_this_version_of_the_published_library() {
    let place = Place::empty();
    place.run(&["init", "--template", "rust", "init-published"]);
    let manifest = place.read("init-published/Cargo.toml");
    let version = env!("CARGO_PKG_VERSION");
    let (before, _path) = manifest
        .split_once(", path = ")
        .expect("it was built from sources that are here");
    let wanted = format!("run_functions = {{ version = \"{version}\"");
    assert!(before.ends_with(&wanted), "{manifest}");
    // As it is where those sources are not.
    place.write(
        "init-published/Cargo.toml",
        format!("{before} }}\n[workspace]\n"),
    );
    let _turn = crates::prepare(&place);
    crates::publish(&place);
    crates::lock(&place, "init-published");
    let resolved = crates::cargo(&place, "init-published", "tree --depth 1");
    let words = format!("run_functions v{version} ({})", env!("CARGO_MANIFEST_DIR"));
    assert!(
        stdout(&resolved).contains(&words),
        "{}{}",
        stdout(&resolved),
        stderr(&resolved)
    );
}
