//! A program of a user: with a name and a version of its own, this library under another name, and a task that a macro makes.

extern crate run_functions as rf;

macro_rules! nightly {
    ($name:ident, $pause:literal, $limit:expr) => {
        #[rf::task(crate = "crate::rf", success_cooldown = $pause, timeout = $limit)]
        fn $name() {}
    };
}

nightly!(backup, "15m", "1h");

rf::main!();
