//! What a job does, from the post to its end.

use serde_json::json;

use crate::desk::{Desk, is_exact, journal};
use crate::support::{eventually, stdout};

const TWO_STEPS: &str = r#"
[worker]
slots = 2
[jobs.copy]
args.text = { help = "what is copied" }
args.fail = { type = "boolean", default = false }
steps = [
  { name = "make", shell = 'echo "$ARG_TEXT" > made; printf "{\"file\": \"%s\"}" "$PWD/made" > "$RESULT_FILE"', revert = { command = ["touch", "--", "{make.file}.undone"] } },
  { name = "show", command = ["cat", "--", "{make.file}"] },
  { name = "end", shell = '[ "$ARG_FAIL" = false ]', revert = { shell = 'echo never' } },
]
"#;

#[test]
pub fn a_job_is_done_step_by_step_and_its_results_are_read_by_later_steps() {
    let desk = Desk::with(TWO_STEPS);
    let _worker = desk.worker(&[]);
    let id = desk.post(&["copy", "--text", "a b; $(c) 'd'"]);
    let job = desk.wait_for(id, "succeeded");
    assert_eq!(
        journal(&job),
        [
            "make execute succeeded",
            "show execute succeeded",
            "end execute succeeded"
        ]
    );
    is_exact(&job);
    let id = id.to_string();
    assert_eq!(desk.says(&["job", &id, "output"]), "a b; $(c) 'd'\n");
    let left = std::fs::read_dir(desk.place.path("run/jobs"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "the directory of a job that is over is removed");
}

#[test]
pub fn a_job_that_fails_is_reverted_in_reverse_and_mailed_once() {
    let desk = Desk::with(TWO_STEPS);
    let worker = desk.worker(&[]);
    for _ in 0..2 {
        let id = desk.post(&["copy", "--text", "x", "--fail"]);
        let job = desk.wait_for(id, "reverted");
        assert_eq!(
            journal(&job),
            [
                "make execute succeeded",
                "show execute succeeded",
                "end execute failed",
                "end decision revert",
                "end revert succeeded",
                "make revert succeeded",
            ]
        );
        assert_eq!(job["reason"], "end: exit 1");
        is_exact(&job);
    }
    assert!(eventually(|| !desk.place.subjects().is_empty()));
    // The mails of both jobs would be there when the worker has ended.
    assert_eq!(worker.stop(), Some(0));
    let subjects = desk.place.subjects();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(
        subjects[0].contains("[copy] First exception caught"),
        "{subjects:?}"
    );
}

#[test]
pub fn wait_prints_what_happens_and_ends_as_the_job_does() {
    let desk = Desk::with(TWO_STEPS);
    let _worker = desk.worker(&[]);
    let printed = desk.says(&["post", "copy", "--text", "hello", "--wait"]);
    assert!(printed.contains("  show | hello\n"), "{printed}");
    assert!(printed.contains(" succeeded after "), "{printed}");
    let output = desk
        .place
        .run(&["post", "copy", "--text", "x", "--fail", "--wait", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let job: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(job["state"], "reverted");
}

#[test]
pub fn a_wait_ends_with_75_when_its_time_is_over_and_says_why_the_job_waits() {
    let desk = Desk::with(TWO_STEPS);
    let told = desk.refuses(
        &["post", "copy", "--text", "x", "--wait", "--timeout", "4s"],
        75,
    );
    assert!(
        told.contains("job 1 is not over after 4s: it is waiting"),
        "{told}"
    );
    assert_eq!(desk.job(1)["why_waiting"], json!(["no worker runs"]));
}

#[test]
pub fn a_retry_is_as_written_and_a_try_each_takes_the_next_value() {
    let desk = Desk::with(
        r#"
[jobs.x]
steps = [
  { name = "thrice", shell = 'echo x >> tries; [ $(wc -l < tries) = 3 ]', retry = { times = 3, every = "10ms" } },
  { name = "mirror", shell = '[ "$EACH" = c ] && echo "from $EACH"', try_each = ["a", "b", "c"] },
]
"#,
    );
    let _worker = desk.worker(&[]);
    let job = desk.wait_for(desk.post(&["x"]), "succeeded");
    let short = journal(&job);
    assert_eq!(
        short
            .iter()
            .filter(|line| *line == "thrice execute failed")
            .count(),
        2
    );
    assert_eq!(
        short
            .iter()
            .filter(|line| *line == "mirror execute failed")
            .count(),
        2
    );
    assert_eq!(desk.says(&["job", "1", "output"]), "from c\n");
}

#[test]
pub fn groups_run_side_by_side_and_conditions_skip() {
    let desk = Desk::with(
        r#"
[worker]
slots = 3
[jobs.x]
steps = [
  { name = "both", parallel = true, steps = [
    { name = "a", shell = 'touch a; while [ ! -e b ]; do sleep 0.01; done' },
    { name = "b", shell = 'touch b; while [ ! -e a ]; do sleep 0.01; done' },
  ] },
  { name = "maybe", command = ["false"], when = ["test", "1", "=", "2"] },
]
"#,
    );
    let _worker = desk.worker(&[]);
    let job = desk.wait_for(desk.post(&["x"]), "succeeded");
    assert!(
        journal(&job).contains(&"maybe when skipped".to_owned()),
        "{job:#}"
    );
}

#[test]
pub fn what_a_step_prints_is_seen_while_it_runs_and_once() {
    let desk = Desk::with("");
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        r#"
[jobs.x]
steps = [{{ name = "a", shell = 'echo one; while [ ! -e "{go}" ]; do sleep 0.05; done; echo two' }}]
"#
    ));
    let _worker = desk.worker(&[]);
    let seen = desk.place.path("seen");
    let mut command = desk.command(&["post", "x", "--wait"]);
    command.stdout(std::fs::File::create(&seen).unwrap());
    let mut waits = command.spawn().unwrap();
    let read = || std::fs::read_to_string(&seen).unwrap();
    assert!(eventually(|| read().contains("a | one\n")), "{}", read());
    assert!(!read().contains("a: done"), "{}", read());
    desk.place.write("go", "");
    assert!(waits.wait().unwrap().success());
    let lines = |text: &str| read().lines().filter(|line| line.contains(text)).count();
    assert_eq!((lines("a | one"), lines("a | two")), (1, 1), "{}", read());
}

#[test]
pub fn a_secret_argument_is_shown_nowhere() {
    let desk = Desk::with(
        r#"
[jobs.x]
args.token = { secret = true }
steps = [{ name = "a", shell = 'echo "the token is $ARG_TOKEN"; exit 1' }]
"#,
    );
    let worker = desk.worker(&[]);
    let mut command = desk.command(&["post", "x", "--wait"]);
    let output = command.env("ARG_TOKEN", "hunter2hunter2").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let seen = [
        stdout(&output),
        desk.says(&["job", "1"]),
        desk.says(&["job", "1", "--json"]),
        desk.says(&["job", "1", "output"]),
        worker.log(),
        desk.place.all_mails().concat(),
    ];
    for text in seen {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(
        desk.says(&["job", "1", "output"])
            .contains("the token is [redacted]")
    );
}

#[test]
#[ignore = "needs root"]
fn a_step_of_another_user_has_the_directory_and_the_way_to_it() {
    let desk = Desk::with(
        r#"
[jobs.x]
steps = [{ name = "a", shell = 'id -un; touch here; echo 1 > "$RESULT_FILE"', user = "nobody" }]
"#,
    );
    let _worker = desk.worker(&[]);
    let closed = desk.wait_for(desk.post(&["x"]), "failed");
    let reason = closed["reason"].as_str().unwrap();
    assert!(
        reason.contains("`nobody` may not enter") && reason.contains("chmod o+x"),
        "{reason}"
    );
    for above in [desk.place.dir().to_owned(), desk.place.path("run")] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(above, mode).unwrap();
    }
    let id = desk.post(&["x"]);
    desk.wait_for(id, "succeeded");
    assert_eq!(desk.says(&["job", &id.to_string(), "output"]), "nobody\n");
}
