//! How fast and how right the normal form of messages is: `cargo bench --bench fingerprint`.
//!
//! The measure is a corpus of real error messages, once as it is and once with each message repeated up to what counts of one (1,024
//! characters), so that the cost of a call does not count. What a machine can do at all is told by the sum over all bytes of the same text, in the same run.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measure reads a clock of its own and prints what it found"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use run_functions::__internal::normal_form;

const MESSAGES: &str = include_str!("../tests/data/fingerprints.txt");
const KNOWN_WRONG: &str = include_str!("../tests/data/fingerprints_known_wrong.txt");
/// Of each measure so many are taken, and the best counts: what others do on the machine makes it slower, nothing makes it faster.
/// Rounds are shorter than the time that a busy machine gives at once.
const ROUNDS: usize = 100;
const AT_LEAST: Duration = Duration::from_millis(3);

/// Blocks of messages, those of a block being one kind.
fn blocks(corpus: &str) -> Vec<Vec<String>> {
    let lines = corpus.lines().filter(|line| !line.starts_with('#'));
    let mut blocks = vec![Vec::new()];
    for line in lines {
        match (line, blocks.last_mut()) {
            ("", _) | (_, None) => blocks.push(Vec::new()),
            (line, Some(block)) => {
                block.push(line.replace("\\n", "\n").replace("\\e", "\u{1b}"));
            }
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// How many pairs of messages that are one kind became two, and how many that are two became one.
fn wrong(blocks: &[Vec<String>]) -> (usize, usize, usize) {
    let (mut pairs, mut split, mut merged) = (0, 0, 0);
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (number, block) in blocks.iter().enumerate() {
        let normal = normal_form(&block[0]);
        for message in &block[1..] {
            pairs += 1;
            split += usize::from(normal_form(message) != normal);
        }
        merged += usize::from(seen.insert(normal, number).is_some());
    }
    (pairs, split, merged)
}

/// Returns how many bytes a second `work` does, at best.
fn speed(bytes: usize, mut work: impl FnMut()) -> f64 {
    let round = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        let mut count = 0.0;
        while start.elapsed() < AT_LEAST {
            work();
            count += 1.0;
        }
        count * bytes as f64 / start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round(&mut work)).fold(0.0, f64::max)
}

fn measure(name: &str, messages: &[String]) {
    let bytes: usize = messages.iter().map(String::len).sum();
    let sum = |text: &String| text.bytes().fold(0_u64, |sum, byte| sum + u64::from(byte));
    let pass = speed(bytes, || {
        for message in messages {
            black_box(sum(black_box(message)));
        }
    });
    let normal = speed(bytes, || {
        for message in messages {
            black_box(normal_form(black_box(message)));
        }
    });
    let (normal, pass) = (normal / 1e6, pass / 1e6);
    println!(
        "{name:34} {normal:6.0} MB/s; the sum of its bytes {pass:6.0} MB/s; 1 : {:.0}",
        pass / normal
    );
}

fn main() {
    let blocks = blocks(MESSAGES);
    let messages: Vec<String> = blocks.concat();
    let fill = |text: &String| [text, " "].concat().repeat((1000 / text.len()).max(1));
    let longer: Vec<String> = messages.iter().map(fill).collect();
    println!(
        "{} messages of {} kinds    (goal: at least 100 MB/s)",
        messages.len(),
        blocks.len()
    );
    measure("messages as they are", &messages);
    measure("each repeated up to 1,000 bytes", &longer);
    let hostile = [
        "'a ", "\"", "a:", "1.", "://", "1-", "@a", "/1", "1h", "Sun 1", "a1B", "0:0", "\\\"", "«",
    ];
    for text in hostile {
        let name = format!("nothing but `{text}`");
        measure(&name, &[text.repeat(1000 / text.len())]);
    }
    let (pairs, split, merged) = wrong(&blocks);
    println!("of {pairs} pairs of one kind {split} were split    (goal: 0)");
    println!(
        "of {} kinds {merged} were merged into another    (goal: 0)",
        blocks.len()
    );
    let known = KNOWN_WRONG.lines();
    let count = |verdict: &str| known.clone().filter(|line| *line == verdict).count();
    println!(
        "known to be wrong: {} split, {} merged (tests/data/fingerprints_known_wrong.txt)",
        count("split"),
        count("merged")
    );
}
