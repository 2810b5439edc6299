//! Pages in files, to be looked at beside the pictures of the design.

use std::path::Path;

use super::night::{alice, html};
use super::story::night;
use crate::board::JobId;
use crate::server::page::{PageAnswer, assets};

/// The name of a file, and the path and the query of its page.
type ShownPage<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

/// Writes a page beside its style, so that a browser can be looked at: by hand.
fn write(dir: &Path, name: &str, text: &str) {
    let version = assets::path("style.css");
    let version = version.trim_end_matches("style.css");
    std::fs::write(dir.join(format!("{name}.html")), text.replace(version, "")).unwrap();
    for file in ["style.css", "page.js", "mark-ok.svg", "mark-bad.svg"] {
        let Some(PageAnswer::Asset { body, .. }) = assets::asset(&assets::path(file)) else {
            panic!("{file}");
        };
        std::fs::write(dir.join(file), body).unwrap();
    }
}

/// `RUN_FUNCTIONS_PAGES` names a directory in which the pages are kept, for `packaging/pictures`.
#[test]
fn each_page_of_a_night_stands_by_itself_beside_its_style() {
    let above = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("RUN_FUNCTIONS_PAGES");
    let dir = kept.as_ref().map_or(above.path(), |dir| Path::new(dir));
    let (night, jobs) = night();
    let job = |id: JobId| format!("/jobs/{id}");
    let (running, failed, stuck, waiting, reverted) = (
        job(jobs.running),
        job(jobs.failed),
        job(jobs.stuck),
        job(jobs.waiting),
        job(jobs.reverted),
    );
    let id = jobs.running.to_string();
    let all: Vec<ShownPage<'_>> = vec![
        ("overview", "/", vec![]),
        ("jobs", "/jobs", vec![("state", "failed")]),
        ("jobs-all", "/jobs", vec![("state", "all")]),
        ("jobs-waiting", "/jobs", vec![("state", "waiting")]),
        ("job", &running, vec![]),
        ("job-failed", &failed, vec![]),
        ("job-stuck", &stuck, vec![]),
        ("job-waiting", &waiting, vec![]),
        ("job-reverted", &reverted, vec![]),
        ("definitions", "/definitions", vec![]),
        ("definition", "/definitions/import_prices", vec![]),
        ("schedules", "/schedules", vec![]),
        ("workers", "/workers", vec![]),
        ("chains", "/chains", vec![]),
        ("audit", "/audit", vec![]),
        ("confirm", "/confirm", vec![("do", "stop"), ("job", &id)]),
        (
            "confirm-bulk",
            "/confirm",
            vec![
                ("do", "retry"),
                ("which", "all"),
                ("state", "failed"),
                ("definition", "import_prices"),
            ],
        ),
        (
            "confirm-mute",
            "/confirm",
            vec![("do", "mute"), ("definition", "import_prices")],
        ),
        ("post", "/post", vec![("definition", "publish_video")]),
        ("error-404", "/jobs/12044", vec![]),
    ];
    night.post_as(
        &alice(),
        &[
            ("do", "definition-pause"),
            ("definition", "backup_db"),
            ("reason", "moving the database"),
        ],
    );
    night.post_as(
        &super::night::viewer(
            "carol",
            crate::server::viewer::Role::View,
            crate::server::viewer::Projects::All,
        ),
        &[("do", "stop"), ("job", &id)],
    );
    for (name, path, query) in all {
        let viewer = super::night::viewer(
            "alice",
            crate::server::viewer::Role::Admin,
            crate::server::viewer::Projects::All,
        );
        let PageAnswer::Html { body, .. } = night.get_as(&viewer, path, &query) else {
            panic!("{path}");
        };
        assert!(
            body.ends_with("</html>") && body.len() < 60_000,
            "{name}: {}",
            body.len()
        );
        assert!(
            !body.contains("src=\"http") && !body.contains(" style="),
            "{name}"
        );
        write(dir, name, &body);
    }
    let quiet = super::night::TestNight::quiet();
    quiet.set(super::night::NOW);
    write(
        dir,
        "overview-empty",
        &html(quiet.get_as(&alice(), "/", &[]), 200),
    );
    let gone = super::night::viewer(
        "carol",
        crate::server::viewer::Role::View,
        crate::server::viewer::Projects::All,
    );
    write(
        dir,
        "error-403",
        &html(night.post_as(&gone, &[("do", "stop"), ("job", &id)]), 403),
    );
}
