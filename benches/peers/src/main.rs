//! Measures apalis-sqlite and durare as `benches/peers/measure.py` asks:
//! `board_peers PEER WHAT DIRECTORY JOBS WAITING`.

mod apalis_peer;
mod durare_peer;

use std::path::Path;
use std::time::{Duration, Instant};

/// How many steps a job of the measure `steps` has.
pub const STEPS: u64 = 10;
pub const IN_FLIGHT: usize = 64;

/// What is measured, and on how much.
pub struct Order {
    pub what: String,
    pub url: String,
    pub jobs: u64,
    pub waiting: u64,
}

impl Order {
    pub fn steps(&self) -> u64 {
        if self.what == "steps" { STEPS } else { 1 }
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().expect("PEER WHAT DIRECTORY JOBS WAITING");
    let (peer, what, directory) = (word(), word(), word());
    let file = Path::new(&directory).join(format!("{peer}.sqlite"));
    let order = Order {
        what,
        url: format!("sqlite://{}?mode=rwc", file.display()),
        jobs: word().parse().expect("a number of jobs"),
        waiting: word().parse().expect("a number of jobs"),
    };
    match peer.as_str() {
        "durare" => durare_peer::measure(&order).await,
        "apalis" => apalis_peer::measure(&order).await,
        _ => panic!("apalis or durare"),
    }
    // Their workers have nothing to give back.
    std::process::exit(0);
}

/// Prints how many steps a second.
pub fn rate(order: &Order, begun: Instant) {
    let steps = order.jobs * order.steps();
    println!("{:.1}", steps as f64 / begun.elapsed().as_secs_f64());
}

/// Prints the median and the 99th of a hundred, in milliseconds.
pub fn times(mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
    println!("{:.3} {:.3}", at(50), at(99));
}

/// Writes back what was posted, so that it is not written beside what is measured.
pub fn synced() {
    assert!(
        std::process::Command::new("sync")
            .status()
            .unwrap()
            .success()
    );
}
