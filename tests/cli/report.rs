//! What `report` tells of the past, as a page and in a terminal.

mod browser;
mod season;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use crate::support::{Place, Runner, stderr, stdout};
use browser::Theme;
use run_functions::__internal::history::MeasuredChain;
use run_functions::__internal::{Failure, FailureClass, Outcome};

/// What runs now in the shop whose past is [`season::of_a_shop`].
const SHOP: &str = r#"
[tasks.send_mail]
command = ["sleep", "0.2"]
success_cooldown = "10m"
[tasks.retry_deferred]
command = ["true"]
success_cooldown = "10m"
[tasks.import_orders]
shell = "echo \"KeyError: 'vat_id' in order 202611-48213\"; exit 4"
fail_cooldown = "4m"
[tasks.backup_database]
command = ["true"]
"#;

/// A place with a state directory.
fn place() -> (Place, PathBuf) {
    let place = Place::with(SHOP);
    let run = place.path("run");
    fs::DirBuilder::new().mode(0o700).create(&run).unwrap();
    (place, run)
}

/// The shop, open: one chain does well, one fails, one does not run.
fn shop() -> (Place, [Runner; 2]) {
    let (place, run) = place();
    season::of_a_shop(&run);
    let backup = place.start(&["tasks::backup_database"]);
    backup.wait_for("Execution successful");
    assert_eq!(backup.stop(), Some(0));
    let mail = place.start(&["tasks::send_mail", "tasks::retry_deferred"]);
    let import = place.start(&["tasks::import_orders"]);
    mail.wait_for("Sleeping 10m");
    import.wait_for("Sleeping 4m");
    (place, [mail, import])
}

/// A place where a chain `a` has run for a while, and failed with this text.
fn failed_with(text: &str) -> Place {
    let (place, run) = place();
    let hour = Duration::from_secs(3600);
    let mut chain =
        MeasuredChain::begun(&run, "a", vec!["tasks::a".to_owned()], 8 << 20, 50 * hour);
    for _ in 0..20 {
        chain.run(hour, Duration::from_secs(2), &Outcome::Success);
    }
    let failure = Failure::new(FailureClass::Exit(1), text);
    chain.run(
        hour,
        Duration::from_secs(2),
        &Outcome::Failure(Box::new(failure)),
    );
    chain.mailed("first", text);
    place
}

fn report(place: &Place, args: &[&str]) -> Output {
    let all: Vec<&str> = ["report"].iter().chain(args).copied().collect();
    place.run(&all)
}

