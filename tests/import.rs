//! `import`: what cron and supervisord run, as a configuration that `check` accepts and that runs.
#![cfg(test)]

mod support;

use std::io::Write;
use std::process::{Output, Stdio};

use support::{Place, stderr, stdout};

const CRONTAB: &str = "\
# m h dom mon dow command
GREETING='good morning'
*/15 * * * * echo \"$GREETING\"; date +\\%Y >/dev/null
0 3 * * * cat%first line%second line
";

const SUPERVISORD: &str = "\
[program:ticker]
command=/bin/echo \"two words\" %(program_name)s
autorestart=false
environment=A=\"1\"
";

fn piped(place: &Place, args: &[&str], input: &str) -> Output {
    let mut child = place
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_crontab_becomes_a_configuration_that_check_accepts_and_that_runs() {
    let place = Place::empty();
    place.write("crontab", CRONTAB);
    let output = place.run(&["import", "crontab", "crontab"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told = stderr(&output);
    assert!(
        told.contains("crontab: 4 lines: 2 tasks, 1 setting, 1 comment or blank line, 0 not taken"),
        "{told}"
    );
    place.configure(&stdout(&output));
    let check = place.run(&["check", "tasks::echo", "tasks::cat"]);
    assert_eq!(check.status.code(), Some(0), "{}", stderr(&check));
    assert!(
        stdout(&check).contains("15m after a success"),
        "{}",
        stdout(&check)
    );
    let ran = place.run(&["once", "tasks::echo", "tasks::cat"]);
    assert_eq!(ran.status.code(), Some(0), "{}", stderr(&ran));
}

#[test]
fn what_a_percent_sign_gives_is_what_the_command_reads() {
    let place = Place::empty();
    let line = "* * * * * cat > read.txt%first line%50\\% off\n";
    let output = piped(&place, &["import", "crontab", "-"], line);
    place.configure(&stdout(&output));
    let ran = place.run(&["once", "tasks::cat"]);
    assert_eq!(ran.status.code(), Some(0), "{}", stderr(&ran));
    assert_eq!(place.read("read.txt"), "first line\n50% off\n");
}

#[test]
fn what_is_not_taken_is_named_with_its_line_and_the_exit_code_says_so() {
    let place = Place::empty();
    let text = "@reboot /bin/true\n* * * * * /bin/true\n";
    let output = piped(&place, &["import", "crontab", "-"], text);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(
        told.contains("not taken: line 1: @reboot /bin/true"),
        "{told}"
    );
    assert!(stdout(&output).contains("# line 1: @reboot /bin/true\n# NOT TAKEN: "));
    place.configure(&stdout(&output));
    let check = place.run(&["check"]);
    assert_eq!(check.status.code(), Some(0), "{}", stderr(&check));
}

#[test]
fn the_form_of_a_crontab_is_found_out_or_said() {
    let place = Place::empty();
    let text = "* * * * * root /bin/true\n";
    let guessed = piped(&place, &["import", "crontab", "-"], text);
    assert!(stderr(&guessed).contains("note: read in the form of /etc/crontab"));
    assert!(
        stdout(&guessed).contains("[tasks.true]"),
        "{}",
        stdout(&guessed)
    );
    let said = piped(&place, &["import", "crontab", "--user", "-"], text);
    assert!(stdout(&said).contains("shell = \"root /bin/true\""));
    let nobody = "* * * * * nobody_of_this_name /bin/true\n";
    let output = piped(&place, &["import", "crontab", "--system", "-"], nobody);
    assert!(stdout(&output).contains("user = \"nobody_of_this_name\""));
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains("does not exist on this machine"), "{told}");
}

#[test]
fn a_program_of_supervisord_becomes_a_task_that_runs() {
    let place = Place::empty();
    place.write("supervisord.conf", SUPERVISORD);
    let output = place.run(&["import", "supervisor", "supervisord.conf"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("command = [\"/bin/echo\", \"two words\", \"ticker\"]"),
        "{text}"
    );
    assert!(
        text.contains("#   run_functions once tasks::ticker\n"),
        "{text}"
    );
    place.configure(&text);
    let ran = place.run(&["once", "tasks::ticker"]);
    assert_eq!(ran.status.code(), Some(0), "{}", stderr(&ran));
}

#[test]
fn the_configuration_that_is_there_is_neither_read_nor_changed() {
    let place = Place::with("this is no configuration");
    let output = piped(&place, &["import", "crontab", "-"], CRONTAB);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(place.read("run_functions.toml"), "this is no configuration");
}

#[test]
fn a_file_that_cannot_be_read_is_a_mistake_of_the_command_line() {
    let place = Place::empty();
    place.write("latin1", b"# caf\xe9\n");
    for (file, reason) in [
        ("nowhere", "No such file"),
        ("latin1", "line 1 is not UTF-8"),
    ] {
        let output = place.run(&["import", "supervisor", file]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}
