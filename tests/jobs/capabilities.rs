//! Tags that a worker has while a command answers yes.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::desk::{Desk, is_exact, journal};
use crate::support::{eventually, stderr};

/// A desk with a job that needs `port_is_free`, whose command is a text for a shell. `$DESK` is the
/// directory.
fn desk(command: &str, lease: &str) -> Desk {
    let desk = Desk::with("");
    let dir = desk.place.path("").display().to_string();
    let command = command.replace("$DESK", &dir);
    desk.place.configure(&format!(
        r#"
[worker]
slots = 3
can = {{ port_is_free = ["sh", "-c", '''{command}'''] }}
[jobs.serve]
needs = ["port_is_free"]
args.port = {{ type = "integer", default = 80 }}
args.token = {{ secret = true, default = "" }}
lease = "{lease}"
steps = [{{ name = "work", shell = 'echo $JOB_ID >> "{dir}/done"', reads = ["args.token"] }}]
[jobs.hold]
lease = "{lease}"
steps = [{{ name = "work", shell = 'while [ ! -e "{dir}/go" ]; do sleep 0.05; done' }}]
"#
    ));
    desk
}

fn text(desk: &Desk, file: &str) -> String {
    fs::read_to_string(desk.place.path(file)).unwrap_or_default()
}

fn why(desk: &Desk, id: u64) -> String {
    desk.job(id)["why_waiting"].to_string()
}

#[test]
pub fn a_job_is_claimed_when_the_command_answers_yes_and_the_command_sees_the_job() {
    let desk = desk(
        r#"echo "$JOB_ID $ARG_PORT $ARG_TOKEN" >> $DESK/asked"#,
        "5m",
    );
    let worker = desk.worker(&[]);
    let mut post = desk.command(&["post", "serve", "--port", "8080"]);
    let posted = post.env("ARG_TOKEN", "verysecret").output().unwrap();
    assert_eq!(posted.status.code(), Some(0), "{}", stderr(&posted));
    let id = 1;
    is_exact(&desk.wait_for(id, "succeeded"));
    assert_eq!(text(&desk, "asked"), format!("{id} 8080 \n"));
    let plain = desk.post(&["hold"]);
    desk.wait_for_step(plain, "work");
    desk.place.write("go", "");
    desk.wait_for(plain, "succeeded");
    assert_eq!(text(&desk, "asked").lines().count(), 1);
    drop(worker);
}

#[test]
pub fn a_no_is_asked_again_now_and_then_until_it_is_a_yes_and_the_job_says_who_cannot() {
    let desk = desk("echo x >> $DESK/asked; test -e $DESK/free", "5m");
    let _worker = desk.worker(&["--name", "one"]);
    let id = desk.post(&["serve"]);
    let other = desk.post(&["serve"]);
    let named = r#"["it cannot be done now by one (port_is_free)"]"#;
    assert!(eventually(|| why(&desk, id) == named), "{}", why(&desk, id));
    assert!(eventually(|| why(&desk, other) == named));
    let begin = Instant::now();
    assert!(eventually(|| text(&desk, "asked").lines().count() == 3));
    // Two jobs of the same arguments are asked about once in three seconds together.
    assert!(begin.elapsed() > Duration::from_secs(3));
    desk.place.write("free", "");
    is_exact(&desk.wait_for(id, "succeeded"));
    desk.wait_for(other, "succeeded");
}

