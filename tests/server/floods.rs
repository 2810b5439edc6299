//! What takes time, memory or connections without end: others are served meanwhile, and the server stays small.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::exchange::{Answer, call, connect, get, raw, rest_of};
use crate::served::Served;

/// On a machine that does much else at once; alone it is some milliseconds.
const SERVED_WITHIN: Duration = Duration::from_secs(5);
/// What the server may grow by.
const MORE_MEMORY: u64 = 100 << 20;

/// Asks for health again and again; returns how long each answer took.
fn asks(address: SocketAddr, times: usize) -> Vec<Duration> {
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(get(address, "/healthz").status, 200);
            begun.elapsed()
        })
        .collect();
    took.sort();
    took
}

/// Asserts that others are served, and prints how fast.
fn are_served(address: SocketAddr, what: &str) {
    let took = asks(address, 100);
    let (median, worst) = (took[50], took[99]);
    println!("{what}: others served in {median:?}, worst {worst:?}");
    assert!(worst < SERVED_WITHIN, "{what}: {worst:?}");
}

/// Something that goes on beside a test.
struct Beside {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Beside {
    /// Repeats something in threads until dropped.
    fn repeat(threads: usize, what: impl Fn() + Send + Sync + 'static) -> Self {
        let (is_over, what) = (Arc::new(AtomicBool::new(false)), Arc::new(what));
        let start = || {
            let (is_over, what) = (Arc::clone(&is_over), Arc::clone(&what));
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    what();
                }
            })
        };
        Beside {
            threads: (0..threads).map(|_| start()).collect(),
            is_over,
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Lets this process have many descriptors; returns how many.
fn many_descriptors() -> u64 {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = hard.min(25_000);
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).unwrap();
    }
    wanted.max(soft)
}

#[test]
fn three_hundred_that_drip_their_heads_hold_up_nobody() {
    many_descriptors();
    let served = Served::with("");
    let address = served.address;
    let before = served.memory();
    let begun = Instant::now();
    let mut dripping: Vec<TcpStream> = (0..300).map(|_| connect(address)).collect();
    for stream in &mut dripping {
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: ")
            .unwrap();
    }
    let beside = {
        let streams: Vec<TcpStream> = dripping.iter().map(|it| it.try_clone().unwrap()).collect();
        Beside::repeat(1, move || {
            for mut stream in &streams {
                let _ = stream.write_all(b"a");
            }
            thread::sleep(Duration::from_millis(200));
        })
    };
    are_served(address, "300 dripping heads");
    for stream in &mut dripping {
        assert_eq!(rest_of(stream), "", "no answer to half a head");
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(40), "a head has 5 s: {took:?}");
    drop(beside);
    assert!(served.memory() < before + MORE_MEMORY);
}

#[test]
fn a_body_has_its_time_however_it_comes() {
    let served = Served::with("");
    let token = served.admin();
    let head = format!(
        "POST /api/v1/workers HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n",
        served.address
    );
    let forms = [
        "Content-Length: 1000\r\n\r\n{",
        "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ];
    let waiting: Vec<TcpStream> = forms
        .iter()
        .flat_map(|form| (0..50).map(move |_| form))
        .map(|form| {
            let mut stream = connect(served.address);
            stream
                .write_all(format!("{head}{form}").as_bytes())
                .unwrap();
            stream
        })
        .collect();
    are_served(served.address, "100 bodies that do not come");
    for mut stream in waiting {
        let text = rest_of(&mut stream);
        let answer = Answer::parse(&text).unwrap_or_else(|| panic!("{text:?}"));
        assert_eq!((answer.status, answer.code().as_str()), (408, "timeout"));
    }
}

#[test]
fn a_head_without_end_is_cut_off() {
    let served = Served::with("");
    let before = served.memory();
    let endless = |part: &'static [u8]| {
        let mut stream = connect(served.address);
        stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        let sent = (0..10_000).take_while(|_| stream.write_all(part).is_ok());
        let sent = sent.count() * part.len();
        (sent, rest_of(&mut stream))
    };
    let long = Box::leak(format!("X-Long: {}\r\n", "a".repeat(4000)).into_boxed_str());
    for part in [
        long.as_bytes(),
        b"X-A: b\r\n",
        b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let (sent, answer) = endless(part);
        assert!(sent < 8 << 20, "{sent} bytes were taken");
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    // Within what the parser takes, the refusal has words.
    let words = format!(
        "GET /api/v1/x HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(20_000)
    );
    let answer = Answer::parse(&raw(served.address, format!("{words}GET").as_bytes())).unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (431, "head_too_large")
    );
    are_served(served.address, "endless heads");
    assert!(served.memory() < before + MORE_MEMORY);
}

