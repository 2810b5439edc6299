//! Mail programs in the place of a server.

use super::{Fate, TASK, expect};
use crate::support::Place;

#[test]
fn mail_programs_that_fail() {
    for (script, words, fate) in [
        ("exec sleep 100", "did not end within 1s 500ms", Fate::Waits),
        (
            "cat >&2; exit 75",
            "asks to try again later (exit 75)",
            Fate::Waits,
        ),
        (
            "cat > /dev/null; echo who >&2; exit 67",
            "does not know the recipient (exit 67): who",
            Fate::Failed,
        ),
        (
            "cat > /dev/null; exit 69",
            "has no service now (exit 69)",
            Fate::Waits,
        ),
        (
            "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 70",
            "failed (exit 70)",
            Fate::Waits,
        ),
        ("kill -9 $$", "was killed by SIGKILL", Fate::Waits),
        (
            "exec < /dev/null; exit 0",
            "ended before it had read the message",
            Fate::Waits,
        ),
        (
            // The pipe is the daemon's as long as it lives.
            "cat > /dev/null; sleep 1000 & echo $! > daemon; exit 75",
            "asks to try again later (exit 75)",
            Fate::Waits,
        ),
        ("", "is not there", Fate::Waits),
    ] {
        let hangs = script == "exec sleep 100";
        let timeout = if hangs { "1500ms" } else { "60s" };
        let place = Place::with(&format!(
            "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"sendmail\"\n\
             program = \"./sendmail\"\ntimeout = \"{timeout}\"\n{TASK}"
        ));
        if !script.is_empty() {
            place.write("sendmail", format!("#!/bin/sh\n{script}\n"));
            place.set_mode("sendmail", 0o755);
        }
        let runner = expect(&place, words, fate);
        assert_eq!(runner.stop(), Some(0), "{words}");
        if let Ok(pid) = place.read("daemon").trim().parse() {
            let daemon = nix::unistd::Pid::from_raw(pid);
            let _ = nix::sys::signal::kill(daemon, nix::sys::signal::Signal::SIGKILL);
        }
    }
}
