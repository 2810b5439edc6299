//! The Debian package: installed in a fresh Debian, used, upgraded, removed.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::root::Root;
use super::{BROKEN, PROGRAM, made, subjects};
use crate::support::{Runner, eventually};

#[test]
#[ignore = "needs root, debootstrap and what packaging/make makes"]
fn the_debian_package_is_installed_runs_and_goes_without_a_trace() {
    let debian = Root::debian();
    let systemctl = FakeSystemctl::in_place_of(&debian);
    let before = debian.files();
    debian.put(&made(".deb"), "tmp/it.deb");
    debian.run(&["dpkg", "--install", "/tmp/it.deb"]);
    let units = "run_functions@*.service run_functions-serve.service run_functions-work.service";
    let begins = ["daemon-reload".to_owned(), format!("try-restart {units}")];
    assert_eq!(systemctl.heard(), begins);
    let version = format!("run_functions {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(debian.run(&[PROGRAM, "--version"]), version);
    what_came_with_it_is_of_use(&debian);
    it_runs_a_chain(&debian);

    // An upgrade, if only to the same version.
    debian.run(&["dpkg", "--install", "/tmp/it.deb"]);
    assert_eq!(systemctl.heard(), begins);
    debian.run(&["dpkg", "--remove", "run-functions"]);
    assert_eq!(
        systemctl.heard(),
        [format!("stop {units}"), "daemon-reload".to_owned()]
    );
    let state: BTreeSet<String> = left(&debian, &before);
    let only_state = state
        .iter()
        .all(|path| path.starts_with("var/lib/run_functions"));
    assert!(only_state && !state.is_empty(), "{state:?}");
    debian.run(&["dpkg", "--purge", "run-functions"]);
    assert_eq!(left(&debian, &before), BTreeSet::new());
    assert_eq!(before.difference(&debian.files()).next(), None);
}

/// Stands for a systemd that runs, and writes down what it is asked.
struct FakeSystemctl {
    log: PathBuf,
}

impl FakeSystemctl {
    fn in_place_of(debian: &Root) -> Self {
        fs::create_dir_all(debian.path("run/systemd/system")).unwrap();
        debian.write(
            "usr/bin/systemctl",
            "#!/bin/sh\necho \"$@\" >> /tmp/systemctl\n",
        );
        debian.run(&["chmod", "755", "/usr/bin/systemctl"]);
        FakeSystemctl {
            log: debian.path("tmp/systemctl"),
        }
    }

    /// Returns what it was asked since the last time.
    fn heard(&self) -> Vec<String> {
        let heard = fs::read_to_string(&self.log).unwrap_or_default();
        let _ = fs::remove_file(&self.log);
        heard.lines().map(str::to_owned).collect()
    }
}

/// Returns what is there and was not, less what the tests themselves have written.
fn left(debian: &Root, before: &BTreeSet<String>) -> BTreeSet<String> {
    let now = debian.files();
    let new = now
        .difference(before)
        .filter(|path| !path.starts_with("etc/run_functions"));
    new.cloned().collect()
}

fn what_came_with_it_is_of_use(debian: &Root) {
    let example = "/usr/share/doc/run-functions/examples/trial.toml";
    debian.run(&[PROGRAM, "--config", example, "check", "tasks::coin"]);
    let rules = example.replace("trial.toml", "prometheus_rules.yml");
    assert!(debian.path(&rules).exists());
    let completions =
        ". /usr/share/bash-completion/completions/run_functions; complete -p run_functions";
    debian.run(&["bash", "-c", completions]);
    let page = debian.run(&["zcat", "/usr/share/man/man1/run_functions.1.gz"]);
    assert!(page.contains(".TH run_functions 1"), "{page}");
    assert!(
        debian
            .path("/usr/lib/systemd/system/run_functions@.service")
            .exists()
    );
    for unit in ["run_functions-serve.service", "run_functions-work.service"] {
        let path = format!("/usr/lib/systemd/system/{unit}");
        assert!(debian.path(&path).exists(), "{unit}");
    }
}

/// A failing chain is mailed, replaced, and stopped.
fn it_runs_a_chain(debian: &Root) {
    let config = "/etc/run_functions/shop.toml";
    let state = "/var/lib/run_functions";
    debian.write(config, &format!("run_root = \"{state}\"\n{BROKEN}"));
    debian.run(&[PROGRAM, "--config", config, "check", "tasks::broken"]);
    let start = || Runner::start(debian.command(&[PROGRAM, "--config", config, "tasks::broken"]));
    let mut old = start();
    old.wait_for("Non recoverable downtime reached again");
    let told = || subjects(&debian.path(&format!("{state}/mail")));
    assert!(eventually(|| told().len() >= 2), "{:?}", told());
    let told = told();
    assert!(
        told[0].contains("[tasks::broken] First exception caught: exit 3: no paper"),
        "{told:?}"
    );
    assert!(
        told[1].contains("[tasks::broken] Non recoverable downtime reached"),
        "{told:?}"
    );
    let mut new = start();
    new.wait_for("Execution failed");
    assert_eq!(old.wait_for_end(), Some(0), "{}", old.log());
    debian.run(&[PROGRAM, "--config", config, "stop", "broken"]);
    assert_eq!(new.wait_for_end(), Some(0), "{}", new.log());
}
