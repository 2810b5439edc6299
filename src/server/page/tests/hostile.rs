//! Texts of tasks, workers and posters are never markup, turn no line, and break no page.

use serde_json::json;

use super::night::{NOW, TestNight, alice, done, fails, html};
use super::pages::SeenPage;
use crate::board::{DefinitionEntry, JobState, PauseScope, Post, ScheduleRequest};

const SCRIPT: &str =
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>";
const TURNED: &str = "abc\u{202e}gnp.exe\u{2066}";

fn hostile(sort: &str) -> String {
    format!("{sort}{SCRIPT}{TURNED}{}", "x".repeat(110))
}

fn board() -> TestNight {
    let night = TestNight::quiet();
    night.set(NOW - 60_000);
    let tag = hostile("tag");
    let session = night.join(&hostile("worker"), 4, &[&tag], &hostile("version"));
    let entry = DefinitionEntry {
        name: hostile("definition"),
        shape: "s".to_owned(),
        help: hostile("help"),
        schema: json!({"help": hostile("help"), "project": hostile("project"), "args": [
            {"name": hostile("arg"), "help": hostile("help"), "default": hostile("default"), "one_of": []},
        ]}),
        needs: vec![hostile("tag")],
        limit: None,
        project: Some(hostile("project")),
    };
    let name = entry.name.clone();
    night.define(session, &[entry]);
    let args = json!({hostile("arg"): hostile("value"), hostile("other"): 1});
    let post = |key: Option<String>| {
        night.post_with(&name, &hostile("project"), args.clone(), |post| Post {
            key,
            posted_by: hostile("poster"),
            ..post
        })
    };
    let step: &'static str = hostile("step").leak();
    let error: &'static str = hostile("error").leak();
    let id = post(None);
    night.run(
        session,
        id,
        &name,
        &[done(step, 10), fails(step, 20, error)],
        JobState::Failed,
    );
    let id = post(None);
    night.run(
        session,
        id,
        &name,
        &[fails(step, 20, error)],
        JobState::Stuck,
    );
    let id = post(Some(hostile("key")));
    let at = night.claim(session, id, &name, 60);
    night.begin(session, at, step, 5);
    night.print(
        at,
        step,
        &format!(
            "\u{1b}]0;{SCRIPT}\u{7}\u{1b}[31m{}\u{1b}[0m\r\n{TURNED}",
            hostile("output")
        ),
    );
    night.schedule(
        &hostile("project"),
        &[(hostile("schedule").leak(), name.clone().leak(), "0 4 * * *")],
    );
    let pause = ScheduleRequest::Pause {
        by: hostile("by"),
        why: hostile("why"),
    };
    night
        .board
        .request_of_schedule(&hostile("schedule"), &pause)
        .unwrap();
    night
        .board
        .set_pause(&PauseScope::Definition(name), Some(&hostile("by")))
        .unwrap();
    night.set(NOW);
    night
}

/// Returns the addresses of all pages with something hostile on them.
fn pages(night: &TestNight) -> Vec<(String, Vec<(&'static str, String)>)> {
    let jobs = night
        .board
        .jobs(&crate::board::JobFilter {
            limit: 10,
            ..Default::default()
        })
        .unwrap()
        .jobs;
    let of = |path: &str, query: &[(&'static str, String)]| (path.to_owned(), query.to_vec());
    let mut all = vec![
        of("/", &[]),
        of("/jobs", &[("state", "all".to_owned())]),
        of("/jobs", &[("state", "failed".to_owned())]),
        of("/jobs", &[("q", hostile("search"))]),
        of(
            "/jobs",
            &[
                ("definition", hostile("definition")),
                ("kind", SCRIPT.to_owned()),
                ("project", SCRIPT.to_owned()),
            ],
        ),
        of("/definitions", &[]),
        of("/definitions", &[("name", hostile("definition"))]),
        of("/schedules", &[]),
        of("/workers", &[]),
        of("/audit", &[("q", hostile("search"))]),
        of("/post", &[("definition", hostile("definition"))]),
        of(
            "/confirm",
            &[
                ("do", "mute".to_owned()),
                ("definition", hostile("definition")),
            ],
        ),
        of(
            "/confirm",
            &[
                ("do", "schedule-run".to_owned()),
                ("schedule", hostile("schedule")),
            ],
        ),
        of(
            "/confirm",
            &[("do", "drain".to_owned()), ("worker", hostile("worker"))],
        ),
    ];
    for job in jobs {
        all.push(of(
            &format!("/jobs/{}", job.id),
            &[("step", hostile("step"))],
        ));
        all.push(of(
            "/confirm",
            &[("do", "stop".to_owned()), ("job", job.id.to_string())],
        ));
    }
    all
}

#[test]
fn no_text_of_others_becomes_markup_or_turns_a_line() {
    let night = board();
    let viewer = super::night::viewer(
        &hostile("user"),
        crate::server::viewer::Role::Admin,
        crate::server::viewer::Projects::All,
    );
    night.post_as(
        &viewer,
        &[
            ("do", "mute"),
            ("definition", &hostile("definition")),
            ("reason", &hostile("reason")),
        ],
    );
    for (path, query) in pages(&night) {
        let query: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let text = html(night.get_as(&viewer, &path, &query), 200);
        let page = SeenPage::of(&text);
        assert_eq!(
            page.hrefs("script").len() + page.all("script").len(),
            1,
            "{path}: our script alone"
        );
        assert!(
            page.all("img").is_empty()
                && page.all("[onerror]").is_empty()
                && page.all("[onload]").is_empty(),
            "{path}"
        );
        assert!(!text.contains("<script>alert"), "{path}");
        // In a field and in what is sent back stands what was written; nowhere else.
        let shown = page.all("main").join(" ") + &page.one("head > title");
        assert!(!shown.contains(['\u{202e}', '\u{2066}']), "{path}: {shown}");
        for href in page.hrefs("a[href]") {
            assert!(
                href.starts_with(['/', '#', '?'])
                    || href.starts_with("https://docs.rs/")
                    || href.is_empty(),
                "{path}: {href}"
            );
        }
    }
}

#[test]
fn output_as_text_has_no_escape_sequences() {
    let night = board();
    let jobs = night
        .board
        .jobs(&crate::board::JobFilter {
            limit: 1,
            ..Default::default()
        })
        .unwrap()
        .jobs;
    let path = format!("/jobs/{}/output", jobs[0].id);
    match night.get_as(&alice(), &path, &[]) {
        crate::server::page::PageAnswer::Asset {
            content_type, body, ..
        } => {
            assert_eq!(content_type, "text/plain; charset=utf-8");
            let text = String::from_utf8(body).unwrap();
            assert!(
                text.contains("output<script>") && !text.contains('\u{1b}'),
                "{text}"
            );
        }
        other => panic!("{other:?}"),
    }
}
