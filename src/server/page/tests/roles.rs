//! Which role may do what: the button, the question, the deed, and the audit.

use super::night::{html, viewer};
use super::pages::SeenPage;
use super::story::night;
use crate::server::page::PageAnswer;
use crate::server::viewer::{Projects, Role};

fn forms(job: &str) -> Vec<(Role, Vec<(&'static str, String)>)> {
    let form = |needed, fields: &[(&'static str, &str)]| {
        let fields = fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        (needed, fields.collect())
    };
    vec![
        form(Role::Operate, &[("do", "stop"), ("job", job)]),
        form(Role::Operate, &[("do", "stop-no-revert"), ("job", job)]),
        form(Role::Operate, &[("do", "kill"), ("job", job)]),
        form(Role::Operate, &[("do", "pause"), ("job", job)]),
        form(Role::Operate, &[("do", "resume"), ("job", job)]),
        form(Role::Operate, &[("do", "retry"), ("job", job)]),
        form(
            Role::Operate,
            &[("do", "skip"), ("job", job), ("step", "fetch")],
        ),
        form(Role::Operate, &[("do", "revert"), ("job", job)]),
        form(Role::Operate, &[("do", "cancel"), ("job", job)]),
        form(
            Role::Operate,
            &[("do", "priority"), ("job", job), ("class", "1")],
        ),
        form(
            Role::Operate,
            &[("do", "retry"), ("which", "ticked"), ("job", job)],
        ),
        form(
            Role::Operate,
            &[("do", "retry"), ("which", "all"), ("state", "failed")],
        ),
        form(Role::Operate, &[("do", "drain"), ("worker", "app-1")]),
        form(Role::Operate, &[("do", "sleep"), ("worker", "app-1")]),
        form(Role::Operate, &[("do", "wake"), ("worker", "render-1")]),
        form(Role::Operate, &[("do", "quit"), ("worker", "app-1")]),
        form(Role::Operate, &[("do", "forget"), ("worker", "render-2")]),
        form(
            Role::Operate,
            &[("do", "schedule-pause"), ("schedule", "backup_db")],
        ),
        form(
            Role::Operate,
            &[("do", "schedule-resume"), ("schedule", "weekly_report")],
        ),
        form(
            Role::Operate,
            &[("do", "schedule-run"), ("schedule", "backup_db")],
        ),
        form(
            Role::Operate,
            &[("do", "definition-pause"), ("definition", "resize")],
        ),
        form(
            Role::Operate,
            &[("do", "definition-resume"), ("definition", "resize")],
        ),
        form(
            Role::Operate,
            &[("do", "project-pause"), ("project", "ops")],
        ),
        form(
            Role::Operate,
            &[("do", "project-resume"), ("project", "ops")],
        ),
        form(
            Role::Operate,
            &[("do", "mute"), ("definition", "resize"), ("hours", "1")],
        ),
        form(Role::Operate, &[("do", "unmute"), ("definition", "resize")]),
        form(Role::Post, &[("do", "again"), ("job", job)]),
        form(
            Role::Post,
            &[
                ("do", "post"),
                ("definition", "resize"),
                ("arg.path", "/x.jpg"),
            ],
        ),
    ]
}

#[test]
fn each_action_takes_its_role_and_is_recorded_before_and_after() {
    for role in [Role::View, Role::Post, Role::Operate, Role::Admin] {
        let (night, jobs) = night();
        let job = jobs.stuck.to_string();
        for (needed, form) in forms(&job) {
            let form: Vec<(&str, &str)> = form
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let before = night.audit.entries.lock().unwrap().len();
            let user = viewer("carol", role, Projects::All);
            let answer = night.post_as(&user, &form);
            let entries = night.audit.entries.lock().unwrap()[before..].to_vec();
            let is_allowed = role >= needed;
            match is_allowed {
                true => {
                    assert!(
                        matches!(answer, PageAnswer::SeeOther(_)),
                        "{role:?} {form:?}: {answer:?}"
                    );
                    assert_eq!(entries.len(), 2, "{form:?}");
                    assert_eq!(entries[0].outcome, "asked");
                    assert!(
                        entries[1].outcome.ends_with(['.', ')']),
                        "{}",
                        entries[1].outcome
                    );
                }
                false => {
                    let page = SeenPage::of(&html(answer, 403));
                    assert!(
                        page.one("main")
                            .contains(&format!("takes {}", needed.word())),
                        "{form:?}"
                    );
                    assert_eq!(entries.len(), 1, "{form:?}");
                    assert!(entries[0].outcome.starts_with("refused"), "{entries:?}");
                }
            }
        }
    }
}

#[test]
fn a_button_that_may_not_be_pressed_names_the_role() {
    let (night, jobs) = night();
    let user = viewer("carol", Role::View, Projects::All);
    let path = format!("/jobs/{}", jobs.running);
    let page = SeenPage::of(&html(night.get_as(&user, &path, &[]), 200));
    assert!(page.all(".actions form").is_empty());
    let actions = page.rows(".action");
    assert!(
        actions[0].contains("Stop Takes the role operate."),
        "{actions:?}"
    );
    let page = SeenPage::of(&html(night.get_as(&user, "/definitions/resize", &[]), 200));
    assert!(
        page.all("button[disabled]")
            .iter()
            .any(|it| it == "Post a job, takes the role post")
    );
    let page = SeenPage::of(&html(
        night.get_as(&user, "/jobs", &[("state", "failed")]),
        200,
    ));
    assert!(page.all("input[type=checkbox]").is_empty() && page.all(".bulk").is_empty());
}

#[test]
fn an_action_that_cannot_be_recorded_is_not_done() {
    let (mut night, jobs) = night();
    night.audit.is_broken = true;
    let before = night.board.job(jobs.running).unwrap();
    let id = jobs.running.to_string();
    let answer = night.post_as(&super::night::alice(), &[("do", "kill"), ("job", &id)]);
    let page = SeenPage::of(&html(answer, 503));
    assert_eq!(page.one("h1"), "Nothing was done");
    assert_eq!(night.board.job(jobs.running).unwrap(), before);
}

#[test]
fn only_an_administrator_reads_the_actions_of_others() {
    let (night, jobs) = night();
    let id = jobs.stuck.to_string();
    night.post_as(
        &super::night::alice(),
        &[("do", "retry"), ("job", &id), ("reason", "disk repaired")],
    );
    let rows = |name: &str, role| {
        let user = viewer(name, role, Projects::All);
        let page = SeenPage::of(&html(night.get_as(&user, "/audit", &[]), 200));
        page.rows("tbody tr").join("\n")
    };
    assert!(rows("root", Role::Admin).contains("alice retry job"));
    assert!(rows("alice", Role::Operate).contains("disk repaired"));
    assert!(!rows("bob", Role::Operate).contains("alice"));
    assert_eq!(
        rows("root", Role::Admin).matches("retry job").count(),
        1,
        "before and after are one row"
    );
}
