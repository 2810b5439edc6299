//! How many calls of the board each page costs.

use serde_json::json;

use super::night::{NOW, alice};
use super::story::night;
use crate::board::CountingBoard;
use crate::server::page::{PageRequest, show};

#[test]
fn the_calls_that_a_page_costs_are_bounded() {
    let (night, jobs) = night();
    let board = CountingBoard::new(&*night.board);
    let viewer = alice();
    let job = format!("/jobs/{}", jobs.running);
    for (path, query, most) in [
        ("/", vec![], 26),
        ("/", vec![("fragment", "overview")], 26),
        ("/jobs", vec![("state", "all")], 6),
        ("/jobs", vec![("state", "failed")], 7),
        ("/jobs", vec![("state", "waiting")], 18),
        (
            "/jobs",
            vec![("state", "all"), ("fragment", "fresh"), ("upto", "5")],
            6,
        ),
        (job.as_str(), vec![], 14),
        ("/definitions", vec![], 20),
        ("/definitions/import_prices", vec![], 70),
        (
            "/definitions/import_prices",
            vec![("fragment", "definition-head")],
            14,
        ),
        ("/schedules", vec![], 10),
        ("/workers", vec![], 7),
        ("/chains", vec![], 2),
        ("/audit", vec![], 2),
    ] {
        let query = super::night::pairs(&query);
        let request = PageRequest {
            board: &board,
            ..night.request(&viewer, path, &query, &[])
        };
        show(&request).unwrap();
        let calls = board.take_calls();
        let count: u64 = calls.values().sum();
        println!("{path} {query:?}: {count}");
        assert!(count <= most, "{path}: {count} {calls:?}");
    }
}

#[test]
#[ignore = "needs minutes: posts a million jobs"]
fn the_first_byte_with_a_million_jobs_and_a_hundred_workers() {
    let (night, jobs) = night();
    for number in 0..100 {
        let session = night.join(&format!("w{number}"), 8, &["x86_64"], "1");
        night.define(
            session,
            &[super::story::definition(
                "mass",
                "shop",
                &[],
                "Many.",
                json!([]),
            )],
        );
    }
    for batch in 0..1000_u64 {
        let posts = (0..1000_u64).map(|at| {
            let posting = format!("mass {batch} {at}");
            crate::board::Post {
                project: Some("shop".to_owned()),
                ..crate::board::Post::new("mass", json!({"n": at}), posting)
            }
        });
        night.board.post_all(&posts.collect::<Vec<_>>()).unwrap();
    }
    night.set(NOW);
    let job = format!("/jobs/{}", jobs.stuck);
    let clock = crate::unix::clock::mono;
    for path in [
        "/",
        "/jobs",
        "/jobs?waiting",
        job.as_str(),
        "/definitions",
        "/schedules",
        "/workers",
    ] {
        let (path, query) = match path.split_once('?') {
            Some((path, state)) => (path, vec![("state", state)]),
            None => (path, vec![]),
        };
        night.page(path, &query);
        let began = clock();
        let bytes = night.page(path, &query).len();
        println!(
            "{path} {query:?}: {:?}, {bytes} bytes",
            clock().since(began)
        );
        assert!(bytes < 60_000, "{path}");
    }
}
