//! How many calls of the board each page costs.

use super::night::alice;
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
