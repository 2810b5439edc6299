//! What belongs to other projects is neither shown nor counted, and an address of it answers 404.

use super::night::{TestNight, html, viewer};
use super::pages::SeenPage;
use super::story::{NightJobs, READ_ONLY, night};
use crate::server::page::PageAnswer;
use crate::server::viewer::{Projects, Role, Viewer};

/// Names and texts of other projects than `ops`.
const OF_OTHERS: [&str; 9] = [
    "import_prices",
    "sync_stock",
    "send_newsletter",
    "resize",
    "publish_video",
    "render_preview",
    "weekly_report",
    "8841",
    READ_ONLY,
];

fn of_ops(role: Role) -> Viewer {
    viewer("olga", role, Projects::Only(vec!["ops".to_owned()]))
}

fn texts(night: &TestNight, viewer: &Viewer) -> Vec<(&'static str, String)> {
    let of = |path, query: &[(&str, &str)]| html(night.get_as(viewer, path, query), 200);
    vec![
        ("/", of("/", &[])),
        ("jobs", of("/jobs", &[("state", "all")])),
        ("failed", of("/jobs", &[("state", "failed")])),
        ("waiting", of("/jobs", &[("state", "waiting")])),
        ("search", of("/jobs", &[("q", "jpg")])),
        ("definitions", of("/definitions", &[])),
        ("schedules", of("/schedules", &[])),
        ("workers", of("/workers", &[])),
        ("audit", of("/audit", &[])),
    ]
}

#[test]
fn no_page_shows_what_belongs_to_another_project() {
    let (night, jobs) = night();
    night.post_as(
        &super::night::alice(),
        &[("do", "stop"), ("job", &jobs.running.to_string())],
    );
    for (page, text) in texts(&night, &of_ops(Role::Admin)) {
        for word in OF_OTHERS {
            assert!(!text.contains(word), "{page} has {word}");
        }
    }
}

#[test]
fn no_page_counts_what_belongs_to_another_project() {
    let (night, _) = night();
    let olga = of_ops(Role::Operate);
    let page = SeenPage::of(&html(night.get_as(&olga, "/", &[]), 200));
    assert_eq!(
        page.one("h1"),
        "1 problem needs a person",
        "the silent worker alone"
    );
    assert_eq!(
        page.all(".figures a b"),
        ["1", "0", "0", "0", "0", "0", "0", "0"]
    );
    let page = SeenPage::of(&html(
        night.get_as(&olga, "/jobs", &[("state", "all")]),
        200,
    ));
    let tabs = page.all(".tabs a");
    assert_eq!(tabs[..3], ["All", "Waiting 1", "Running 0"], "{tabs:?}");
    assert_eq!(page.all("#list tbody tr").len(), 1);
    assert!(page.all(".badge").is_empty());
    let page = SeenPage::of(&html(night.get_as(&olga, "/workers", &[]), 200));
    assert!(
        page.all("tbody tr")
            .iter()
            .all(|row| !row.contains(" 1 of ")),
        "busy slots are counted"
    );
    let page = SeenPage::of(&html(night.get_as(&olga, "/definitions", &[]), 200));
    assert_eq!(page.one("h1"), "1 definition");
}

fn addresses(jobs: &NightJobs) -> Vec<(String, Vec<(&'static str, String)>)> {
    let job = jobs.running.to_string();
    let confirm = |fields: &[(&'static str, &str)]| {
        let fields = fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        ("/confirm".to_owned(), fields.collect())
    };
    vec![
        (format!("/jobs/{job}"), vec![]),
        (format!("/jobs/{job}/output"), vec![]),
        ("/definitions/resize".to_owned(), vec![]),
        (
            "/definitions".to_owned(),
            vec![("name", "resize".to_owned())],
        ),
        (
            "/post".to_owned(),
            vec![("definition", "resize".to_owned())],
        ),
        ("/chains".to_owned(), vec![]),
        confirm(&[("do", "stop"), ("job", &job)]),
        confirm(&[("do", "mute"), ("definition", "resize")]),
        confirm(&[("do", "project-pause"), ("project", "media")]),
        confirm(&[("do", "schedule-run"), ("schedule", "import_prices")]),
        confirm(&[("do", "quit"), ("worker", "app-1")]),
    ]
}

#[test]
fn a_direct_address_answers_as_if_nothing_were_there() {
    let (night, jobs) = night();
    let olga = of_ops(Role::Admin);
    for (path, query) in addresses(&jobs) {
        let query: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        html(night.get_as(&olga, &path, &query), 404);
    }
    let id = jobs.running.to_string();
    let answer = night.get_as(&olga, "/jobs", &[("q", &id)]);
    assert!(!matches!(answer, PageAnswer::SeeOther(_)));
}

#[test]
fn a_form_about_another_project_changes_nothing() {
    let (night, jobs) = night();
    let olga = of_ops(Role::Admin);
    let id = jobs.running.to_string();
    let before = night.board.job(jobs.running).unwrap();
    for form in [
        vec![("do", "kill"), ("job", id.as_str())],
        vec![("do", "priority"), ("job", id.as_str()), ("class", "2")],
        vec![("do", "kill"), ("which", "ticked"), ("job", id.as_str())],
        vec![("do", "kill"), ("which", "all"), ("state", "running")],
        vec![("do", "kill"), ("which", "all"), ("project", "media")],
        vec![("do", "again"), ("job", id.as_str())],
        vec![("do", "post"), ("definition", "resize"), ("arg.path", "/x")],
        vec![("do", "mute"), ("definition", "resize"), ("hours", "4")],
        vec![("do", "definition-pause"), ("definition", "resize")],
        vec![("do", "project-pause"), ("project", "media")],
        vec![("do", "schedule-pause"), ("schedule", "import_prices")],
        vec![("do", "quit-now"), ("worker", "app-1")],
    ] {
        night.post_as(&olga, &form);
    }
    assert_eq!(night.board.job(jobs.running).unwrap(), before);
    assert!(night.board.pauses().unwrap().is_empty());
    let schedules = night.board.schedules().unwrap();
    assert!(
        schedules
            .iter()
            .all(|one| one.name != "import_prices" || one.pause.is_none())
    );
    assert_eq!(night.board.alert_memory(crate::board::MUTES).unwrap(), None);
    let workers = night.board.workers().unwrap();
    assert!(
        workers
            .iter()
            .all(|worker| worker.wish != crate::board::SessionWish::QuitNow)
    );
}
