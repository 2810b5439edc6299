//! The environment of a run: the runner's own, less what is only for the runner, and what tells the
//! run who it is.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::core::settings::ChildSettings;

/// What the service manager says to the runner alone. With these a child could end the runner's
/// watchdog or claim to be ready in its place.
const FOR_THE_RUNNER: [&str; 8] = [
    "NOTIFY_SOCKET",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PIDFDID",
    "JOURNAL_STREAM",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// The chain, in the environment of a run.
pub(crate) const CHAIN: &str = "RUN_FUNCTIONS_CHAIN";
/// The task.
pub(super) const TASK: &str = "RUN_FUNCTIONS_TASK";
/// The run: unique within the chain.
pub(crate) const RUN_ID: &str = "RUN_FUNCTIONS_RUN_ID";
/// When the run will be stopped, in whole seconds since 1970 (UTC); not set when it may run for
/// ever.
pub(super) const DEADLINE: &str = "RUN_FUNCTIONS_DEADLINE";
/// The number of the lock's holder; not set without a lock.
pub(super) const FENCE: &str = "RUN_FUNCTIONS_FENCE";
/// A file into which the run may write what its failure is to be called; see
/// [`report`](super::report).
pub(super) const REPORT: &str = "RUN_FUNCTIONS_REPORT";

/// The identity of a run, as its variables give it.
#[derive(Debug)]
pub(super) struct RunIdentity<'a> {
    pub(super) chain: &'a str,
    pub(super) task: &'a str,
    pub(super) run: String,
    pub(super) deadline: Option<SystemTime>,
    pub(super) fence: Option<u64>,
    pub(super) report: &'a Path,
}

/// Returns the whole environment of a run.
pub(super) fn of_run(
    own: impl Iterator<Item = (OsString, OsString)>,
    settings: &ChildSettings,
    secrets: &[String],
    identity: &RunIdentity<'_>,
) -> BTreeMap<OsString, OsString> {
    let passes = |name: &OsStr| {
        let is = |other: &str| name == OsStr::new(other);
        let passed = !settings.env_clear || settings.env_pass.iter().any(|pass| is(pass));
        let hidden = FOR_THE_RUNNER.into_iter().any(is) || secrets.iter().any(|s| is(s));
        let of_another_run = [CHAIN, TASK, RUN_ID, DEADLINE, FENCE, REPORT]
            .into_iter()
            .any(is);
        passed && !hidden && !of_another_run
    };
    let mut all: BTreeMap<OsString, OsString> = own.filter(|(name, _)| passes(name)).collect();
    for (name, value) in &settings.env {
        all.insert(name.into(), value.into());
    }
    all.insert(CHAIN.into(), identity.chain.into());
    all.insert(TASK.into(), identity.task.into());
    all.insert(RUN_ID.into(), (&identity.run).into());
    if let Some(deadline) = identity.deadline {
        let since_epoch = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        all.insert(DEADLINE.into(), since_epoch.as_secs().to_string().into());
    }
    if let Some(fence) = identity.fence {
        all.insert(FENCE.into(), fence.to_string().into());
    }
    all.insert(REPORT.into(), identity.report.into());
    all
}

/// Takes out of a program's environment what the dynamic loader obeys, and gives the launcher that
/// of the runner, with which it surely starts: an old library in a program's own directory
/// (`LD_LIBRARY_PATH`) would else be an end of the launcher that nobody could explain. Returns what
/// the launcher is to change when it becomes the program; without a value: to remove.
pub(super) fn keep_from_the_launcher(
    all: &mut BTreeMap<OsString, OsString>,
    own: &[(OsString, OsString)],
) -> Vec<(String, Option<String>)> {
    let mut late = Vec::new();
    let text = |text: &OsStr| text.to_string_lossy().into_owned();
    all.retain(|name, value| {
        let kept = !loader_obeys(name) || own.iter().any(|(n, v)| n == name && v == value);
        if !kept {
            late.push((text(name), Some(text(value))));
        }
        kept
    });
    for (name, value) in own {
        if all.insert(name.clone(), value.clone()).is_none()
            && !late.iter().any(|(n, _)| *name == **n)
        {
            late.push((text(name), None));
        }
    }
    late
}

