//! Actions from end to end: the question, the deed, the notice.

use serde_json::json;

use super::night::{NOW, TestNight, alice, html};
use super::pages::SeenPage;
use super::story::night;
use crate::board::{JobFilter, JobId, JobState, SessionWish};
use crate::server::page::PageAnswer;

/// Presses the button of a question as a browser does: all fields of its form are sent.
fn press(night: &TestNight, query: &[(&str, &str)], more: &[(&str, &str)]) -> String {
    let page = SeenPage::of(&html(night.get_as(&alice(), "/confirm", query), 200));
    let fields = scraper::Selector::parse("form[action='/act'] input[type=hidden]").unwrap();
    let mut form: Vec<(String, String)> = page
        .0
        .select(&fields)
        .map(|field| {
            (
                field.attr("name").unwrap().to_owned(),
                field.attr("value").unwrap_or_default().to_owned(),
            )
        })
        .collect();
    assert_eq!(
        form[0],
        ("csrf".to_owned(), alice().csrf),
        "the form has the secret of its login"
    );
    form.extend(super::night::pairs(more));
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    match night.post_as(&alice(), &form) {
        PageAnswer::SeeOther(path) => path,
        other => panic!("{other:?}"),
    }
}

/// Follows a path of this server, and returns its notice.
fn notice(night: &TestNight, address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query: Vec<(&str, &str)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let page = SeenPage::of(&html(night.get_as(&alice(), path, &query), 200));
    page.all(".notice").first().cloned().unwrap_or_default()
}

fn state(night: &TestNight, id: JobId) -> JobState {
    night.board.job(id).unwrap().unwrap().state
}

#[test]
fn a_stuck_job_goes_on_and_the_notice_comes_from_the_audit() {
    let (night, jobs) = night();
    let id = jobs.stuck.to_string();
    let page = SeenPage::of(&html(
        night.get_as(&alice(), "/confirm", &[("do", "retry"), ("job", &id)]),
        200,
    ));
    assert_eq!(page.one("h1"), format!("Retry resize {id}?"));
    assert!(
        page.one("form[action='/act']")
            .contains("To undo it: stop it.")
    );
    let back = press(
        &night,
        &[("do", "retry"), ("job", &id)],
        &[("reason", "disk repaired")],
    );
    assert_eq!(back, format!("/jobs/{id}?done=1"));
    assert_eq!(state(&night, jobs.stuck), JobState::Waiting);
    let told = notice(&night, &back);
    assert_eq!(
        told,
        "Done: the job waits now. Recorded as alice, 02:42:10 UTC."
    );
    // An address cannot make a notice up.
    assert_eq!(notice(&night, &format!("/jobs/{}?done=1", jobs.failed)), "");
}

#[test]
fn what_changed_since_the_question_is_left_alone() {
    let (night, jobs) = night();
    let id = jobs.stuck.to_string();
    let query = [("do", "cancel"), ("job", id.as_str())];
    let page = html(night.get_as(&alice(), "/confirm", &query), 200);
    assert!(page.contains("name=\"seen\" value=\"stuck\""));
    press(&night, &[("do", "retry"), ("job", &id)], &[]);
    let form = [("do", "cancel"), ("job", id.as_str()), ("seen", "stuck")];
    let PageAnswer::SeeOther(back) = night.post_as(&alice(), &form) else {
        panic!();
    };
    assert!(notice(&night, &back).starts_with("Left alone: meanwhile the job waits."));
    assert_eq!(state(&night, jobs.stuck), JobState::Waiting);
}

#[test]
fn many_jobs_are_named_and_counted_before_they_are_asked() {
    let (night, jobs) = night();
    let query = [
        ("do", "retry"),
        ("which", "all"),
        ("state", "failed"),
        ("definition", "import_prices"),
    ];
    let page = SeenPage::of(&html(night.get_as(&alice(), "/confirm", &query), 200));
    assert_eq!(page.one("h1"), "Retry 12 jobs of import_prices?");
    assert!(
        page.one(".notice")
            .contains("All 12 have the same arguments")
    );
    let back = press(&night, &query, &[("which", "all")]);
    assert!(
        notice(&night, &back).starts_with("12 jobs changed."),
        "{}",
        notice(&night, &back)
    );
    assert_eq!(state(&night, jobs.failed), JobState::Waiting);
    let left = night.board.jobs(&JobFilter {
        states: vec![JobState::Failed],
        limit: 100,
        ..JobFilter::default()
    });
    assert_eq!(left.unwrap().jobs.len(), 6, "those of resize");
}

