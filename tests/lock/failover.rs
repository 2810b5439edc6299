//! Failovers at random: whatever befalls holders, servers and the ways between, no two work at
//! once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};

use crate::arena::{Arena, Dice, Engine, Takeovers};
use crate::servers::{Consul, PgBouncer, Postgres, directory_of};

/// Returns how many of so many failovers in CI each engine is to have, and more on request: 10,000
/// over all.
fn failovers(in_ci: usize) -> usize {
    match std::env::var_os("RUN_FUNCTIONS_LONG_TESTS") {
        Some(_) => in_ci * 10_000 / 300,
        None => in_ci,
    }
}

/// Returns the seed of `RUN_FUNCTIONS_SEED`, or one of this moment.
fn seed() -> u64 {
    let given = std::env::var("RUN_FUNCTIONS_SEED").ok();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = given.map_or(now.as_secs(), |seed| seed.parse().expect("a number"));
    eprintln!("RUN_FUNCTIONS_SEED={seed}");
    seed
}

/// Fails over in several arenas at once, every third one of three hosts, while `trouble` does to
/// the server what it does, again and again.
fn fail_over(engine: &Engine<'_>, arenas: usize, times: usize, trouble: impl FnMut() + Send) {
    let seed = seed();
    let is_over = AtomicBool::new(false);
    let mut all = Takeovers::new();
    let run = |at: usize| {
        let hosts = if at % 3 == 2 { 3 } else { 2 };
        let mut arena = Arena::start(engine, &format!("arena-{at}"), hosts, seed + at as u64);
        arena.fail_over(times.div_ceil(arenas));
        arena.check()
    };
    std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..arenas).map(|at| scope.spawn(move || run(at))).collect();
        let is_over = &is_over;
        scope.spawn(move || again_and_again(trouble, is_over, Dice::of(!seed)));
        let ended: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        is_over.store(true, Ordering::SeqCst);
        for takeovers in ended {
            for (fault, found) in takeovers.unwrap_or_else(|cause| std::panic::resume_unwind(cause))
            {
                all.entry(fault).or_default().extend(found);
            }
        }
    });
    print(&all);
}

fn again_and_again(mut trouble: impl FnMut(), is_over: &AtomicBool, mut dice: Dice) {
    loop {
        for _ in 0..100 + dice.below(150) {
            if is_over.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        trouble();
    }
}

/// Prints how long each fault kept all from working, and the least margin between two holders.
fn print(takeovers: &Takeovers) {
    for (fault, found) in takeovers {
        let mut after: Vec<Duration> = found.iter().map(|one| one.after).collect();
        after.sort();
        let margin = found.iter().map(|one| one.margin).min().unwrap();
        let (half, most) = (after[after.len() / 2], after[after.len() - 1]);
        eprintln!(
            "{fault:?}: {} times, after {half:.1?}, {most:.1?} at most; quiet for {margin:.3?} at least",
            after.len()
        );
    }
}

#[test]
#[ignore = "needs Consul"]
fn failovers_of_consul_never_let_two_work_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut consul = Consul::single(dir.path());
    let engine = Engine {
        server: &consul.address(),
        url: &|address| format!("consul://{address}"),
        ttl: "5s",
        requests: &["acquire=", "/v1/session/renew", "/v1/session/create"],
    };
    let restart = || {
        consul.kill();
        consul.restart();
    };
    fail_over(&engine, 6, failovers(60), restart);
    consul.wait_for_leader();
    crate::servers::eventually("no session is left", || consul.sessions() == 0);
}

const REQUESTS: [&str; 3] = [
    "SET fence = $2",
    "SET beat = l.beat + 1 FROM",
    "SET token = NULL",
];

/// Stops the processes of the server that serve us, for longer than a lease.
fn stop_backends(server: &Postgres) {
    let stopped = server.backends();
    for pid in &stopped {
        // It may have ended.
        let _ = kill(*pid, Signal::SIGSTOP);
    }
    std::thread::sleep(Duration::from_secs(3));
    for pid in &stopped {
        let _ = kill(*pid, Signal::SIGCONT);
    }
}

/// Stops the processes of the server that serve us, and restarts the server, by turns.
fn troubles_of(server: &mut Postgres) -> impl FnMut() + Send {
    let mut round = 0;
    move || {
        round += 1;
        if round % 2 == 1 {
            stop_backends(server);
        } else {
            server.stop();
            server.restart();
        }
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn failovers_of_postgres_never_let_two_work_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    // Without a password.
    let ours = "CREATE ROLE open LOGIN; GRANT rf TO open; GRANT ALL ON DATABASE rf TO open";
    server.sql("postgres", ours);
    let engine = Engine {
        server: &server.address(),
        url: &|address| format!("postgres://open@{address}/rf"),
        ttl: "2s",
        requests: &REQUESTS,
    };
    fail_over(&engine, 6, failovers(192), troubles_of(&mut server));
}

#[test]
#[ignore = "needs PgBouncer"]
fn failovers_behind_pgbouncer_never_let_two_work_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server_dir = directory_of("postgres", dir.path(), "server");
    let mut server = Postgres::start(&server_dir);
    let bouncer = PgBouncer::before(&server, &server_dir);
    let engine = Engine {
        server: &bouncer.address,
        url: &|address| format!("postgres://rf@{address}/rf"),
        ttl: "2s",
        requests: &REQUESTS,
    };
    fail_over(&engine, 4, failovers(60), troubles_of(&mut server));
}
