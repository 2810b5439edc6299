use std::time::Duration;

use serde_json::json;

use crate::board::*;
use crate::flow::journal::*;

fn request(name: &str) -> SessionRequest {
    SessionRequest {
        name: name.to_owned(),
        if_taken: NameRule::NextNumber,
        identity: HostIdentity {
            host: "here".to_owned(),
            uid: 0,
            boot_id: "b".to_owned(),
            pid_namespace: "p".to_owned(),
            time_namespace: "t".to_owned(),
            pid: 1,
            start_ticks: 1,
        },
        version: "1".to_owned(),
        tags: vec![],
        slots: 4,
    }
}

#[test]
fn a_job_is_posted_claimed_and_done() {
    let dir = tempfile::tempdir().unwrap();
    let board = open_sqlite(&dir.path().join("board.sqlite"), &BoardSettings::default()).unwrap();
    let id = board
        .post(&Post::new("resize", json!({"a": 1}), "p1".to_owned()))
        .unwrap();
    assert!(id.is_new);
    assert!(
        !board
            .post(&Post::new("resize", json!({"a": 1}), "p1".to_owned()))
            .unwrap()
            .is_new
    );
    let ticket = board.join(&request("w")).unwrap();
    let definition = DefinitionEntry {
        name: "resize".to_owned(),
        shape: "s".to_owned(),
        help: String::new(),
        schema: json!({}),
        needs: vec![],
    };
    board
        .enter_definitions(ticket.session, &[definition])
        .unwrap();
    let doing = Doing {
        step: "a".to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        since: 0,
    };
    let lane = LaneWish {
        definition: "resize".to_owned(),
        lease: Duration::from_secs(60),
        max_crashes: 3,
        is_bound_to_host: false,
        first: vec![doing],
    };
    let claim = ClaimWish {
        at_most: 3,
        lanes: vec![lane],
        only: vec![],
    };
    let answer = board
        .advance(&Advance {
            session: ticket.session,
            transitions: vec![],
            claim,
        })
        .unwrap();
    assert_eq!(answer.claimed.len(), 1);
    let at = answer.claimed[0].position;
    println!("{answer:?}");
    let entry = JournalEntry {
        seq: 1,
        fence: at.fence,
        step: "a".to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        outcome: EntryOutcome::Succeeded,
        started: 1,
        ended: 2,
        code: None,
        kind: None,
        error: None,
        result: Some(json!(7)),
        worker: "w".to_owned(),
    };
    let end = Transition {
        entries: vec![entry],
        doing: vec![],
        state: JobState::Succeeded,
        ..Transition::begin(at, vec![])
    };
    let end = Advance {
        session: ticket.session,
        transitions: vec![end],
        claim: ClaimWish::default(),
    };
    assert_eq!(
        board.advance(&end).unwrap().verdicts,
        [TransitionVerdict::Accepted]
    );
    assert_eq!(
        board.advance(&end).unwrap().verdicts,
        [TransitionVerdict::Repeated]
    );
    println!("{:?}", board.job(id.id).unwrap());
    println!("{:?}", board.journal(id.id).unwrap());
    println!("{:?}", board.counts().unwrap());
    println!("{:?}", board.workers().unwrap());
    println!("{:?}", board.wait_facts(id.id).unwrap());
    println!(
        "{:?}",
        board
            .jobs(&JobFilter {
                limit: 10,
                states: vec![JobState::Succeeded],
                definition: Some("resize".to_owned()),
                ..JobFilter::default()
            })
            .unwrap()
    );
}
