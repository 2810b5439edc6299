//! Whole jobs, from the post to the end.

use serde_json::Value;

use crate::desk::{Desk, is_exact, journal};
use crate::support::{eventually, stderr};
use crate::tiny_harness::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    a_job_is_done_and_its_results_are_read,
    a_job_that_fails_is_reverted_in_reverse_with_what_its_steps_gave,
    each_way_to_fail_is_named,
    arguments_are_those_that_clap_derives,
    a_secret_is_shown_nowhere,
    the_stock_binary_can_post_what_a_worker_knows,
    the_plan_draws_the_flow,
    a_job_of_the_file_with_the_same_name_is_one_error,
];

pub(crate) fn desk(config: &str) -> Desk {
    Desk {
        program: Some(std::env::current_exe().unwrap()),
        ..Desk::with(config)
    }
}

fn a_job_is_done_and_its_results_are_read() {
    let desk = desk("[worker]\nslots = 4\n");
    let _worker = desk.worker(&[]);
    let id = desk.post(&["resize", "--picture", "a b.jpg", "--format", "web-p"]);
    let job = desk.wait_for(id, "succeeded");
    is_exact(&job);
    let mut entries = journal(&job);
    entries[3..6].sort();
    assert_eq!(
        entries,
        [
            "fetch execute succeeded",
            "shrink execute succeeded",
            "note when skipped",
            "cdn execute succeeded",
            "index execute succeeded",
            "purge execute succeeded",
            "end execute succeeded",
        ]
    );
    assert_eq!(job["journal"][0]["result"]["bytes"], 7);
    assert_eq!(job["journal"][1]["result"], "a b.jpg 800.web-p");
    let output = desk.says(&["job", &id.to_string(), "output"]);
    for line in [
        "fetched a b.jpg\n",
        &format!("published a b.jpg 800.web-p as {id}-cdn\n"),
        "indexed a b.jpg 800.web-p, noted None\n",
    ] {
        assert!(output.contains(line), "{output}");
    }
    let id = desk.post(&["resize", "--picture", "x", "--note", "fine"]);
    desk.wait_for(id, "succeeded");
    let output = desk.says(&["job", &id.to_string(), "output"]);
    assert!(output.contains("noted Some(\"fine\")"), "{output}");
}

fn a_job_that_fails_is_reverted_in_reverse_with_what_its_steps_gave() {
    let desk = desk("[worker]\nslots = 1\n");
    let _worker = desk.worker(&[]);
    let id = desk.post(&["resize", "--picture", "x", "--fail"]);
    let job = desk.wait_for(id, "reverted");
    is_exact(&job);
    let entries = journal(&job);
    assert_eq!(
        entries[entries.len() - 5..],
        [
            "end execute failed",
            "end execute failed",
            "end decision revert",
            "cdn revert succeeded",
            "fetch revert succeeded",
        ]
    );
    let reason = "end: the bell is broken: no sound at try 2";
    let found = job["reason"].as_str().unwrap();
    assert!(found.starts_with("end: the bell is broken"), "{found}");
    assert!(found.contains("no sound at try 2"), "{reason}: {found}");
    let output = desk.says(&["job", &id.to_string(), "output"]);
    let undone = format!("took 77 back as {id}-cdn/revert\nremoved 1 bytes\n");
    assert!(output.contains(&undone), "{output}");
    assert!(eventually(|| desk.place.subjects().len() == 1));
    let mail = &desk.place.mails()[0];
    assert!(mail.contains("BellError"), "{mail}");
}

fn each_way_to_fail_is_named() {
    let desk = desk("");
    let _worker = desk.worker(&[]);
    for (what, tries, reason) in [
        ("panic", 2, "act: out of cheese"),
        ("fatal", 1, "act: the licence has expired"),
        ("exit", 2, "act: called exit(0) instead of returning"),
        ("long", 2, "act: the result has more than 64 KiB"),
    ] {
        let id = desk.post(&["odd-one", "--what", what]);
        let job = desk.wait_for(id, "failed");
        let found = job["reason"].as_str().unwrap();
        assert!(found.starts_with(reason), "{what}: {found}");
        let entries = journal(&job);
        assert_eq!(
            entries[..2],
            ["mirror execute failed", "mirror execute succeeded"]
        );
        let failed = entries
            .iter()
            .filter(|entry| *entry == "act execute failed");
        assert_eq!(failed.count(), tries, "{what}: {entries:?}");
    }
    assert!(eventually(|| {
        let mails = desk.place.mails();
        mails.iter().any(|mail| mail.contains("program_jobs.rs"))
    }));
}

