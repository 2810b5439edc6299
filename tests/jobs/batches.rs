//! Jobs posted together, and what comes after jobs.

use serde_json::Value;

use crate::desk::Desk;
use crate::support::{eventually, stdout};

const CONFIG: &str = r#"
[worker]
slots = 2
[jobs.resize]
args.path = { help = "the picture" }
then = ["report"]
steps = [{ name = "work", command = ["test", "{args.path}", "!=", "bad"] }]
[jobs.report]
then = ["archive"]
then_if = "ended"
steps = [{ name = "write", command = ["true"] }]
[jobs.archive]
steps = [{ name = "pack", command = ["true"] }]
[jobs.clean]
every_worker = true
then = ["archive"]
steps = [{ name = "sweep", command = ["true"] }]
"#;

fn of_job(desk: &Desk, name: &str) -> Vec<Value> {
    let jobs: Value = serde_json::from_str(&desk.says(&["jobs", name, "--json"])).unwrap();
    jobs.as_array().unwrap().clone()
}

fn ended(desk: &Desk, name: &str) -> usize {
    let jobs = of_job(desk, name);
    let over = jobs.iter().filter(|job| job["state"] == "succeeded");
    over.count()
}

#[test]
pub fn what_comes_after_a_job_is_posted_when_it_has_succeeded() {
    let desk = Desk::with(CONFIG);
    let told = desk.says(&["post", "resize", "--path", "x"]);
    assert!(told.contains("Posted job 1 (resize)"), "{told}");
    let chain = desk.says(&["job", "1"]);
    assert!(
        chain.contains("Then: report, if that succeeds\n  Then: archive, whatever the end is\n"),
        "{chain}"
    );
    let _worker = desk.worker(&[]);
    assert!(eventually(|| ended(&desk, "archive") == 1));
    let chain = desk.says(&["job", "1"]);
    assert!(
        chain.contains("Then: job 2 (report) is succeeded\n  Then: job 3 (archive) is succeeded\n"),
        "{chain}"
    );
    assert!(desk.says(&["job", "3"]).contains("After: job 2\n"));
    let failing = desk.post(&["resize", "--path", "bad"]);
    desk.wait_for(failing, "failed");
    assert_eq!(of_job(&desk, "report").len(), 1);
}

#[test]
pub fn a_file_is_one_batch_and_a_second_run_posts_nothing_twice() {
    let desk = Desk::with(CONFIG);
    let lines: String = (0..1500)
        .map(|n| format!("{{\"path\": \"{n}\"}}\n"))
        .collect();
    desk.place.write("jobs.jsonl", &lines);
    let file = desk.place.path("jobs.jsonl").display().to_string();
    let post = ["post", "resize", "--from", &file];
    assert_eq!(desk.says(&post), "Posted batch 1: 1,500 jobs (resize)\n");
    let again = desk.says(&post);
    assert!(
        again.contains("Batch 1 (1,500 jobs) is there already"),
        "{again}"
    );
    let list = desk.says(&["jobs", "--batch", "1", "-n", "1"]);
    assert!(list.contains("1,500 jobs, 1,500 left"), "{list}");
    assert!(list.contains("Then: report, if that succeeds"), "{list}");
    let cancelled = desk.says(&["jobs", "--batch", "1", "cancel"]);
    assert_eq!(cancelled, "1,500 jobs changed\n");
    assert_eq!(of_job(&desk, "report").len(), 0, "not all have succeeded");
    let once_more = desk.says(&["post", "resize", "--from", &file, "--again"]);
    assert!(once_more.contains("Posted batch 2"), "{once_more}");
}

#[test]
pub fn wrong_lines_are_named_and_nothing_is_posted() {
    let desk = Desk::with(CONFIG);
    desk.place.write(
        "jobs.jsonl",
        "{\"path\": \"a\"}\n\n{\"pth\": \"b\"}\nnonsense\n",
    );
    let file = desk.place.path("jobs.jsonl").display().to_string();
    let told = desk.refuses(&["post", "resize", "--from", &file], 2);
    assert!(
        told.contains("line 3: ") && told.contains("line 4: "),
        "{told}"
    );
    assert!(told.contains("nothing was posted"), "{told}");
    assert_eq!(of_job(&desk, "resize").len(), 0);
}

#[test]
fn an_argument_that_stands_twice_in_a_line_is_an_error_with_its_line_and_name() {
    let desk = Desk::with(CONFIG);
    desk.place.write(
        "jobs.jsonl",
        "{\"path\": \"a\"}\n{\"path\": \"b\", \"path\": \"c\"}\n",
    );
    let file = desk.place.path("jobs.jsonl").display().to_string();
    let told = desk.refuses(&["post", "resize", "--from", &file], 2);
    assert!(
        told.contains("line 2: path: stands twice in the line"),
        "{told}"
    );
    assert_eq!(of_job(&desk, "resize").len(), 0);
}

