//! Whatever is written, there is an answer: never a panic, and never an error without a text.

use proptest::prelude::*;

use super::Setup;
use crate::config::{Colour, load};

const GOOD: &str = r#"run_root = "run"
log = { level = "info" }
[mail]
to = ["Ä <ops@example.org>"]	# tab
server = "localhost"
[tasks."a::sync"]
command = ["true", "日本"]
env = { A = "1", API_TOKEN = "x" }
timeout = "1h 30m"
umask = 0o027
rlimits = { core = 0 }
"#;

const JOBS: &str = r#"[worker]
vars = { storage = "/a" }
can = { port = ["test", "-e", "x"] }
[jobs.x]
args.path = { type = "path", one_of = ["a"] }
args.t = { secret = true, default = "" }
limit = 1
limit_by = "args.path"
steps = [
  { name = "a", command = ["cp", "--", "{args.path}", "{var.storage}/{job.id}"], retry = { times = 3, factor = 1.5 }, reads = ["args.t"] },
  { name = "g", parallel = true, steps = [
    { name = "b", shell = "ls ${RESULT_A_X:-0} $EACH", try_each = [1, { a = "b" }], revert = { script = "x", retry = { times = 2 } } },
  ] },
]
"#;

fn answer(text: &str) {
    match load(&Setup::with(text).inputs) {
        Ok(loaded) => drop(loaded.warnings.render(Colour::Ansi)),
        Err(report) => assert!(report.render(Colour::Plain).contains("error: "), "{text:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn damaged_jobs_are_answered(cut in 0..JOBS.len(), len in 0usize..12, put in "[\\[\\]{}=\"',.|$\\n0-9a-z-]{0,6}") {
        answer(&format!("{}{put}{}", &JOBS[..cut], &JOBS[(cut + len).min(JOBS.len())..]));
    }

    #[test]
    fn a_damaged_file_is_answered(cut in 0..GOOD.len(), len in 0usize..12, put in "[\\[\\]{}=\"'#,.\\n\\t\\r0-9a-zé日\u{0}\u{1b}-]{0,6}") {
        let boundary = |at: usize| (0..=at.min(GOOD.len())).rev().find(|at| GOOD.is_char_boundary(*at)).unwrap();
        let (from, to) = (boundary(cut), boundary(cut + len));
        answer(&format!("{}{put}{}", &GOOD[..from], &GOOD[to.max(from)..]));
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,40}") {
        answer(&text);
        answer(&format!("[tasks.x]\ncommand = [\"true\"]\n{text}"));
        answer(&format!("[tasks.x]\ncommand = [\"true\"]\ntimeout = '{text}'"));
    }

    #[test]
    fn any_variable_is_answered(value in "\\PC{0,20}") {
        for name in ["STOP_TIMEOUT", "MAIL_TO", "MAIL_PORT", "LOG_LEVEL", "DEFAULTS_UMASK", "RUN_ROOT", "X"] {
            let setup = Setup::bare().set(&format!("RUN_FUNCTIONS_{name}"), &value);
            if let Err(report) = load(&setup.inputs) {
                assert!(report.render(Colour::Plain).contains(name), "{value:?}");
            }
        }
    }
}