#[test]
pub fn jobs_of_other_arguments_do_not_wait_behind_a_no() {
    let desk = desk(r#"test "$ARG_PORT" != 80"#, "5m");
    let _worker = desk.worker(&[]);
    let no = desk.post(&["serve", "--port", "80"]);
    let yes = desk.post(&["serve", "--port", "81"]);
    desk.wait_for(yes, "succeeded");
    assert_eq!(desk.job(no)["state"], "waiting");
}

/// A predecessor lost the claim while it asked, and two did the job.
#[test]
pub fn a_command_that_is_slower_than_the_lease_stops_no_beat_and_no_job_is_claimed_twice() {
    let desk = desk("echo x >> $DESK/asked; sleep 5", "2s");
    let one = desk.worker(&["--name", "one"]);
    let two = desk.worker(&["--name", "two"]);
    let held = [desk.post(&["hold"]), desk.post(&["hold"])];
    held.iter().for_each(|id| desk.wait_for_step(*id, "work"));
    let id = desk.post(&["serve"]);
    assert!(eventually(|| text(&desk, "asked").lines().count() == 2));
    let job = desk.wait_for(id, "succeeded");
    is_exact(&job);
    assert_eq!(journal(&job), ["work execute succeeded"]);
    assert_eq!(text(&desk, "done"), format!("{id}\n"));
    desk.place.write("go", "");
    for id in held {
        let job = desk.wait_for(id, "succeeded");
        assert_eq!(journal(&job), ["work execute succeeded"]);
    }
    drop((one, two));
}

#[test]
pub fn a_command_that_hangs_is_killed_and_counts_as_no_and_is_logged_once() {
    let desk = desk(
        "echo $$ > $DESK/pid; trap '' TERM; while :; do sleep 1; done",
        "5m",
    );
    let worker = desk.worker(&["--name", "one"]);
    let id = desk.post(&["serve"]);
    assert!(eventually(|| text(&desk, "pid").ends_with('\n')));
    let pid = Pid::from_raw(text(&desk, "pid").trim().parse().unwrap());
    worker.wait_for("No answer about job");
    assert!(kill(pid, None).is_err(), "{pid} lives");
    assert!(eventually(|| why(&desk, id).contains("one (port_is_free)")));
    // Other jobs go on while it is asked again.
    let plain = desk.post(&["hold"]);
    desk.wait_for_step(plain, "work");
    desk.place.write("go", "");
    desk.wait_for(plain, "succeeded");
    assert_eq!(desk.job(id)["state"], "waiting");
}

#[test]
pub fn of_two_workers_the_one_that_can_does_the_job() {
    let desk = desk(r#"test "$CAN" = yes"#, "5m");
    let _no = desk.worker(&["--name", "no"]);
    let ids: Vec<u64> = (0..3).map(|_| desk.post(&["serve"])).collect();
    assert!(eventually(
        || why(&desk, ids[0]).contains("no (port_is_free)")
    ));
    let mut command = desk.command(&["work", "--name", "yes"]);
    command.env("CAN", "yes");
    let yes = crate::support::Runner::start(command);
    yes.wait_for("is on the board");
    for id in ids {
        let job = desk.wait_for(id, "succeeded");
        assert_eq!(job["journal"][0]["worker"], "yes", "{job:#}");
    }
}

#[test]
pub fn a_single_pass_asks_once_and_ends() {
    let desk = desk("echo x >> $DESK/asked; test -e $DESK/free", "5m");
    let id = desk.post(&["serve"]);
    desk.says(&["work", "--once"]);
    assert_eq!(text(&desk, "asked"), "x\n");
    assert_eq!(desk.job(id)["state"], "waiting");
    desk.place.write("free", "");
    desk.says(&["work", "--once"]);
    assert_eq!(desk.job(id)["state"], "succeeded");
}

#[test]
pub fn a_wrong_can_is_one_clear_error() {
    let desk = Desk::with("");
    for (can, told) in [
        ("{ port = [] }", "`port` in `can` is empty"),
        (
            r#"{ port = ["nc", "{args.port}"] }"#,
            "`port` in `can` has `{args.port}`, which only steps replace",
        ),
        (r#"{ gpu = ["true"] }"#, "`gpu` is in `tags` and in `can`"),
        (r#"{ port = "true" }"#, "`port` in `can`"),
    ] {
        desk.place
            .configure(&format!("[worker]\ntags = [\"gpu\"]\ncan = {can}\n"));
        let output = desk.command(&["work", "--once"]).output().unwrap();
        let printed = stderr(&output);
        assert_ne!(output.status.code(), Some(0), "{printed}");
        assert!(printed.contains(told), "{printed}");
        assert_eq!(printed.matches("error").count(), 1, "{printed}");
    }
    desk.place
        .configure("[worker]\ncan = { gpu = [\"true\"] }\n");
    let printed = desk.refuses(&["work", "--once", "--tag", "gpu"], 78);
    assert!(
        printed.contains("`--tag gpu`, and `gpu` is in `can` of `[worker]`"),
        "{printed}"
    );
}
