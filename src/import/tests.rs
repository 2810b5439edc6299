//! What holds for every input: no line is lost, and the output is a configuration of ours.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::crontab::{CrontabTarget, FormSource, form::CrontabForm};
use super::page::visible;
use super::{Imported, Machine, crontab, supervisor};
use crate::config::tests::Setup;
use crate::config::{self, Loaded};

fn with_machine<T>(work: impl FnOnce(&Machine<'_>) -> T) -> T {
    let environment = [("HOME", "/home/ada"), ("PATH", "/usr/bin:/bin")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    work(&Machine {
        program: "run_functions",
        hostname: "web1.example.org",
        taken: vec!["send_mail".to_owned(), "refresh".to_owned()],
        is_user: &|name| ["root", "www-data"].contains(&name),
        home_of: &|_| Some("/".to_owned()),
        own_home: Some("/".to_owned()),
        environment: environment.into(),
    })
}

fn crontab_of(text: &str, known: FormSource) -> Imported {
    with_machine(|machine| crontab::import(text, "crontab", known, CrontabTarget::Tasks, machine))
}

fn supervisor_of(text: &str) -> Imported {
    with_machine(|machine| supervisor::import(text, "supervisord.conf", "/etc", machine))
}

/// Reads it as root on a machine where every user is known.
#[track_caller]
fn loaded(imported: &Imported) -> Loaded {
    let mut setup = Setup::bare().root_user();
    setup.inputs.user = |_| Some(33);
    config::load::judge(&imported.toml, &setup.inputs)
        .unwrap_or_else(|report| panic!("{report}\n{}", imported.toml))
}

/// Fails unless each line of the input is in the output.
#[track_caller]
fn assert_no_line_is_lost(input: &str, imported: &Imported) {
    for line in input.lines().map(|line| visible(line.trim())) {
        assert!(
            imported.toml.contains(&line),
            "`{line}` is lost in\n{}",
            imported.toml
        );
    }
}

fn count_of(counted: &str, what: &str) -> usize {
    let mut parts = counted.split([',', ':']).map(str::trim);
    let part = parts.find(|part| part.contains(what)).unwrap();
    part.split(' ').next().unwrap().parse().unwrap()
}

const DEBIAN: &str = include_str!("tests/etc_crontab.txt");
const OF_A_USER: &str = include_str!("tests/user_crontab.txt");
const SUPERVISORD: &str = include_str!("tests/supervisord.txt");

#[test]
fn a_system_crontab_is_found_out_and_taken_over() {
    let imported = crontab_of(DEBIAN, FormSource::Guessed);
    assert_no_line_is_lost(DEBIAN, &imported);
    assert!(imported.remarks[0].contains("/etc/crontab"));
    let tasks = loaded(&imported).tasks;
    for name in ["cron_hourly", "cron_daily", "cron_weekly", "sessionclean"] {
        assert!(tasks.keys().any(|task| task.function() == name), "{name}");
    }
    insta::assert_snapshot!("etc_crontab", imported.toml);
}

#[test]
fn the_crontab_of_a_user_is_taken_over() {
    let imported = crontab_of(OF_A_USER, FormSource::Guessed);
    assert_no_line_is_lost(OF_A_USER, &imported);
    loaded(&imported);
    insta::assert_snapshot!("user_crontab", imported.toml);
}

#[test]
fn a_crontab_becomes_jobs_at_the_times_of_cron() {
    let text = include_str!("tests/user_crontab.txt");
    let known = FormSource::Said(CrontabForm::User);
    let imported = with_machine(|machine| {
        crontab::import(text, "crontab", known, CrontabTarget::Jobs, machine)
    });
    assert_no_line_is_lost(text, &imported);
    let loaded = loaded(&imported);
    assert_eq!(loaded.jobs.len(), loaded.schedules.len());
    let report = &loaded.schedules["report"].spec.times;
    assert_eq!(report.cron.as_deref(), Some("0 9-17 * * 1-5"));
    let zoned = &loaded.schedules["report_2"].spec.times;
    assert_eq!(zoned.timezone, "Europe/Berlin");
    assert!(imported.toml.contains("A chain may be the better home"));
}

#[test]
fn a_configuration_of_supervisord_is_taken_over() {
    let imported = supervisor_of(SUPERVISORD);
    assert_no_line_is_lost(SUPERVISORD, &imported);
    loaded(&imported);
    insta::assert_snapshot!("supervisord", imported.toml);
}

#[test]
fn a_program_that_is_not_restarted_runs_once_also_when_nobody_starts_it_by_itself() {
    let start = |settings: &str| {
        let imported = supervisor_of(&format!("[program:x]\ncommand=/bin/true\n{settings}"));
        let (_, end) = imported.toml.split_once("How to start it").unwrap();
        end.to_owned()
    };
    let once = "run_functions once tasks::x\n";
    let text = start("autorestart=false\nautostart=false\n");
    let (_, by_hand) = text.split_once("when somebody wants it").unwrap();
    assert!(
        by_hand.contains(once) && !text.contains("tasks::x &"),
        "{text}"
    );
    let text = start("autorestart=false\n");
    assert!(
        text.contains(once) && !text.contains("when somebody wants it"),
        "{text}"
    );
    let text = start("autostart=false\n");
    let (_, by_hand) = text.split_once("when somebody wants it").unwrap();
    assert!(
        by_hand.contains("tasks::x &") && !text.contains("once"),
        "{text}"
    );
}

#[test]
fn a_reason_stands_for_each_thing_that_is_not_taken() {
    let cases = [
        ("@reboot x", "when the machine starts"),
        ("0 0 31 2 * x", "no such day"),
        ("61 * * * * x", "`61` is no minute"),
        ("nonsense", "neither a setting nor"),
        ("* * * * * %x", "executes nothing"),
        ("@fortnightly x", "no time that cron knows"),
        (
            "MAILTO=a@b.example\nMAILTO=c@d.example\n* * * * * x",
            "one `[mail]`",
        ),
        ("MAILTO=a b c", "no mail address"),
        ("A-B=1", "cannot be set for a task"),
    ];
    for (text, reason) in cases {
        let imported = crontab_of(text, FormSource::Said(CrontabForm::User));
        let [left] = imported.left_out.as_slice() else {
            panic!("{text}: {:?}", imported.left_out);
        };
        assert!(left.reason.contains(reason), "{text}: {}", left.reason);
        loaded(&imported);
    }
    let imported = crontab_of(
        "* * * * * /daily job",
        FormSource::Said(CrontabForm::System),
    );
    assert!(imported.left_out[0].reason.contains("a user and a command"));
    loaded(&imported);
    let cases = [
        ("[program:x]\ncommand=a 'b\n", "not closed"),
        ("[program:x]\n", "no `command`"),
        ("[program:x]\ncommand=a %(ENV_NOT_THERE)s\n", "NOT_THERE"),
        ("[program:x]\ncommand=a\nnumprocs=2\n", "%(process_num)d"),
        (
            "[program:x]\ncommand=a\nnumprocs=1000\n",
            "a process is a task",
        ),
        (
            "[program:x]\ncommand=a\nautorestart=perhaps\n",
            "autorestart",
        ),
        ("[program:x]\ncommand=a\nstopsignal=SEGV\n", "stopsignal"),
        ("[program:x]\ncommand=a\nnonsense\n", "key=value"),
        ("[eventlistener:x]\ncommand=a\n", "events"),
        ("[fcgi-program:x]\ncommand=a\n", "socket"),
        ("[include]\nfiles=*.conf\n", "not read"),
        ("command=a\n", "before any section"),
    ];
    for (text, reason) in cases {
        let imported = supervisor_of(text);
        let [left] = imported.left_out.as_slice() else {
            panic!("{text}: {:?}", imported.left_out);
        };
        assert!(left.reason.contains(reason), "{text}: {}", left.reason);
        loaded(&imported);
    }
}

#[test]
fn settings_hold_for_the_jobs_below_them_only() {
    let text = "A=1\n* * * * * a\nA=2\nB=3\n* * * * * b\n";
    let tasks = loaded(&crontab_of(text, FormSource::Said(CrontabForm::User))).tasks;
    let env = |name: &str| {
        let task = tasks.values().find(|task| task.name.function() == name);
        task.unwrap().settings.child.env.clone()
    };
    let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    assert_eq!(env("a"), pairs(&[("A", "1")]));
    assert_eq!(env("b"), pairs(&[("A", "2"), ("B", "3")]));
}

#[test]
fn a_section_that_is_there_twice_is_one_program() {
    let text =
        "[program:x]\ncommand=a\npriority=1\n[program:y]\ncommand=b\n[program:x]\ncommand=c\n";
    let imported = supervisor_of(text);
    assert_eq!(imported.toml.matches("[tasks.x]").count(), 1);
    assert!(
        imported.toml.contains("command = [\"c\"]"),
        "{}",
        imported.toml
    );
    loaded(&imported);
}

fn field() -> impl Strategy<Value = String> {
    let number = 0..32_u32;
    prop_oneof![
        4 => Just("*".to_owned()),
        1 => (1..20_u32).prop_map(|step| format!("*/{step}")),
        2 => number.clone().prop_map(|number| number.to_string()),
        1 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{a}-{b}")),
        1 => (number.clone(), number).prop_map(|(a, b)| format!("{a},{b}")),
        1 => "[a-zL#?~]{1,3}",
    ]
}

fn crontab_line() -> impl Strategy<Value = String> {
    let fields = prop::collection::vec(field(), 5).prop_map(|fields| fields.join(" "));
    let when = prop_oneof![4 => fields, 1 => "@(reboot|daily|weekly|x)"];
    let command = prop_oneof![
        "(root|www-data|x) [a-z/.%&;\\\\'\"|$() -]{0,20}",
        "\\PC{0,20}"
    ];
    prop_oneof![
        4 => (when, command).prop_map(|(when, command)| format!("{when} {command}")),
        1 => "(PATH|SHELL|A_B|LOGNAME|CRON_TZ|A-B) ?= ?[\"']?[a-z/:$ ]{0,12}[\"']?",
        1 => "MAIL(TO|FROM)=[\"']?[a-z@., ]{0,12}[\"']?",
        1 => Just("HOME=/".to_owned()),
        1 => "#\\PC{0,20}",
        1 => Just(String::new()),
        1 => "[^\n]{0,20}",
    ]
}

fn supervisor_line() -> impl Strategy<Value = String> {
    let keys = "(command|process_name|numprocs|autorestart|autostart|exitcodes|priority|stopsignal|\
                stopwaitsecs|umask|environment|redirect_stderr|startsecs|colour)";
    prop_oneof![
        2 => "\\[program:[a-z]{1,3}\\]",
        1 => "\\[(supervisord|group:a|include|eventlistener:x|unix_http_server|x y)\\]",
        2 => "command ?= ?/bin/[a-z]{1,5}( [a-z%();'\"$#-]{0,8}){0,3}",
        3 => (keys, "[ -~]{0,12}").prop_map(|(key, value)| format!("{key}={value}")),
        1 => "(autorestart|autostart|redirect_stderr)=(true|false|unexpected)",
        1 => "(stopwaitsecs|numprocs|priority|umask|exitcodes)=[0-9]{1,3}",
        1 => "environment=[A-Z]{1,3}=\"[^\"\n%;#]{0,9}\",B='1'",
        1 => Just("directory=/".to_owned()),
        1 => Just("stdout_logfile=/tmp/x.log".to_owned()),
        1 => Just("user=www-data".to_owned()),
        1 => "[;#]\\PC{0,12}",
        1 => Just(String::new()),
        1 => "[^\n]{0,20}",
    ]
}

proptest! {
    #[test]
    fn no_line_of_any_crontab_is_lost_and_the_output_is_a_configuration(
        lines in prop::collection::vec(crontab_line(), 0..12),
        system in any::<bool>(),
    ) {
        let text = lines.join("\n");
        let form = if system { CrontabForm::System } else { CrontabForm::User };
        let imported = crontab_of(&text, FormSource::Said(form));
        assert_no_line_is_lost(&text, &imported);
        loaded(&imported);
        let counted = ["task", "setting", "comment", "not taken"].map(|what| count_of(&imported.counted, what));
        prop_assert_eq!(counted.iter().sum::<usize>(), text.lines().count(), "{}", imported.counted);
        prop_assert_eq!(count_of(&imported.counted, "task"), imported.toml.matches("\n[tasks.").count());
    }

    #[test]
    fn no_line_of_any_supervisord_configuration_is_lost_and_the_output_is_a_configuration(
        lines in prop::collection::vec(supervisor_line(), 0..16),
    ) {
        let text = lines.join("\n");
        let imported = supervisor_of(&text);
        assert_no_line_is_lost(&text, &imported);
        loaded(&imported);
    }
}
