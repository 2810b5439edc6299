//! What `check` and `list` say of a whole configuration.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use super::super::{check, list};
use crate::config::Colour;
use crate::config::tests::Setup;
use crate::plan::dry_run_plan::DryRunPlan;

const CONFIG: &str = r#"
[mail]
to = ["ops@example.org"]
server = "mail.example.org"
healed = "after-downtime"

[defaults]
non_recoverable_downtime = "6h"

[tasks.backup]
command = ["backup", "--all", "two words"]
working_dir = "."
success_cooldown = "15m"
fail_cooldown = "1h 30m"
env = { A = "1", API_TOKEN = "hunter2" }
nice = 5

[tasks.sweep]
shell = "rm -rf tmp | tee log"
timeout = "never"
non_recoverable_downtime = "1h"

[tasks.gone]
command = ["no-such-program"]
"#;

type Print = fn(&mut dyn io::Write, &DryRunPlan<'_>) -> io::Result<()>;

fn setup() -> Setup {
    let setup = Setup::with(CONFIG);
    let program = setup.write("bin/backup", "#!/bin/sh\n");
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let path = setup.inputs.cwd.join("bin");
    setup.set("PATH", path)
}

fn printed(setup: &Setup, tasks: &[&str], print: Print) -> String {
    let loaded = setup.load();
    let names: Vec<String> = tasks.iter().map(ToString::to_string).collect();
    let tasks = loaded.resolve(&names).unwrap();
    let plan = match tasks.is_empty() {
        true => DryRunPlan::of_everything(&loaded, &setup.inputs),
        false => DryRunPlan::of_chain(&loaded, tasks, None, &setup.inputs),
    };
    let mut out = Vec::new();
    print(&mut out, &plan).unwrap();
    setup.without_root(&String::from_utf8(out).unwrap())
}

#[test]
fn check_says_what_will_happen() {
    let tasks = ["tasks::backup", "tasks::send_mail", "tasks::sweep"];
    insta::assert_snapshot!(printed(&setup(), &tasks, check::print), @r#"
    Chain backup_send_mail_sweep: 3 tasks, one after the other, again and again.

    1. tasks::backup
       executes  ROOT/cwd/bin/backup --all 'two words', in ROOT/cwd, nice 5
       pauses    15m after a success, 1h 30m after a failure
       reminds   after 6h of downtime, and each 6h from then on
       timeout   1h

    2. tasks::send_mail
       executes  function `send_mail` of crate `app`, inside the runner
       pauses    5m after a success, 20m after a failure
       reminds   after 6h of downtime, and each 6h from then on
       timeout   never: a hanging run is mailed, not ended

    3. tasks::sweep
       executes  /bin/sh -e -c 'rm -rf tmp | tee log'
       pauses    5m after a success, 20m after a failure
       reminds   after 1h of downtime, and each 1h from then on
       timeout   never: a hanging run is mailed, not ended

    A cycle takes at least 25m when all succeed, 2h 10m when all fail; the runs themselves come on top.
    The pause after a task delays the next: when tasks::backup fails, tasks::send_mail waits for 1h 30m.

    Mail      to ops@example.org
              from run_functions@web1.example.org
              by mail.example.org:465 with TLS from the first byte, without a login, given up after 1m
              at the first failure and each new one, at most 20 an hour;
              at each reminder of a downtime, and the end of a downtime
    Pidfile   ROOT/cwd/run/backup_send_mail_sweep.pid
    Run root  ROOT/cwd/run (will be made)
    State     ROOT/cwd/run (will be made)
    Log       text from level info on, to standard error
    Stop      a running task has 1m to finish, then TERM, and after 10s KILL
    Start     a running runner of the same chain is replaced
    Settings  ROOT/cwd/run_functions.toml
    "#);
}

#[test]
fn check_says_where_each_value_is_from() {
    let setup = setup().set("RUN_FUNCTIONS_LOG_LEVEL", "debug");
    let tasks = ["tasks::backup", "tasks::refresh", "tasks::refresh"];
    let text = printed(&setup, &tasks, check::print_effective);
    // The width of the column depends on where the temporary directory is.
    let lines = text.lines().map(|line| match line.split_once(" # ") {
        Some((setting, origin)) => format!("{} # {origin}", setting.trim_end()),
        None => line.to_owned(),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text, @r#"
    run_root = "ROOT/cwd/run" # default
    state_dir = "ROOT/cwd/run" # default
    # project: the path of this file
    kill_concurrent = true # default
    stop_timeout = "1m" # default
    kill_grace = "10s" # default

    [log]
    level = "debug" # environment variable RUN_FUNCTIONS_LOG_LEVEL
    format = "text" # default
    # file: standard error

    [history]
    max_bytes = 33554432 # default
    max_age = "90days" # default

    [metrics]
    # textfile: none

    [metrics_push]
    # address: none: nothing is pushed

    [lock]
    backend = "file" # default
    # address: 127.0.0.1:8500 for Consul, a file in run_root for file, none for postgres
    # key: the name of the chain
    ttl = "15s" # default
    keep = false # default
    release_on_error = false # default

    [liveness]
    # backend: that of the lock, if it is Consul or PostgreSQL, else file

    [board]
    # address: board.sqlite in state_dir

    [server]
    listen = "127.0.0.1:7400" # default
    # public_url: none
    # tls_certificate: none: no TLS
    # tls_key: none
    insecure_http = false # default
    max_connections = 2048 # default

    [mail]
    to = ["ops@example.org"] # run_functions.toml:3
    from = "run_functions@web1.example.org" # default
    transport = "smtp" # default
    server = "mail.example.org" # run_functions.toml:4
    port = 465 # default
    tls = "implicit" # default
    # username: no login
    # password_file: none
    # password_env: none
    # ca_file: the authorities of this machine alone
    # helo: the canonical name of this machine if it has a dot, else the address of the connection
    timeout = "1m" # default
    max_per_hour = 20 # default
    healed = "after-downtime" # run_functions.toml:5
    digest = "never" # default

    [tasks.backup]
    command = ["backup", "--all", "two words"] # run_functions.toml:11
    # pipefail: false, with a warning for each pipeline
    success_cooldown = "15m" # run_functions.toml:13
    # every: success_cooldown holds
    fail_cooldown = "1h 30m" # run_functions.toml:14
    non_recoverable_downtime = "6h" # run_functions.toml:8
    forget_after = "6days" # default
    # to: the recipients in mail.to
    # cc: none
    # ping: none
    timeout = "1h" # default
    # warn_after: timeout + kill_grace + 5s, else 10 times the usual time and at least 10m
    working_dir = "ROOT/cwd" # run_functions.toml:12
    env = { A = "1", API_TOKEN = "(hidden)" } # run_functions.toml:15
    env_clear = false # default
    # env_pass: nothing
    # user: that of the runner
    # group: that of the user
    nice = 5 # run_functions.toml:16
    # ionice: that of the runner
    # umask: that of the runner
    # rlimits: those of the runner
    # stdin: /dev/null
    ok_exit_codes = [0] # default
    retry_later_exit_codes = [75] # default
    fatal_exit_codes = [] # default
    silence_timeout = "never" # default
    stop_signal = "TERM" # default
    kill_grace = "10s" # default
    leak = "kill" # default
    max_log_bytes = 819200 # default
    log_output = "on_failure" # default
    # output_file: none

    [tasks.refresh]
    success_cooldown = "1s" # attribute at src/tasks.rs:7
    # every: success_cooldown holds
    fail_cooldown = "2s" # attribute at src/tasks.rs:7
    non_recoverable_downtime = "6h" # run_functions.toml:8
    forget_after = "6days" # default
    # to: the recipients in mail.to
    # cc: none
    # ping: none
    timeout = "never" # default
    # warn_after: timeout + kill_grace + 5s, else 10 times the usual time and at least 10m
    # isolate: true with a timeout, else false
    # settings: none
    "#);
}

#[test]
fn check_gives_the_same_as_data_and_hides_secrets() {
    let text = printed(
        &setup(),
        &["tasks::backup", "tasks::refresh"],
        check::print_json,
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["chain"], "backup_refresh");
    assert_eq!(value["cycle"]["failure_seconds"], 5_402.0);
    assert_eq!(value["tasks"][0]["program"], "ROOT/cwd/bin/backup");
    let settings = &value["tasks"][1]["settings"];
    assert_eq!(settings["fail_cooldown"]["value"], "2s");
    assert_eq!(
        settings["fail_cooldown"]["origin"],
        "attribute at src/tasks.rs:7"
    );
    assert_eq!(value["settings"]["mail"]["port"]["value"], 465);
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn list_names_every_task() {
    insta::assert_snapshot!(printed(&setup(), &[], list::print), @r#"
    TASK              PAUSES        DEFINED                EXECUTES
    tasks::backup     15m / 1h 30m  run_functions.toml:10  ROOT/cwd/bin/backup --all 'two words'
    tasks::gone       5m / 20m      run_functions.toml:23  no-such-program (cannot start: `no-such-program` is not in the PATH of the run, ROOT/cwd/bin)
    tasks::refresh    1s / 2s       src/tasks.rs:7         function `refresh` of crate `app`, inside the runner
    tasks::send_mail  5m / 20m      src/tasks.rs:7         function `send_mail` of crate `app`, inside the runner
    tasks::sweep      5m / 20m      run_functions.toml:18  /bin/sh -e -c 'rm -rf tmp | tee log'
    "#);
    let json = printed(&setup(), &[], list::print_json);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 5);
}

#[test]
fn warnings_tell_what_will_not_work() {
    let setup = setup();
    let loaded = setup.load();
    let names = ["tasks::gone", "tasks::backup", "tasks::sweep"].map(str::to_owned);
    let tasks = loaded.resolve(&names).unwrap();
    let plan = DryRunPlan::of_chain(&loaded, tasks, None, &setup.inputs);
    let text = plan.warnings().render(Colour::Plain);
    insta::assert_snapshot!(setup.without_root(&text), @r#"
    warning: a pipeline in `tasks::sweep` hides failures: only its last command counts
     --> run_functions.toml:19:9
       |
    19 | shell = "rm -rf tmp | tee log"
       |         ^^^^^^^^^^^^^^^^^^^^^^
    help: `pipefail = true` makes any of them count; `pipefail = false` leaves it as it is, without this warning

    warning: `non_recoverable_downtime` of `tasks::sweep` (1h) is shorter than a cycle in which all fail (2h 10m): it is reported as down before it could run again
     --> run_functions.toml:21:28
       |
    21 | non_recoverable_downtime = "1h"
       |                            ^^^^

    warning: `tasks::gone` cannot start: `no-such-program` is not in the PATH of the run, ROOT/cwd/bin
     --> run_functions.toml:24:11
       |
    24 | command = ["no-such-program"]
       |           ^^^^^^^^^^^^^^^^^^^
    help: a service has a shorter PATH than a login: write the whole path, or set PATH in `env`; `once --clean-env` shows what a service finds
    "#);
}

#[test]
fn check_without_a_file_and_without_a_chain_says_so() {
    let text = printed(&Setup::bare(), &[], check::print);
    assert!(text.starts_with("Every task that is known."), "{text}");
    assert!(
        text.contains("each mail is a file in ROOT/cwd/run/mail"),
        "{text}"
    );
    assert!(text.contains("no file: all defaults"), "{text}");
}

#[test]
fn check_creates_nothing() {
    let setup = setup();
    let before = entries(&setup);
    printed(&setup, &["tasks::backup"], check::print);
    assert_eq!(entries(&setup), before);
}

fn entries(setup: &Setup) -> Vec<OsString> {
    let read = fs::read_dir(&setup.inputs.cwd).unwrap();
    read.map(|entry| entry.unwrap().file_name()).collect()
}
