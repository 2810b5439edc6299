//! Bad input gets one clear error, and changes nothing.

use std::fs;

use crate::desk::Desk;

const GREET: &str = r#"
[jobs.greet]
args.name = { help = "who" }
args.width = { type = "integer", default = 3 }
steps = [{ name = "a", command = ["echo", "{args.name}"] }]
"#;

#[test]
fn a_post_that_does_not_fit_posts_nothing() {
    let desk = Desk::with(GREET);
    for (args, said) in [
        (vec!["post", "gret"], "did you mean `greet`?"),
        (vec!["post", "greet"], "--name: is missing"),
        (
            vec!["post", "greet", "--nme", "x"],
            "did you mean `--name`?",
        ),
        (
            vec!["post", "greet", "--name", "x", "--width", "wide"],
            "\"wide\" is no integer",
        ),
        (
            vec!["post", "greet", "--name", "x", "--at", "noon"],
            "`noon` is no time",
        ),
        (
            vec!["post", "greet", "--name", "x", "--priority", "9"],
            "9 is not in -2..=2",
        ),
        (vec!["post"], "no JOB is named"),
        (
            vec!["post", "greet", "--name", "x", "--key", ""],
            "such as `--key customer-12`",
        ),
    ] {
        let told = desk.refuses(&args, 2);
        assert!(told.contains(said), "{args:?}: {told}");
    }
    assert!(desk.says(&["jobs"]).starts_with("No job is on the board"));
}

#[test]
fn a_value_that_would_be_an_option_is_a_failure_of_its_step_that_says_how_to_write_it() {
    let desk = Desk::with(GREET);
    let _worker = desk.worker(&[]);
    let id = desk.post(&["greet", "--name=-n"]);
    let job = desk.wait_for(id, "failed");
    let reason = job["reason"].as_str().unwrap();
    assert!(
        reason.contains("begins with `-` and would be an option"),
        "{reason}"
    );
}

#[test]
fn a_definition_that_cannot_be_is_an_error_with_its_place() {
    for (config, said) in [
        (
            "[jobs.x]\nsteps = [{ name = \"a\", command = [\"a\"], after = [\"b\"] }]",
            "`b`",
        ),
        (
            "[jobs.x]\nsteps = [{ name = \"a\", command = [\"echo\", \"{args.y}\"] }]",
            "args.y",
        ),
        ("[jobs.x]\n", "no `steps`"),
    ] {
        let desk = Desk::with(config);
        let told = desk.refuses(&["check"], 78);
        assert!(
            told.contains("run_functions.toml:") && told.contains(said),
            "{told}"
        );
    }
}

#[test]
fn a_result_that_is_no_json_is_a_failure() {
    let desk = Desk::with(
        r#"
[jobs.x]
steps = [{ name = "a", shell = 'echo "{nope" > "$RESULT_FILE"' }]
[jobs.long]
steps = [{ name = "a", shell = 'head -c 70000 /dev/zero | tr "\0" 1 > "$RESULT_FILE"' }]
[jobs.link]
steps = [{ name = "a", shell = 'ln -s /etc/hostname "$RESULT_FILE"' }]
"#,
    );
    let _worker = desk.worker(&[]);
    for (job, said) in [
        ("x", "the result is no JSON"),
        ("long", "write a file, return its name"),
        ("link", "the result file is a link"),
    ] {
        let job = desk.wait_for(desk.post(&[job]), "failed");
        assert!(job["reason"].as_str().unwrap().contains(said), "{job:#}");
    }
}

#[test]
fn a_file_that_is_no_board_is_left_as_it_is() {
    let desk = Desk::with(GREET);
    desk.says(&["post", "greet", "--name", "x"]);
    for name in ["board.sqlite-wal", "board.sqlite-shm"] {
        let _ = fs::remove_file(desk.place.path(&format!("run/{name}")));
    }
    desk.place
        .replace("run/board.sqlite", "this is a text of somebody");
    let told = desk.refuses(&["post", "greet", "--name", "x"], 69);
    assert!(told.contains("board.sqlite"), "{told}");
    assert_eq!(
        desk.place.read("run/board.sqlite"),
        "this is a text of somebody"
    );
}

#[test]
fn a_time_that_no_calendar_has_is_refused_and_a_far_one_is_shown_with_its_year() {
    let desk = Desk::with(GREET);
    let post = |at| vec!["post", "greet", "--name", "x", "--at", at];
    let told = desk.refuses(&post("99999999h"), 2);
    assert!(told.contains("`99999999h` is no time"), "{told}");
    let told = desk.says(&post("9000-05-05 03:00"));
    assert!(told.contains("due at 05 May 9000 03:00:00"), "{told}");
}

#[test]
fn a_key_with_line_breaks_cannot_forge_a_line_of_the_list() {
    let desk = Desk::with(GREET);
    desk.says(&["post", "greet", "--name", "x", "--key", "a\n  9  succeeded"]);
    let list = desk.says(&["jobs"]);
    assert_eq!(list.lines().count(), 1, "{list}");
    assert!(list.contains("key=a   9  succeeded"), "{list}");
}

#[test]
fn a_batch_that_is_not_there_is_an_error() {
    let desk = Desk::with(GREET);
    desk.says(&["post", "greet", "--name", "x"]);
    let told = desk.refuses(&["jobs", "--batch", "9"], 2);
    assert!(told.contains("there is no batch 9"), "{told}");
}

#[test]
fn a_worker_has_a_name_that_fits_into_a_line() {
    let desk = Desk::with("");
    for name in ["a\nb", "", "../x", "a b", "-x"] {
        let refusal = desk.refuses(&["work", "--once", &format!("--name={name}")], 2);
        assert!(refusal.contains("is no name of a worker"), "{refusal}");
    }
    desk.says(&["work", "--once", "--name=web1.example-2_b@x"]);
}
