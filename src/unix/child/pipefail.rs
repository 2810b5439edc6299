//! A shell whose pipelines fail when any of their commands does.

use std::path::Path;
use std::process::{Command, Stdio};

/// Where bash is, which has had `pipefail` for ever. Not looked for in PATH, as `/bin/sh` is not.
const BASH: [&str; 3] = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"];
const SH: &str = "/bin/sh";

/// Returns how a text is run with `pipefail`, less the text; `None`: no shell of this machine knows
/// it.
///
/// bash behaves as sh does (`--posix`): otherwise `-e` would mean less to it, which ends no command
/// substitution at its first failure.
pub fn shell_with_pipefail() -> Option<Vec<&'static str>> {
    let bash = BASH.into_iter().find(|bash| Path::new(bash).exists());
    let options = ["-e", "-o", "pipefail", "-c"];
    match bash {
        Some(bash) => Some([&[bash, "--posix"], &options[..]].concat()),
        None if sh_knows() => Some([&[SH], &options[..]].concat()),
        None => None,
    }
}

/// dash knows it since 0.5.13, busybox and others as they were built.
fn sh_knows() -> bool {
    let mut sh = Command::new(SH);
    let asked = sh.args(["-o", "pipefail", "-c", ":"]);
    let asked = asked.stdin(Stdio::null()).stdout(Stdio::null());
    asked
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What to do where there is none.
pub const NO_PIPEFAIL: &str =
    "no shell of this machine knows `pipefail`: install bash, or a dash from 0.5.13 on";