/// Returns what the dynamic loader has obeyed when this process began: it does not look again.
pub(crate) fn of_the_loader() -> &'static [(OsString, OsString)] {
    static OWN: LazyLock<Vec<(OsString, OsString)>> = LazyLock::new(|| {
        std::env::vars_os()
            .filter(|(name, _)| loader_obeys(name))
            .collect()
    });
    &OWN
}

fn loader_obeys(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"LD_") || name == OsStr::new("GLIBC_TUNABLES")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn identity() -> RunIdentity<'static> {
        RunIdentity {
            chain: "a_b",
            task: "tasks::a",
            run: "mhx3".to_owned(),
            deadline: Some(UNIX_EPOCH + Duration::from_millis(1_500)),
            fence: Some(7),
            report: Path::new("/tmp/report"),
        }
    }

    fn environment(settings: &ChildSettings) -> Vec<String> {
        let own = [
            ("PATH", "/bin"),
            ("HOME", "/root"),
            ("NOTIFY_SOCKET", "/run/notify"),
            ("WATCHDOG_USEC", "1"),
            ("SMTP_PASSWORD", "secret"),
            ("RUN_FUNCTIONS_TASK", "outer"),
            ("RUN_FUNCTIONS_REPORT", "outer"),
        ];
        let own = own.into_iter().map(|(n, v)| (n.into(), v.into()));
        let secrets = ["SMTP_PASSWORD".to_owned()];
        let all = of_run(own, settings, &secrets, &identity());
        let line = |(n, v): (OsString, OsString)| format!("{}={}", n.display(), v.display());
        all.into_iter().map(line).collect()
    }

    const OURS: [&str; 6] = [
        "RUN_FUNCTIONS_CHAIN=a_b",
        "RUN_FUNCTIONS_DEADLINE=1",
        "RUN_FUNCTIONS_FENCE=7",
        "RUN_FUNCTIONS_REPORT=/tmp/report",
        "RUN_FUNCTIONS_RUN_ID=mhx3",
        "RUN_FUNCTIONS_TASK=tasks::a",
    ];

    #[test]
    fn what_is_for_the_runner_and_secrets_do_not_pass() {
        let mut expected = vec!["HOME=/root", "PATH=/bin"];
        expected.extend(OURS);
        assert_eq!(environment(&ChildSettings::default()), expected);
    }

    #[test]
    fn the_launcher_is_loaded_as_the_runner_was_whatever_the_program_is_to_have() {
        let variables = |all: &[(&str, &str)]| -> BTreeMap<OsString, OsString> {
            all.iter().map(|(n, v)| (n.into(), v.into())).collect()
        };
        let kept = |program: &[(&str, &str)], own: &[(&str, &str)]| {
            let mut all = variables(program);
            let own: Vec<_> = variables(own).into_iter().collect();
            let late = keep_from_the_launcher(&mut all, &own);
            (all, late)
        };
        let late = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let old = ("LD_LIBRARY_PATH", "/old");
        let given = vec![late("LD_LIBRARY_PATH", Some("/old"))];
        let (all, changes) = kept(&[("A", "1"), old], &[]);
        assert_eq!((all, changes), (variables(&[("A", "1")]), given.clone()));
        let (all, changes) = kept(&[old], &[("LD_LIBRARY_PATH", "/ours")]);
        assert_eq!(all, variables(&[("LD_LIBRARY_PATH", "/ours")]));
        assert_eq!(changes, given);
        let (all, changes) = kept(&[old], &[old]);
        assert_eq!((all, changes), (variables(&[old]), vec![]));
        let (all, changes) = kept(&[], &[old]);
        assert_eq!(all, variables(&[old]));
        assert_eq!(changes, [late("LD_LIBRARY_PATH", None)]);
    }

    #[test]
    fn a_cleared_environment_has_only_what_is_passed_or_given() {
        let settings = ChildSettings {
            env_clear: true,
            env_pass: vec!["PATH".to_owned(), "NOTIFY_SOCKET".to_owned()],
            env: [("A".to_owned(), "1".to_owned())].into(),
            ..ChildSettings::default()
        };
        let mut expected = vec!["A=1", "PATH=/bin"];
        expected.extend(OURS);
        assert_eq!(environment(&settings), expected);
    }
}