#[test]
fn ticked_jobs_alone_are_asked_and_never_every_job() {
    let (night, jobs) = night();
    let id = jobs.waiting.to_string();
    let back = press(
        &night,
        &[
            ("do", "pause"),
            ("which", "ticked"),
            ("job", &id),
            ("state", "waiting"),
        ],
        &[("which", "ticked")],
    );
    assert!(notice(&night, &back).starts_with("1 job changed."));
    assert_eq!(state(&night, jobs.waiting), JobState::Paused);
    let form = [("do", "kill"), ("which", "all")];
    html(night.post_as(&alice(), &form), 422);
    html(night.get_as(&alice(), "/confirm", &form), 422);
    assert_eq!(state(&night, jobs.running), JobState::Running);
}

#[test]
fn workers_schedules_definitions_and_mutes_are_asked() {
    let (night, _) = night();
    press(&night, &[("do", "wake"), ("worker", "render-1")], &[]);
    let workers = night.board.workers().unwrap();
    assert!(
        workers
            .iter()
            .any(|it| it.request.name == "render-1" && it.wish == SessionWish::Work)
    );
    press(&night, &[("do", "forget"), ("worker", "render-2")], &[]);
    assert!(
        night
            .board
            .workers()
            .unwrap()
            .iter()
            .all(|it| it.request.name != "render-2")
    );
    let back = press(&night, &[("do", "forget"), ("worker", "app-1")], &[]);
    assert!(notice(&night, &back).starts_with("Left alone. It may live"));
    press(
        &night,
        &[("do", "schedule-resume"), ("schedule", "weekly_report")],
        &[],
    );
    assert!(
        night
            .board
            .schedules()
            .unwrap()
            .iter()
            .all(|one| one.pause.is_none())
    );
    let back = press(
        &night,
        &[("do", "schedule-run"), ("schedule", "backup_db")],
        &[],
    );
    assert!(notice(&night, &back).starts_with("Posted job"));
    press(&night, &[("do", "project-pause"), ("project", "ops")], &[]);
    assert_eq!(night.board.pauses().unwrap().len(), 1);
    let back = press(
        &night,
        &[("do", "mute"), ("definition", "resize")],
        &[("hours", "4"), ("reason", "upgrade")],
    );
    assert!(
        notice(&night, &back).contains("held back until"),
        "{}",
        notice(&night, &back)
    );
    let back = press(&night, &[("do", "unmute"), ("definition", "resize")], &[]);
    assert!(notice(&night, &back).starts_with("Mails about it are sent again."));
}

#[test]
fn a_job_is_posted_from_its_arguments_and_twice_pressed_it_is_one() {
    let (night, _) = night();
    let page = html(
        night.get_as(&alice(), "/post", &[("definition", "resize")]),
        200,
    );
    let seen = SeenPage::of(&page);
    assert_eq!(seen.all("label[for='arg.path']"), ["path path"]);
    let posting = page.split("name=\"posting\" value=\"").nth(1).unwrap()[..32].to_owned();
    let form = [
        ("do", "post"),
        ("definition", "resize"),
        ("posting", posting.as_str()),
        ("arg.path", "/a b.jpg"),
        ("arg.width", "x"),
    ];
    let refused = SeenPage::of(&html(night.post_as(&alice(), &form), 422));
    assert!(refused.one("[role=alert]").contains("width"));
    let form = [
        ("do", "post"),
        ("definition", "resize"),
        ("posting", posting.as_str()),
        ("arg.path", "/a b.jpg"),
        ("arg.width", "640"),
        ("class", "1"),
    ];
    let first = night.post_as(&alice(), &form);
    assert_eq!(night.post_as(&alice(), &form), first);
    let PageAnswer::SeeOther(back) = first else {
        panic!("{first:?}");
    };
    let id: u64 = back
        .trim_start_matches("/jobs/")
        .split('?')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let job = night.board.job(JobId(id)).unwrap().unwrap();
    assert_eq!(job.args, json!({"path": "/a b.jpg", "width": 640}));
    assert_eq!(
        (job.priority, job.posted_by.as_str(), job.project.as_deref()),
        (1, "alice", Some("media"))
    );
}

#[test]
fn a_job_is_run_again_with_its_secrets_and_a_secret_is_asked_for_as_one() {
    let (night, jobs) = night();
    let id = jobs.reverted.to_string();
    let back = press(&night, &[("do", "again"), ("job", &id)], &[]);
    let new: u64 = back
        .trim_start_matches("/jobs/")
        .split('?')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let job = night.board.job(JobId(new)).unwrap().unwrap();
    assert_eq!(job.args["token"], json!("t0ps3cret"));
    let page = html(
        night.get_as(&alice(), "/post", &[("definition", "publish_video")]),
        200,
    );
    assert!(
        page.contains("name=\"arg.token\" type=\"password\""),
        "{page}"
    );
    assert!(night.now() == NOW);
}
