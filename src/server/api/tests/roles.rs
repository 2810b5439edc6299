//! What a role may call, and what a token of some projects sees.

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::arena::MemoryTrail;
use crate::board::conformance::arena::{VirtualClock, fresh};
use crate::board::served::{CallRole, served_calls};
use crate::board::{Board, BoardSettings, JobId, Post, open_sqlite};
use crate::server::api::Api;
use crate::server::audit_entry::AuditTrail;
use crate::server::viewer::{Projects, Role, Viewer};

struct Office {
    board: Arc<dyn Board>,
    audit: Arc<MemoryTrail>,
    api: Api,
    _dir: TempDir,
}

impl Office {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new();
        let settings = BoardSettings {
            clock: clock.board_clock(),
            ..BoardSettings::default()
        };
        let board = open_sqlite(&dir.path().join("board.sqlite"), &settings).unwrap();
        let audit = Arc::new(MemoryTrail::default());
        let trail: Arc<dyn AuditTrail> = audit.clone();
        Office {
            api: Api::new(Arc::clone(&board), trail, clock.board_clock()).unwrap(),
            board,
            audit,
            _dir: dir,
        }
    }

    fn call(&self, viewer: &Viewer, name: &str, request: &Value) -> (u16, Value) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let body = request.to_string();
        let answer = self
            .api
            .clone()
            .respond(viewer.clone(), name, body.as_bytes());
        let answer = runtime.block_on(answer);
        let read = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, read)
    }

    fn post(&self, project: &str) -> JobId {
        let post = Post {
            project: Some(project.to_owned()),
            ..Post::new("d", json!({}), fresh("posting"))
        };
        self.board.post(&post).unwrap().id
    }
}

fn viewer(role: Role, projects: &[&str]) -> Viewer {
    let names: Vec<String> = projects.iter().map(|&name| name.to_owned()).collect();
    Viewer {
        name: "someone".to_owned(),
        role,
        projects: if names.is_empty() {
            Projects::All
        } else {
            Projects::Only(names)
        },
        csrf: String::new(),
    }
}

#[test]
fn each_role_makes_its_calls_and_no_other() {
    let office = Office::open();
    for call in served_calls() {
        for role in [
            Role::Worker,
            Role::View,
            Role::Post,
            Role::Operate,
            Role::Admin,
        ] {
            let may = match (role, call.role) {
                (Role::Admin, _) | (_, CallRole::View) => true,
                (Role::Worker, needed) => needed != CallRole::Operate,
                (role, CallRole::Post) => role >= Role::Post,
                (role, CallRole::Operate) => role >= Role::Operate,
                (_, CallRole::Worker) => false,
            };
            // Nothing of that form: a call that may be made is refused for its request.
            let (status, _) = office.call(&viewer(role, &[]), call.name, &json!("nothing"));
            let expected = if may { 400 } else { 403 };
            assert_eq!(status, expected, "{role:?} {}", call.name);
        }
    }
}

#[test]
fn what_another_project_has_is_not_there() {
    let office = Office::open();
    let (ours, theirs) = (office.post("shop"), office.post("payroll"));
    let clerk = viewer(Role::Operate, &["shop"]);
    let all = json!({"filter": {"states": [], "limit": 100}});
    let (status, page) = office.call(&clerk, "jobs", &all);
    assert_eq!(status, 200, "{page}");
    let ids: Vec<u64> = page["answer"]["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [ours.0]);
    let stop = json!({"id": theirs, "request": "stop"});
    for (call, request) in [
        ("job", json!({"id": theirs})),
        ("journal", json!({"id": theirs})),
        ("output", json!({"id": theirs, "after": null})),
        ("request", stop),
    ] {
        let (status, answer) = office.call(&clerk, call, &request);
        assert_eq!(
            (status, &answer["error"]["code"]),
            (404, &json!("no_such_job")),
            "{call}"
        );
    }
    assert!(!office.board.job(theirs).unwrap().unwrap().state.is_over());
    for call in ["counts", "workers", "mails"] {
        assert_eq!(
            office.call(&clerk, call, &json!({})).0,
            403,
            "{call}: it would count others"
        );
    }
    let foreign = Post {
        project: Some("payroll".to_owned()),
        ..Post::new("d", json!({}), fresh("posting"))
    };
    assert_eq!(
        office
            .call(&clerk, "post_all", &json!({"posts": [foreign]}))
            .0,
        403
    );
    let own = Post::new("d", json!({}), fresh("posting"));
    let (status, posted) = office.call(&clerk, "post_all", &json!({"posts": [own]}));
    assert_eq!(status, 200, "{posted}");
    let id = JobId(posted["answer"][0]["id"].as_u64().unwrap());
    let job = office.board.job(id).unwrap().unwrap();
    assert_eq!(
        (job.project.as_deref(), job.posted_by.as_str()),
        (Some("shop"), "someone")
    );
}

#[test]
fn what_a_person_does_is_recorded_and_what_is_looked_at_is_not() {
    let office = Office::open();
    let id = office.post("shop");
    let operator = viewer(Role::Operate, &[]);
    office.call(&operator, "job", &json!({"id": id}));
    office.call(&operator, "request", &json!({"id": id, "request": "stop"}));
    let entries = office.audit.entries(None, 10).unwrap();
    let recorded: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(recorded, ["request (API)"]);
    assert!(entries[0].object.contains(&id.0.to_string()));
}