fn told(place: &Place, args: &[&str]) -> String {
    let output = report(place, args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn the_report_tells_of_all_chains_what_is_and_what_was() {
    let (place, _runners) = shop();
    let text = told(&place, &[]);
    for expected in [
        "1 of 4 tasks is down, 1 of 3 chains does not run\n",
        "backup_database: not running since ",
        "tasks::backup_database  healthy when it last ran",
        "tasks::import_orders  down since ",
        "46 × exit 1: psycopg.OperationalError: connection to server",
        "tasks::send_mail  healthy since ",
        "113 failures",
        "5 mails: new failure ",
        "reached again",
        "No space left on device",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    let days = |text: &str| text.matches(['■', '✗', '·']).count();
    assert_eq!(days(&text), days(&told(&place, &["--text"])));
    let page = told(&place, &["--html", "-"]);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.len() < 120_000, "{} bytes", page.len());
}

#[test]
fn a_task_a_function_or_a_chain_can_be_picked() {
    let (place, _runners) = shop();
    for what in ["tasks::send_mail", "send_mail", "tasks.send_mail"] {
        let text = told(&place, &[what]);
        assert!(text.contains("tasks::send_mail  healthy since"), "{text}");
        assert!(!text.contains("tasks::retry_deferred  "), "{text}");
    }
    let text = told(&place, &["send_mail_retry_deferred"]);
    assert!(
        text.contains("tasks::retry_deferred  healthy since"),
        "{text}"
    );
    assert!(text.contains("All is well"), "{text}");
    let output = report(&place, &["tasks::send_mial"]);
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert!(
        error.contains("did you mean `tasks::send_mail`?"),
        "{error}"
    );
}

#[test]
fn where_nothing_was_ever_run_that_is_told_and_nothing_changed() {
    let place = Place::empty();
    assert!(told(&place, &[]).contains("Nothing was ever run here"));
    told(&place, &["--html", "page.html"]);
    assert!(
        place
            .read("page.html")
            .contains("Nothing was ever run here")
    );
    assert!(!place.path("run").exists());
}

#[test]
fn the_page_replaces_a_file_and_nothing_else() {
    let place = failed_with("broken");
    let output = report(&place, &["--html", "page.html"]);
    let said = stderr(&output);
    assert!(said.contains("Wrote the report to page.html"), "{said}");
    assert!(stdout(&output).is_empty());
    // A server reads it by a link, and its rights were given to it once.
    fs::set_permissions(place.path("page.html"), fs::Permissions::from_mode(0o640)).unwrap();
    place.write("page.html", "old");
    symlink("page.html", place.path("link.html")).unwrap();
    told(&place, &["--html", "link.html"]);
    assert!(place.read("page.html").contains("broken"));
    assert!(place.path("link.html").is_symlink());
    let mode = fs::metadata(place.path("page.html"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    let mut names: Vec<_> = fs::read_dir(place.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["link.html", "page.html", "run", "run_functions.toml"]
    );
    for wrong in ["run", "/dev/null", "nowhere/page.html"] {
        let output = report(&place, &["--html", wrong]);
        assert_eq!(output.status.code(), Some(1), "{wrong}");
        let error = stderr(&output);
        assert!(error.contains(wrong) && error.contains("hint:"), "{error}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = failed_with("broken");
    for args in [&["report"][..], &["report", "--html", "-"]] {
        let output = place.run_into_closed_pipe(args);
        assert_eq!(output.status.code(), Some(0));
        assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    }
}

#[test]
fn a_torn_history_is_told_as_far_as_it_can_be_read() {
    let place = failed_with("broken");
    let directory = fs::read_dir(place.path("run/a.history")).unwrap();
    let mut paths = directory.map(|entry| entry.unwrap().path());
    let is_runs = |path: &PathBuf| path.extension().is_some_and(|end| end == "runs");
    let runs = paths.find(is_runs).unwrap();
    let mut lines = fs::read(&runs).unwrap();
    let middle = lines.len() / 2;
    lines[middle..middle + 40].fill(0);
    lines.truncate(lines.len() - 7);
    fs::write(&runs, lines).unwrap();
    let text = told(&place, &[]);
    assert!(text.contains("tasks::a"), "{text}");
}

const PHONE: (u32, u32) = (360, 5200);
const DESK: (u32, u32) = (1280, 4000);

#[test]
#[ignore = "needs chromium"]
fn a_browser_shows_it_by_day_and_by_night_on_a_phone_and_on_a_desk() {
    let (place, _runners) = shop();
    let page = place.path("page.html");
    told(&place, &["--html", "page.html"]);
    for theme in [Theme::Light, Theme::Dark] {
        for size in [PHONE, DESK] {
            let (picture, console) = browser::picture(&page, theme, size);
            assert!(console.is_empty(), "{console:?}");
            let bytes = fs::read(&picture).unwrap();
            let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
            assert_eq!((side(16), side(20)), size, "the header of a PNG");
            keep(&picture);
            let layout = browser::layout(&page, theme, size);
            assert_eq!(layout["width"], size.0);
            assert!(
                layout["needed"].as_u64().unwrap() <= u64::from(size.0),
                "{theme:?}: {layout}"
            );
            assert_eq!(layout["dark"], theme == Theme::Dark, "{layout}");
            let background = match theme {
                Theme::Light => "rgb(244, 246, 248)",
                Theme::Dark => "rgb(14, 18, 23)",
            };
            assert_eq!(layout["background"], background);
            assert!(layout["smallest"].as_f64().unwrap() >= 11.0, "{layout}");
        }
    }
}

#[test]
#[ignore = "needs chromium"]
fn a_browser_finds_nothing_in_texts_of_others_but_text() {
    let word = "w".repeat(100_000);
    let place = failed_with(&format!(
        "</bdi></style><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}{word}"
    ));
    let page = place.path("hostile.html");
    told(&place, &["--html", "hostile.html"]);
    let (picture, console) = browser::picture(&page, Theme::Light, (360, 2000));
    assert!(console.is_empty(), "{console:?}");
    keep(&picture);
    // That it would be told: a script that really is in the page is forbidden by its policy.
    let forbidden = place.path("forbidden.html");
    let script = "<script>alert(1)</script></body>";
    fs::write(
        &forbidden,
        place.read("hostile.html").replace("</body>", script),
    )
    .unwrap();
    let (_, console) = browser::picture(&forbidden, Theme::Light, (360, 2000));
    assert!(
        console
            .iter()
            .any(|line| line.contains("Content Security Policy")),
        "{console:?}"
    );
    let layout = browser::layout(&page, Theme::Light, (360, 2000));
    assert!(layout["needed"].as_u64().unwrap() <= 360, "{layout}");
}

/// Copies a picture to where somebody wants to look at it.
fn keep(picture: &std::path::Path) {
    if let Some(directory) = std::env::var_os("RUN_FUNCTIONS_PICTURES") {
        let name = picture.file_name().unwrap();
        fs::copy(picture, PathBuf::from(directory).join(name)).unwrap();
    }
}
