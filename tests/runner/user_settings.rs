//! The settings `user` and `group`: what a run of another user finds.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::settings::{once, printed, warned};
use crate::support::{Place, stderr};

#[test]
#[ignore = "needs root"]
fn user_and_group_are_taken_with_the_home_of_the_user() {
    let line = "shell = \"id -un; id -gn; id -Gn; echo $HOME $USER $LOGNAME\"\n";
    let text = printed(&format!("{line}user = \"nobody\"\nworking_dir = \"/\""));
    assert_eq!(text, "nobody\nnogroup\nnogroup\n/nonexistent nobody nobody");
    let text = printed(&format!(
        "{line}user = \"nobody\"\ngroup = \"daemon\"\nworking_dir = \"/\""
    ));
    assert!(text.starts_with("nobody\ndaemon\n"), "{text}");
}

#[test]
#[ignore = "needs root and the user nobody"]
fn a_user_gets_nothing_of_the_session_of_root_and_a_path_of_its_own() {
    const OF_ROOT: [&str; 14] = [
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "MAIL",
        "SSH_AUTH_SOCK",
        "KRB5CCNAME",
        "XAUTHORITY",
        "SUDO_USER",
        "SUDO_COMMAND",
        "XDG_SESSION_ID",
        "XDG_CONFIG_HOME",
        "ICEAUTHORITY",
        "KRB5_KTNAME",
        "OLDPWD",
        "USERNAME",
    ];
    let seen = |settings: &str| {
        let place = Place::with(&format!(
            "[tasks.a]\ncommand = [\"env\"]\nworking_dir = \"/\"\nlog_output = \"always\"\n{settings}\n"
        ));
        let mut command = place.command(&["once", "tasks::a"]);
        command
            .envs(OF_ROOT.map(|name| (name, "of-root")))
            .env("LANG", "C");
        let own = std::env::var("PATH").unwrap();
        command.env("PATH", format!("/srv/root-only/bin:{own}"));
        stderr(&command.output().unwrap())
    };
    let log = seen("user = \"nobody\"");
    assert!(
        !log.contains("of-root") && !log.contains("/srv/root-only/bin"),
        "{log}"
    );
    assert!(log.contains("| PATH=/usr/local/bin:/usr/bin:/bin"), "{log}");
    assert!(log.contains("| LANG=C"), "{log}");
    let log = seen("user = \"nobody\"\nenv = { MAIL = \"given\", PATH = \"/bin:/given\" }");
    assert!(
        log.contains("| MAIL=given") && log.contains("| PATH=/bin:/given"),
        "{log}"
    );
    let log = seen("user = \"nobody\"\nenv_clear = true\nenv_pass = [\"KRB5CCNAME\", \"MAIL\"]");
    assert!(
        log.contains("| KRB5CCNAME=of-root") && !log.contains("SSH_AUTH_SOCK"),
        "{log}"
    );
    for same in ["", "user = \"root\""] {
        let log = seen(same);
        assert!(
            log.contains("| SSH_AUTH_SOCK=of-root") && log.contains("/srv/root-only/bin"),
            "{log}"
        );
    }
}

#[test]
#[ignore = "needs root and the user nobody"]
fn a_user_has_its_own_groups_and_none_of_the_runner() {
    let place = Place::with(
        "[tasks.a]\nshell = \"id -G; id -G nobody\"\nuser = \"nobody\"\nlog_output = \"always\"\n",
    );
    let runner = env!("CARGO_BIN_EXE_run_functions");
    let words = ["--groups", "0,1,2,3", runner, "once", "tasks::a"];
    let mut command = place.command_of(std::path::Path::new("setpriv"), &words);
    let log = stderr(&command.output().unwrap());
    let lines = log.lines().filter_map(|line| line.split_once(" | "));
    let groups: Vec<&str> = lines.map(|(_, groups)| groups).collect();
    assert!(groups.len() == 2 && groups[0] == groups[1], "{log}");
}

#[test]
#[ignore = "needs root"]
fn a_user_and_a_group_may_be_numbers() {
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let ids = format!("user = \"{}\"\ngroup = \"12345\"", nobody.uid);
    let line = "id -u; id -g; echo retry-later=busy >> $RUN_FUNCTIONS_REPORT; exit 1";
    let (_place, output) = once(&format!(
        "log_output = \"always\"\n{ids}\nshell = \"{line}\""
    ));
    let log = stderr(&output);
    assert!(log.contains(&format!("| {}", nobody.uid)), "{log}");
    assert!(log.contains("| 12345"), "{log}");
    assert!(log.contains("To be tried again later: busy"), "{log}");
}

#[test]
#[ignore = "needs root and the user nobody"]
fn a_user_can_report_though_the_directory_for_temporary_files_is_closed_to_it() {
    let line = "echo retry-later=busy >> $RUN_FUNCTIONS_REPORT; exit 1";
    let config = format!("[tasks.a]\nshell = \"{line}\"\nuser = \"nobody\"\nworking_dir = \"/\"\n");
    let place = Place::with(&config);
    // Which belongs to root alone, as what a login gets does.
    let mut command = place.command(&["once", "tasks::a"]);
    let log = stderr(&command.env("TMPDIR", place.dir()).output().unwrap());
    assert!(log.contains("To be tried again later: busy"), "{log}");
}

#[test]
#[ignore = "needs root"]
fn what_the_user_may_not_enter_is_told_with_a_remedy() {
    for (what, name) in [
        (
            "command = [\"pwd\"]\nworking_dir = \"closed\"",
            "working_dir",
        ),
        ("command = [\"cat\"]\nstdin = \"closed/file\"", "stdin"),
        ("script = \"closed/file\"", "script"),
    ] {
        let place = Place::with(&format!("[tasks.a]\n{what}\nuser = \"nobody\"\n"));
        place.write("closed/file", "#!/bin/sh\n");
        for (path, mode) in [("", 0o755), ("closed", 0o700)] {
            fs::set_permissions(place.path(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        let log = stderr(&place.run(&["once", "tasks::a"]));
        assert!(log.contains(&format!("could not start: {name} `")), "{log}");
        assert!(log.contains("Permission denied"), "{log}");
        assert!(log.contains("not enter a directory above it"), "{log}");
    }
}

#[test]
fn a_user_that_does_not_exist_is_warned_of() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nuser = \"no-such-user\"\n");
    assert!(warned(&place).contains("user `no-such-user` does not exist"));
}