fn arguments_are_those_that_clap_derives() {
    let desk = desk("");
    let help = desk.says(&["post", "resize", "--help"]);
    for line in [
        "Makes a picture small, and publishes it.\n",
        "--picture PATH   The picture (required)",
        "--width INTEGER  Its width then (default: 800)",
        "--format STRING  (one of \"jpg\", \"web-p\"; default: \"jpg\")",
        "--fail           Whether the last step fails",
        "--note STRING\n",
    ] {
        assert!(help.contains(line), "{help}");
    }
    assert!(!help.contains("Only the line above"), "{help}");
    let refused = desk.refuses(&["post", "resize", "--width", "wide", "--format", "gif"], 2);
    for line in [
        "--width: \"wide\" is no integer",
        "--format: \"gif\" is not one of \"jpg\", \"web-p\"",
        "--picture: is missing (path: The picture)",
    ] {
        assert!(refused.contains(line), "{refused}");
    }
    // What the schema has no word for is checked by the type itself.
    let refused = desk.refuses(&["post", "resize", "--picture", "x", "--width", "70000"], 2);
    assert!(refused.contains("the arguments do not fit"), "{refused}");
    assert!(
        !desk.says(&["jobs"]).contains("resize"),
        "nothing is posted"
    );
}

fn a_secret_is_shown_nowhere() {
    let desk = desk("");
    let worker = desk.worker(&[]);
    let refused = desk.refuses(&["post", "odd-one", "--token", "hunter2"], 2);
    assert!(
        refused.contains("set the variable `ARG_TOKEN`"),
        "{refused}"
    );
    let mut post = desk.command(&["post", "odd-one", "--what", "token", "--wait"]);
    let output = post.env("ARG_TOKEN", "xyzzy-hunter2").output().unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(printed.contains("the token is "), "{printed}");
    assert!(eventually(|| !desk.place.mails().is_empty()));
    let job = desk.says(&["job", "1"]);
    let text = [printed, job, worker.log(), desk.place.mails().concat()].concat();
    assert!(!text.contains("hunter2"), "{text}");
}

fn the_stock_binary_can_post_what_a_worker_knows() {
    let desk = desk("");
    let _worker = desk.worker(&[]);
    let posted = desk
        .place
        .run(&["post", "resize", "--picture", "x", "--json"]);
    assert_eq!(posted.status.code(), Some(0), "{}", stderr(&posted));
    let job = desk.wait_for(1, "succeeded");
    assert_eq!(job["args"]["note"], Value::Null, "{job:#}");
    let refused = desk
        .place
        .run(&["post", "resize", "--picture", "x", "--plan"]);
    assert_eq!(
        refused.status.code(),
        Some(1),
        "its steps are known to its program"
    );
}

fn the_plan_draws_the_flow() {
    let desk = desk("");
    let plan = desk.says(&["post", "resize", "--plan"]);
    let expected = "\
resize: Makes a picture small, and publishes it.

resize       on failure: revert
├─ fetch     has a revert
├─ shrink
├─ note      may be skipped
├─ publish   in parallel
│  ├─ cdn    has a revert
│  ├─ index
│  └─ purge  after cdn
└─ end       after publish; up to 2 tries, 50ms apart
";
    assert_eq!(plan, expected, "{plan}");
    let checked = desk.says(&["check"]);
    assert!(checked.contains("odd-one, resize, waits"), "{checked}");
}

fn a_job_of_the_file_with_the_same_name_is_one_error() {
    let desk = desk("[jobs.resize]\nsteps = [{ name = \"a\", command = [\"true\"] }]\n");
    let refused = desk.refuses(&["check"], 78);
    assert!(
        refused
            .contains("`resize` is a job of this program already: tests/rust_jobs/program_jobs.rs"),
        "{refused}"
    );
    assert_eq!(refused.matches("error").count(), 1, "{refused}");
}
