//! A worker whose clock is wrong by an hour, and programs of other versions.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::arena::{MemoryTrail, TestServer, admin};
use crate::board::conformance::arena::{
    TestWorker, VirtualClock, ends, lane, post, session_request,
};
use crate::board::{Board, BoardSettings, JobState, open_http, open_sqlite};
use crate::core::time::Moment;
use crate::flow::journal::EntryOutcome;
use crate::server::api::Api;

struct Clocks {
    here: VirtualClock,
    there: VirtualClock,
    board: Arc<dyn Board>,
    api: Api,
    _server: TestServer,
    _dir: tempfile::TempDir,
}

/// Returns a board whose server is an hour ahead of its client.
fn an_hour_apart() -> Clocks {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (VirtualClock::new(), VirtualClock::new());
    there.pass(Duration::from_secs(3600));
    let settings = |clock: &VirtualClock| BoardSettings {
        clock: clock.board_clock(),
        ..BoardSettings::default()
    };
    let real = open_sqlite(&dir.path().join("board.sqlite"), &settings(&there)).unwrap();
    let audit = Arc::new(MemoryTrail::default());
    let api = Api::new(real, audit, there.board_clock()).unwrap();
    let server = TestServer::start(api.clone(), admin());
    Clocks {
        board: open_http(&server.settings(), &settings(&here)).unwrap(),
        here,
        there,
        api,
        _server: server,
        _dir: dir,
    }
}

#[test]
fn a_retry_of_a_worker_whose_clock_is_wrong_waits_as_long_as_it_is_to_wait() {
    let clocks = an_hour_apart();
    let board = &*clocks.board;
    let worker = TestWorker::join(board).knows(&["d"]);
    let id = post(board, "d");
    let claimed = worker.claim("d").unwrap();
    let mut again = ends(claimed.position, EntryOutcome::Failed, JobState::Waiting);
    again.run_at = clocks.here.millis() + 10_000;
    worker.report(again);
    let job = board.job(id).unwrap().unwrap();
    assert_eq!(
        job.run_at,
        clocks.there.millis() + 10_000,
        "by the clock of the server"
    );
    let look = board.look(worker.session, &[lane("d")]).unwrap();
    assert_eq!(
        look.next_due,
        Some(clocks.here.millis() + 10_000),
        "by the clock of the worker"
    );
    assert!(worker.claim("d").is_none());
    let Moment { wall, .. } = (clocks.here.board_clock())();
    assert!(wall < (clocks.there.board_clock())().wall);
    clocks.there.pass(Duration::from_secs(10));
    assert!(worker.claim("d").is_some());
}

#[test]
fn what_a_newer_program_sends_besides_is_passed_over_and_what_an_older_one_lacks_is_usual() {
    let clocks = an_hour_apart();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let call = |name: &str, request: &Value| -> Value {
        let body = request.to_string();
        let answer = clocks.api.clone().respond(admin(), name, body.as_bytes());
        let answer = runtime.block_on(answer);
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        serde_json::from_slice(&answer.body).unwrap()
    };
    let mut join = serde_json::to_value(session_request("newer", "there")).unwrap();
    join["colour"] = json!("green");
    let session = call("join", &json!({"request": join, "mood": 7}))["answer"]["session"].clone();
    call(
        "enter_definitions",
        &json!({"session": session, "definitions": [{
            "name": "d", "shape": "s", "help": "", "schema": {}, "needs": [], "limit": null,
            "project": null, "invented_later": [1],
        }]}),
    );
    let id = post(&*clocks.board, "d");
    let claim = json!({"at_most": 1, "lanes": [lane("d")], "only": []});
    let advance = json!({"advance": {"session": session, "transitions": [], "claim": claim}});
    let claimed = call("advance", &advance)["answer"]["claimed"][0]["position"].clone();
    // An older program sends no `failure`.
    let transition = json!({
        "before": claimed, "entries": [], "doing": [], "state": "waiting", "run_at": 0,
        "result": null, "reason": null, "avoid": null,
    });
    let claim = json!({"at_most": 0, "lanes": [], "only": []});
    let advance =
        json!({"advance": {"session": session, "transitions": [transition], "claim": claim}});
    assert_eq!(
        call("advance", &advance)["answer"]["verdicts"],
        json!(["accepted"])
    );
    assert_eq!(
        clocks.board.job(id).unwrap().unwrap().state,
        JobState::Waiting
    );
}