#[test]
fn a_body_without_end_is_cut_off_and_a_length_beyond_reason_is_not_believed() {
    let served = Served::with("");
    let before = served.memory();
    let token = served.admin();
    let head = format!(
        "POST /api/v1/workers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n"
    );
    for length in [
        "99999999999",
        "100000000000",
        "4194305",
        "18446744073709551615",
    ] {
        let text = raw(
            served.address,
            format!("{head}Content-Length: {length}\r\n\r\n{{").as_bytes(),
        );
        let answer = Answer::parse(&text);
        let status = answer.map(|answer| answer.status);
        assert!(matches!(status, Some(413 | 400 | 431)), "{length}: {text}");
    }
    let endless = |part: &[u8], first: &str| {
        let mut stream = connect(served.address);
        stream
            .write_all(format!("{head}{first}").as_bytes())
            .unwrap();
        let sent = (0..10_000).take_while(|_| stream.write_all(part).is_ok());
        (sent.count() * part.len(), rest_of(&mut stream))
    };
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    let (sent, _) = endless(chunk.as_bytes(), "Transfer-Encoding: chunked\r\n\r\n");
    assert!(sent < 30 << 20, "{sent} bytes were taken");
    let (sent, _) = endless(&[b'a'; 4096], "Content-Length: 1000000\r\n\r\n");
    assert!(sent < 30 << 20, "{sent} bytes were taken");
    are_served(served.address, "endless bodies");
    assert!(served.memory() < before + MORE_MEMORY);
    assert_eq!(call(served.address, &token, "workers", "{}").status, 200);
}

#[test]
fn ten_thousand_connections_take_the_places_of_one_another_and_not_those_of_users() {
    let descriptors = many_descriptors();
    let most = usize::try_from(descriptors.saturating_sub(1000))
        .unwrap()
        .min(10_000);
    let served = Served::with("");
    let (address, before) = (served.address, served.memory());
    let opened: Vec<TcpStream> = (0..most)
        .filter_map(|_| TcpStream::connect(address).ok())
        .collect();
    let beside = {
        let count = AtomicU64::new(0);
        Beside::repeat(1, move || {
            if let Ok(mut stream) = TcpStream::connect(address) {
                let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
            }
        })
    };
    are_served(address, &format!("{} connections", opened.len()));
    drop(beside);
    let grown = served.memory().saturating_sub(before);
    println!("{} connections: {} kB more", opened.len(), grown / 1024);
    assert!(grown < MORE_MEMORY, "{grown}");
    let page = get(address, "/metrics").body;
    let line = page
        .lines()
        .find(|line| line.starts_with("run_functions_server_connections "));
    let count: usize = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(count <= 2200, "{count} connections are held");
}

#[test]
fn above_the_limit_a_connection_is_refused_at_once_and_in_words() {
    let served = Served::with("[server]\nmax_connections = 16\n");
    // Requests in progress keep their places.
    let mut busy: Vec<TcpStream> = (0..16).map(|_| served.half_a_call()).collect();
    let begun = Instant::now();
    let text = raw(served.address, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    let took = begun.elapsed();
    let answer = Answer::parse(&text).unwrap_or_else(|| panic!("{text:?}"));
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    assert!(answer.json()["board"].is_string());
    assert!(took < SERVED_WITHIN, "{took:?}");
    for stream in &mut busy {
        stream.write_all(b"{}").unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
}

#[test]
fn one_that_takes_no_byte_of_its_answer_keeps_nothing() {
    let served = Served::with("");
    let before = served.memory();
    let request = format!(
        "GET /api/v1/openapi.json HTTP/1.1\r\nHost: {}\r\n\r\n",
        served.address
    );
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = connect(served.address);
        stream.write_all(request.repeat(100).as_bytes()).unwrap();
        streams.push(stream);
    }
    are_served(served.address, "50 that read nothing");
    assert!(served.memory() < before + MORE_MEMORY);
}
