//! `import`: what cron and supervisord run, as a configuration that `check` accepts and that runs.

use std::process::{Command, Output};

use crate::support::{Place, fed, stderr, stdout};

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
    fed(&mut place.command(args), input)
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
    // It may be the crontab of another machine; here that task would fail, which is warned of.
    assert_eq!(output.status.code(), Some(0));
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

/// Lines that look like those of a configuration, in an order that nobody would write; the same each time.
fn odd_configurations(count: u64) -> Vec<String> {
    const WORDS: [&str; 14] = [
        "/bin/x", "--b=c", "'q r'", "\"d e\"", "\"f;g\"", "h;i", ";j", "#k", "l#m", "\\n", "x=y",
        "z:w", "[s]", "'",
    ];
    const BETWEEN: [&str; 7] = ["", "  more", "  ;j", " ", "; c", "# c", "  'x'"];
    const ENDS: [&str; 4] = ["", " ; c", " # c", ";c"];
    let mut seed = 7_u64;
    let mut next = move |most: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % most
    };
    let mut one = |_| {
        let mut text = "[program:p]\n".to_owned();
        for _ in 0..=next(4) {
            let key = ["command", "Command", "x"][next(3)];
            let equals = ["=", ":", " = "][next(3)];
            let words: Vec<&str> = (0..=next(4)).map(|_| WORDS[next(WORDS.len())]).collect();
            let (end, between) = (ENDS[next(4)], BETWEEN[next(7)]);
            text += &format!("{key}{equals}{}{end}\n{between}\n", words.join(" "));
        }
        text
    };
    (0..count).map(&mut one).collect()
}

#[test]
#[ignore = "needs python3"]
fn the_form_of_supervisord_is_read_as_python_reads_it() {
    let configurations = odd_configurations(300);
    let oracle = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/supervisord_command.py"
    );
    let input = configurations.join("\0");
    let output = fed(Command::new("python3").arg(oracle), &input);
    assert!(output.status.success(), "{}", stderr(&output));
    let expected: Vec<Option<Vec<String>>> = serde_json::from_slice(&output.stdout).unwrap();
    let place = Place::empty();
    for (text, expected) in configurations.iter().zip(expected) {
        let output = piped(&place, &["import", "supervisor", "-"], text);
        let toml: toml::Table = stdout(&output).parse().unwrap();
        let task = toml.get("tasks").and_then(|tasks| tasks.get("p"));
        let command = task.map(|task| task["command"].clone().try_into::<Vec<String>>().unwrap());
        assert_eq!(command, expected, "{text}");
    }
}