#[test]
fn a_byte_order_mark_is_no_error_and_another_encoding_is_one_with_a_remedy() {
    let desk = Desk::with(CONFIG);
    desk.place
        .write("marked.jsonl", "\u{feff}{\"path\": \"a\"}\n");
    let file = desk.place.path("marked.jsonl");
    desk.says(&["post", "resize", "--from", &file.display().to_string()]);
    assert_eq!(of_job(&desk, "resize").len(), 1);
    let latin = b"{\"path\": \"a\"}\n{\"path\": \"\xe4\"}\n";
    std::fs::write(&file, latin).unwrap();
    let told = desk.refuses(
        &["post", "resize", "--from", &file.display().to_string()],
        2,
    );
    assert!(told.contains("line 2: this is no UTF-8"), "{told}");
    assert!(told.contains("hint: nothing was posted; `iconv"), "{told}");
    assert_eq!(of_job(&desk, "resize").len(), 1);
}

#[test]
pub fn a_failed_member_is_tried_again_and_then_comes_what_comes_after() {
    let desk = Desk::with("");
    let mended = desk.place.path("mended").display().to_string();
    desk.place.configure(&format!(
        r#"
[jobs.resize]
args.n = {{ type = "integer" }}
then = ["report"]
steps = [{{ name = "work", shell = 'test "$ARG_N" != 2 || test -e "{mended}"' }}]
[jobs.report]
steps = [{{ name = "write", command = ["true"] }}]
"#
    ));
    desk.place
        .write("jobs.jsonl", "{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}\n");
    let file = desk.place.path("jobs.jsonl").display().to_string();
    desk.says(&["post", "resize", "--from", &file]);
    let _worker = desk.worker(&[]);
    desk.wait_for(2, "failed");
    desk.wait_for(3, "succeeded");
    desk.place.write("mended", "");
    let told = desk.says(&["jobs", "--batch", "1", "retry", "--failed"]);
    assert_eq!(told, "1 job changed\n");
    assert!(eventually(|| ended(&desk, "report") == 1));
}

#[test]
pub fn with_too_many_failures_the_rest_of_a_batch_is_cancelled() {
    let desk = Desk::with(&CONFIG.replace("slots = 2", "slots = 1"));
    desk.place
        .write("jobs.jsonl", "{\"path\": \"bad\"}\n".repeat(20));
    let file = desk.place.path("jobs.jsonl").display().to_string();
    desk.says(&["post", "resize", "--from", &file, "--fails-at", "2"]);
    let _worker = desk.worker(&[]);
    let job = desk.wait_for(20, "cancelled");
    assert!(
        job["reason"].as_str().unwrap().contains("ended early"),
        "{job:#}"
    );
    let failed = desk.says(&["jobs", "--batch", "1", "--state", "failed", "--json"]);
    let failed: Value = serde_json::from_str(&failed).unwrap();
    assert_eq!(failed.as_array().unwrap().len(), 2);
}

