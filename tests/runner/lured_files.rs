//! Pages, logs and mails that root writes where another user could have put a link.

use std::fs;
use std::os::unix::fs::symlink;

use nix::sys::signal::Signal;

use super::strangers::{APP, FAILS, SUCCEEDS, ends, give, listing, precious};
use crate::support::{Place, eventually, stderr};

#[test]
fn manual_pages_replace_links_and_leave_their_targets() {
    let place = Place::with(SUCCEEDS);
    place.write("precious", "mine\n");
    fs::create_dir(place.path("man")).unwrap();
    for page in [
        "run_functions.1",
        "run_functions-status.1",
        "run_functions-mail-queue.1",
    ] {
        symlink(place.path("precious"), place.path("man").join(page)).unwrap();
    }
    let output = ends(place.command(&["man", "man"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(place.read("precious"), "mine\n");
    for page in [
        "run_functions.1",
        "run_functions-status.1",
        "run_functions-mail-queue.1",
    ] {
        let path = place.path("man").join(page);
        assert!(path.symlink_metadata().unwrap().is_file(), "{page}");
        assert!(fs::read_to_string(path).unwrap().contains(".TH "), "{page}");
    }
}

#[test]
#[ignore = "needs root"]
fn no_page_is_written_through_a_link_of_another_user() {
    let place = Place::with(SUCCEEDS);
    place.write("precious", "mine\n");
    fs::create_dir(place.path("shared")).unwrap();
    place.set_mode("shared", 0o1777);
    for (page, args) in [
        ("page.html", &["report", "--html", "shared/page.html"][..]),
        ("page.prom", &["metrics", "--textfile", "shared/page.prom"]),
    ] {
        let path = place.path("shared").join(page);
        symlink(place.path("precious"), &path).unwrap();
        std::os::unix::fs::lchown(&path, Some(APP), None).unwrap();
        ends(place.command(args));
        assert_eq!(place.read("precious"), "mine\n", "{page}");
    }
}

#[test]
#[ignore = "needs root"]
fn roots_runner_writes_no_page_and_no_mail_where_another_user_decides_what_the_directory_is() {
    let place = Place::with(&format!(
        "[metrics]\ntextfile = \"app/metrics/%n.prom\"\n[mail]\nto = [\"a@example.org\"]\ntransport = \"file\"\ndirectory = \"app/mail\"\n{FAILS}"
    ));
    place.replace("why", "alpha");
    precious(&place);
    let before = listing(&place);
    place.write("app/keep", "");
    for name in ["app/metrics", "app/mail"] {
        symlink(place.path("precious"), place.path(name)).unwrap();
    }
    give(&place, "app");
    let said = stderr(&place.run(&["check", "tasks::a"]));
    assert!(said.contains("`directory` cannot be used: `"), "{said}");
    assert!(said.contains("`textfile` cannot be used: `"), "{said}");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Mail cannot leave");
    runner.wait_for("the page for the node exporter cannot be written");
    assert!(
        runner.log().contains("/app` belongs to uid 12345"),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(listing(&place), before);
}

/// Puts something in the place of a file, by which root would write into `precious`.
fn lure(place: &Place, kind: &str, name: &str) {
    let _ = fs::remove_file(place.path(name));
    match kind {
        "link" => symlink(place.path("precious/logrotate"), place.path(name)).unwrap(),
        "dangling" => symlink(place.path("precious/made"), place.path(name)).unwrap(),
        "relative" => symlink("../precious/made", place.path(name)).unwrap(),
        _ => fs::hard_link(place.path("precious/logrotate"), place.path(name)).unwrap(),
    }
}

#[test]
#[ignore = "needs root"]
fn roots_log_and_output_lead_nowhere_else_in_a_directory_of_another_user() {
    let settings = "log = { file = \"app/log\" }\n";
    let output = "output_file = \"app/out\"\n";
    for kind in ["link", "dangling", "relative", "hard link"] {
        let place = Place::with(&format!("{settings}{SUCCEEDS}{output}"));
        precious(&place);
        let before = listing(&place);
        place.write("app/keep", "");
        give(&place, "app");
        lure(&place, kind, "app/log");
        lure(&place, kind, "app/out");
        let check = stderr(&place.run(&["check", "tasks::a"]));
        assert!(check.contains("`file` cannot be used: `"), "{check}");
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("/app/log` cannot be opened, and the log goes to standard error");
        runner.wait_for("/app/out` cannot be opened: ");
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(listing(&place), before, "{kind}");
    }
}

#[test]
#[ignore = "needs root"]
fn roots_log_follows_no_link_that_comes_before_it_is_opened_again() {
    let settings = "log = { file = \"app/log\" }\n";
    for kind in ["link", "dangling", "hard link"] {
        let place = Place::with(&format!("{settings}{SUCCEEDS}"));
        precious(&place);
        let before = listing(&place);
        place.write("app/log", "");
        give(&place, "app");
        let runner = place.start(&["tasks::a"]);
        assert!(eventually(|| place.read("app/log").contains("successful")));
        fs::rename(place.path("app/log"), place.path("app/old")).unwrap();
        lure(&place, kind, "app/log");
        runner.signal(Signal::SIGHUP);
        assert!(eventually(|| {
            place
                .read("app/old")
                .contains("could not reopen the log file")
        }));
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(listing(&place), before, "{kind}");
    }
}

#[test]
#[ignore = "needs root"]
fn roots_log_is_not_opened_below_a_directory_that_another_user_could_replace() {
    let settings = "log = { file = \"app/logs/log\" }\n";
    let place = Place::with(&format!("{settings}{SUCCEEDS}"));
    precious(&place);
    let before = listing(&place);
    place.write("app/keep", "");
    symlink(place.path("precious"), place.path("app/logs")).unwrap();
    give(&place, "app");
    let once = stderr(&place.run(&["once", "tasks::a"]));
    assert!(once.contains("cannot be opened, and the log"), "{once}");
    assert!(once.contains("/app` belongs to uid 12345"), "{once}");
    assert_eq!(listing(&place), before);
}

#[test]
fn a_log_goes_through_links_of_ours_and_to_standard_error() {
    for (file, log) in [("logs/log", "real/log"), ("link", "real/other")] {
        let place = Place::with(&format!("log = {{ file = \"{file}\" }}\n{SUCCEEDS}"));
        place.write("real/keep", "");
        symlink("real", place.path("logs")).unwrap();
        symlink("logs/other", place.path("link")).unwrap();
        assert_eq!(place.run(&["once", "tasks::a"]).status.code(), Some(0));
        assert!(place.read(log).contains("Execution successful"));
    }
    for file in ["/dev/stderr", "/proc/self/fd/2"] {
        let place = Place::with(&format!("log = {{ file = \"{file}\" }}\n{SUCCEEDS}"));
        let once = stderr(&place.run(&["once", "tasks::a"]));
        assert!(once.contains("Execution successful"), "{once}");
    }
}

#[test]
#[ignore = "needs root"]
fn root_writes_no_page_where_another_user_decides_what_the_directory_is() {
    let place = Place::with(SUCCEEDS);
    precious(&place);
    assert_eq!(place.run(&["once", "tasks::a"]).status.code(), Some(0));
    place.write("app/keep", "");
    symlink(place.path("precious"), place.path("app/pages")).unwrap();
    give(&place, "app");
    let before = listing(&place);
    for args in [
        &["report", "--html", "app/pages/report.html"][..],
        &["metrics", "--textfile", "app/pages/page.prom"],
        &["man", "app/pages"],
        &["init", "app/pages/new"],
    ] {
        let output = place.run(args);
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        let said = stderr(&output);
        assert!(
            said.contains("/app` belongs to uid 12345"),
            "{args:?}: {said}"
        );
        assert_eq!(listing(&place), before, "{args:?}");
    }
}