#[test]
pub fn each_worker_gets_a_job_and_the_chain_waits_for_all() {
    let desk = Desk::with(CONFIG);
    let told = desk.refuses(&["post", "clean"], 1);
    assert!(
        told.contains("no worker on the board can do `clean`"),
        "{told}"
    );
    let _one = desk.worker(&["--name", "one"]);
    let _two = desk.worker(&["--name", "two"]);
    let told = desk.says(&["post", "clean"]);
    assert_eq!(
        told,
        "Posted batch 1 (clean): 2 jobs, one for each worker\n"
    );
    assert!(eventually(|| ended(&desk, "archive") == 1));
    let mut workers: Vec<String> = (1..=2)
        .map(|id| {
            desk.job(id)["journal"][0]["worker"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    workers.sort();
    assert_eq!(workers, ["one", "two"]);
}

#[test]
pub fn a_job_is_posted_after_another_or_after_a_batch() {
    let desk = Desk::with(CONFIG);
    let first = desk.post(&["archive"]).to_string();
    let told = desk.says(&["post", "report", "--after", &first]);
    assert_eq!(told, "report is posted after job 1, if that succeeds\n");
    desk.place.write("jobs.jsonl", "{\"path\": \"a\"}\n");
    let file = desk.place.path("jobs.jsonl").display().to_string();
    desk.says(&["post", "resize", "--from", &file]);
    desk.says(&["post", "archive", "--after", "batch:1", "--after-any-end"]);
    let missing = desk.refuses(&["post", "report", "--after", "99"], 2);
    assert!(missing.contains("there is no job 99"), "{missing}");
    let _worker = desk.worker(&[]);
    // The first, those after both reports, and the one after the batch.
    assert!(eventually(|| ended(&desk, "archive") == 4));
    assert_eq!(ended(&desk, "report"), 2);
}

#[test]
pub fn a_circle_and_an_unknown_job_are_refused_at_load() {
    let desk = Desk::with(
        r#"
[jobs.a]
then = ["b"]
steps = [{ name = "a", command = ["true"] }]
[jobs.b]
then = ["a", "c"]
steps = [{ name = "b", command = ["true"] }]
[jobs.d]
then = ["e"]
steps = [{ name = "d", command = ["true"] }]
[jobs.e]
args.x = { help = "needed" }
steps = [{ name = "e", command = ["true"] }]
"#,
    );
    let told = desk.refuses(&["post", "a"], 78);
    for expected in [
        "`a` comes after itself: a, then b, then a",
        "`then` names `c`, which is no job of this file",
        "`then` names `e`, whose argument `x` is missing",
    ] {
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
pub fn many_are_asked_only_where_it_is_written_which() {
    let desk = Desk::with(CONFIG);
    desk.post(&["archive"]);
    let told = desk.refuses(&["jobs", "stop"], 2);
    assert!(told.contains("every job on the board"), "{told}");
    let told = desk.says(&["jobs", "archive", "--state", "waiting", "priority", "2"]);
    assert_eq!(told, "1 job changed\n");
    assert_eq!(desk.job(1)["priority"], 2);
    let failing = desk.post(&["resize", "--path", "bad"]);
    let _worker = desk.worker(&[]);
    let job = desk.wait_for(failing, "failed");
    let kind = job["journal"][0]["kind"].as_str().unwrap();
    let told = desk.says(&["jobs", "--state", "failed", "--kind", kind, "retry"]);
    assert_eq!(told, "1 job changed\n");
    let journal = |job: &Value| job["journal"].as_array().unwrap().len();
    assert!(eventually(
        || journal(&desk.job(failing)) > journal(&job) + 1
    ));
    assert!(stdout(&desk.asks(failing, &[])).contains("asked to go on"));
}

#[test]
fn a_batch_is_waited_for_and_ends_as_its_jobs_do() {
    let desk = Desk::with(CONFIG);
    desk.place
        .write("good.jsonl", "{\"path\": \"a\"}\n{\"path\": \"b\"}\n");
    desk.place
        .write("bad.jsonl", "{\"path\": \"a\"}\n{\"path\": \"bad\"}\n");
    let file = |name| desk.place.path(name).display().to_string();
    let (good, bad) = (file("good.jsonl"), file("bad.jsonl"));
    let post = ["post", "resize", "--wait", "--from"];
    let late = desk.refuses(&[&post[..], &[&good, "--timeout", "10ms"]].concat(), 75);
    assert!(late.contains("2 of 2 jobs are left"), "{late}");
    let _worker = desk.worker(&[]);
    let told = desk.says(&["jobs", "--batch", "1", "--wait"]);
    assert_eq!(told, "Batch 1 succeeded: 2 jobs\n");
    let told = desk.refuses(&[&post[..], &[&bad]].concat(), 1);
    assert!(
        told.contains("of the 2 jobs of batch 2 1 did not succeed"),
        "{told}"
    );
    desk.refuses(&["jobs", "--wait"], 2);
}

#[test]
fn a_member_that_was_reverted_is_not_tried_again_and_that_is_said() {
    let desk = Desk::with(
        r#"
[jobs.move]
args.n = { type = "integer" }
steps = [
    { name = "take", command = ["true"], revert = { command = ["true"] } },
    { name = "put", command = ["false"] },
]
"#,
    );
    desk.place.write("jobs.jsonl", "{\"n\": 1}\n");
    let file = desk.place.path("jobs.jsonl").display().to_string();
    let _worker = desk.worker(&[]);
    desk.refuses(&["post", "move", "--from", &file, "--wait"], 1);
    let told = desk.says(&["jobs", "--batch", "1", "retry"]);
    assert!(
        told.starts_with("no jobs changed\n1 job was reverted: "),
        "{told}"
    );
    assert!(told.contains("post them anew"), "{told}");
    let told = desk.refuses(&["job", "1", "retry"], 1);
    assert!(told.contains("nothing is left to go on from"), "{told}");
}
