//! What a runner really mails is what a simulation foresees: the same scripts go through rim, desk,
//! outbox and mailer into files, and through `simulate`, mail for mail.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::super::alert_memory_file::{AlertMemoryFile, FoundMemory};
use super::*;
use crate::alert::memory::AlertMemory;
use crate::alert::policy::{ChainRules, TaskRules};
use crate::chain::ChainName;
use crate::cli::commands::simulate::with_scripts;
use crate::config::{self, CommandLineLayers, Inputs, Loaded};
use crate::core::event::{Observer, RunId};
use crate::core::time::Moment;
use crate::mail::outbox;
use crate::mute::on_disk::mutes_form;
use crate::mute::wish::Mute;
use crate::runner::control::{MainThreadState, RunnerControl};
use crate::runner::observers::all::Observers;
use crate::runner::observers::live_status::LiveStatusObserver;
use crate::runner::observers::readiness::ReadinessNotifier;
use crate::runner::request::{MemoryPolicy, RunRequest, Warnings};
use crate::runner::resume::open_alerter;
use crate::runner::shutdown::panic_guard;
use crate::service::secrets::redactor;
use crate::simulate::{self, AlertSink, Script, Simulation, Span};
use crate::state::saved_memory::ChainIdentity;
use crate::unix::clock;
use crate::unix::notify::Notifier;
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::waiter::Waiter;

const PATIENCE: Duration = Duration::from_secs(60);

/// A machine with a configuration, on which a chain runs in virtual time.
struct Machine {
    dir: tempfile::TempDir,
    inputs: Inputs,
    loaded: Loaded,
    names: Vec<String>,
    mute: Option<Span>,
}

/// A mail: when, about what, and its words.
type Line = (SystemTime, String);

impl Machine {
    fn with(config: &str, names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("run_functions.toml"), config).unwrap();
        let mut inputs = Inputs::of_process(CommandLineLayers::default()).unwrap();
        inputs.cwd = dir.path().canonicalize().unwrap();
        inputs.environment.clear();
        let loaded = config::load(&inputs).expect("a configuration without errors");
        Machine {
            dir,
            inputs,
            loaded,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            mute: None,
        }
    }

    fn order(&self) -> RunRequest<'_> {
        RunRequest {
            inputs: &self.inputs,
            loaded: &self.loaded,
            tasks: self.loaded.resolve(&self.names).unwrap(),
            name: ChainName::parse("chain").unwrap(),
            memory: MemoryPolicy::AfterCrash,
            replace_unit: false,
            warnings: Warnings::default(),
        }
    }

    fn state_dir(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    /// Plays the scripts with all that a runner has but processes and a log file, and reads the
    /// mails that were written.
    fn really_mailed(&self, scripts: &[&str], start: Moment) -> Vec<Line> {
        let order = self.order();
        let real = Real {
            observers: self.observers(&order, start),
            state_dir: self.state_dir(),
        };
        simulate::play(with_scripts(&order.tasks, parsed(scripts)), start, real);
        self.mails()
    }

    /// The observers of a runner that begins where the former one crashed, if one did.
    fn observers(&self, order: &RunRequest<'_>, start: Moment) -> Observers {
        let identity = ChainIdentity::new("p".into(), [], "s".into());
        let root = PrivateDir::open(&self.state_dir()).unwrap();
        let mutes = self
            .mute
            .map(|span| muted(span, start))
            .into_iter()
            .collect();
        root.replace("chain.mutes", &mutes_form::encode::<Mute>(mutes))
            .unwrap();
        let mut file = AlertMemoryFile::new(root, &order.name, identity);
        let memory = match file.read() {
            FoundMemory::Crashed(memory) => memory,
            _ => AlertMemory::empty(start, "boot"),
        };
        let rules = order.tasks.iter();
        let rules = rules.map(|task| TaskRules::of(task.name.clone(), &task.settings));
        let chain_rules = ChainRules::of(&self.loaded.settings.mail);
        let policy = ChainPolicy::new(rules.collect(), chain_rules, memory, start);
        let alerter = open_alerter(order, policy, file, start).unwrap();
        let notifier = Arc::new(Notifier::from_env());
        let service = ReadinessNotifier::new(notifier, order.labels(), Duration::ZERO);
        Observers::new(&order.labels(), order.redactor()).with(
            alerter,
            service,
            LiveStatusObserver::default(),
        )
    }

    fn mails(&self) -> Vec<Line> {
        let files = fs::read_dir(self.state_dir().join("mail"))
            .into_iter()
            .flatten();
        let mut mails: Vec<Line> = files
            .map(|file| line_of(&fs::read_to_string(file.unwrap().path()).unwrap()))
            .collect();
        mails.sort();
        mails
    }

    fn foreseen(&self, scripts: &[&str], start: Moment) -> Vec<Line> {
        let order = self.order();
        let foreseen = Simulation {
            tasks: with_scripts(&order.tasks, parsed(scripts)),
            rules: ChainRules::of(&self.loaded.settings.mail),
            kind_of: fingerprint::of,
            redactor: redactor(&self.inputs, &self.loaded, &order.tasks),
            start,
            mute: self.mute,
        }
        .run();
        let labels = order.labels();
        let lines = foreseen.mails.iter().map(|mail| {
            let who = mail
                .alert
                .step
                .map_or("chain", |step| labels[step].as_str());
            (
                to_the_second(mail.at.wall),
                format!("[{who}] {}", mail.headline()),
            )
        });
        let mut lines: Vec<Line> = lines.collect();
        lines.sort();
        lines
    }

    /// Plays the scripts both ways, and returns how many mails each of them had.
    #[track_caller]
    fn agrees_on(&self, scripts: &[&str]) -> usize {
        let start = Moment {
            mono: Mono::BOOT + Duration::from_secs(7200),
            wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        let (real, foreseen) = (
            self.really_mailed(scripts, start),
            self.foreseen(scripts, start),
        );
        assert_eq!(real, foreseen);
        real.len()
    }
}

/// The observers of a real runner. After each step the mailer has delivered all, so that nothing
/// waits long enough to be replaced.
struct Real {
    observers: Observers,
    state_dir: PathBuf,
}

impl Real {
    fn settle(&self) {
        let mut alarm = Waiter::new().unwrap();
        let until = clock::mono() + PATIENCE;
        while outbox::report(&self.state_dir).waiting > 0 {
            assert!(clock::mono() < until, "mail does not leave");
            let soon = clock::mono() + Duration::from_millis(1);
            alarm.wait([None], soon).unwrap();
        }
    }
}

impl AlertSink for Real {
    fn observe(&mut self, event: &Event<'_>) {
        self.observers.observe(event);
        self.settle();
    }

    fn due(&mut self) -> Mono {
        self.observers.due()
    }

    fn poll(&mut self, now: Moment) {
        self.observers.poll(now);
        self.settle();
    }
}

/// What the command would have written at the time when the mute begins.
fn muted(span: Span, start: Moment) -> Mute {
    Mute {
        task: None,
        from: start.wall + span.from,
        until: start.wall + span.until,
        by: "root".to_owned(),
        reason: String::new(),
        boot: "boot".to_owned(),
        made: start.mono + span.from,
    }
}

fn parsed(scripts: &[&str]) -> Vec<Script> {
    let parse = |text: &&str| match text.strip_prefix("fails for ") {
        Some(span) => Script::fail_for(humantime::parse_duration(span).unwrap()),
        None => Script::parse(text).unwrap(),
    };
    scripts.iter().map(parse).collect()
}

/// The header Date has no fractions of a second.
fn to_the_second(time: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.duration_since(UNIX_EPOCH).unwrap().as_secs())
}

fn line_of(mail: &str) -> Line {
    let unfolded = mail.replace("\r\n ", " ");
    let header = |name: &str| {
        let line = unfolded
            .split("\r\n")
            .find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {mail}"))
            .to_owned()
    };
    let date = jiff::fmt::rfc2822::parse(&header("Date: ")).unwrap();
    let subject = header("Subject: ");
    let (_host, rest) = subject.split_once("] ").unwrap();
    (SystemTime::from(date.timestamp()), rest.to_owned())
}

const TASKS: &str = "[tasks.a]\ncommand = [\"true\"]\nsuccess_cooldown = \"5m\"\nfail_cooldown = \"20m\"\n\
     non_recoverable_downtime = \"6h\"\n[tasks.b]\ncommand = [\"true\"]\nsuccess_cooldown = \"1m\"\nfail_cooldown = \"1m\"\n\
     non_recoverable_downtime = \"90m\"\n";

#[test]
fn a_weekend_of_one_failure_is_mailed_as_foreseen() {
    let machine = Machine::with(TASKS, &["tasks::a"]);
    assert_eq!(machine.agrees_on(&["fails for 60h"]), 10);
}

#[test]
fn the_example_of_the_origin_is_mailed_as_foreseen() {
    let machine = Machine::with(
        "[tasks.a]\ncommand = [\"true\"]\nfail_cooldown = \"1s\"\nnon_recoverable_downtime = \"3s\"\n",
        &["tasks::a"],
    );
    assert_eq!(machine.agrees_on(&["fails for 10s"]), 4);
}

#[test]
fn new_kinds_known_kinds_and_outages_one_after_the_other_are_mailed_as_foreseen() {
    let machine = Machine::with(TASKS, &["tasks::a"]);
    let script = "F:\"disk full\"*3 F:\"no route to host\" F:\"disk full\" S*2 F:\"disk full\"*40 R F:\"order 17 lost\" F:\"order 18 lost\" S";
    assert_eq!(machine.agrees_on(&[script]), 5);
}

#[test]
fn a_chain_in_which_each_task_fails_in_its_own_way_is_mailed_as_foreseen() {
    let machine = Machine::with(TASKS, &["tasks::a", "tasks::b", "tasks::a"]);
    let scripts = ["F:\"x\"*5 S*30 F:\"x\"", "S*3 F:\"y\"*60 S", "R F*9"];
    assert!(machine.agrees_on(&scripts) >= 5);
}

#[test]
fn what_is_held_back_and_the_digest_of_it_are_mailed_as_foreseen() {
    let mail = "[mail]\nmax_per_hour = 2\n";
    let machine = Machine::with(&format!("{mail}{TASKS}"), &["tasks::b"]);
    let words = [
        "apple", "pear", "plum", "fig", "quince", "cherry", "lemon", "grape", "melon",
    ];
    let script: Vec<String> = words
        .iter()
        .map(|word| format!("F:\"no {word} left\""))
        .collect();
    let script = format!("{} S*400", script.join(" "));
    assert!(machine.agrees_on(&[&script]) >= 3);
}

#[test]
fn the_end_of_a_downtime_is_mailed_as_foreseen() {
    let mail = "[mail]\nhealed = \"after-downtime\"\n";
    let machine = Machine::with(&format!("{mail}{TASKS}"), &["tasks::b"]);
    assert_eq!(machine.agrees_on(&["F*100 S*3 F*2 S*40"]), 3);
}

#[test]
fn a_muted_chain_is_mailed_as_foreseen() {
    let mut mails = Vec::new();
    for span in ["0s..1h", "30m..40m", "10m..2h", "0s..4h"] {
        let mut machine = Machine::with(TASKS, &["tasks::a", "tasks::b"]);
        machine.mute = Some(Span::parse(span).unwrap());
        let scripts = ["F:\"x\"*3 F:\"y\" S*20", "S*3 F:\"z\"*30 S*10"];
        mails.push(machine.agrees_on(&scripts));
    }
    assert_eq!(mails, [4, 4, 4, 2]);
}

#[test]
fn a_secret_is_taken_out_of_both() {
    let machine = Machine::with(TASKS, &["tasks::a"]);
    let script =
        "F:\"login with password=hunter2 refused\" F:\"login with password=hunter3 refused\" S";
    assert_eq!(machine.agrees_on(&[script]), 1);
    assert!(!machine.mails()[0].1.contains("hunter"));
}

/// A runner of its own that ends by a panic of ours while its second task runs.
fn panicking(machine: &Machine, words: &str) -> StopReason {
    let order = machine.order();
    let at = clock::now();
    let shared = RunnerControl::new(machine.observers(&order, at), None).unwrap();
    let reason = panic_guard::guard(&shared, || {
        shared.observers().observe(&Event::Started { at });
        shared.begin_run(MainThreadState::InFunction);
        let (step, run) = (1, RunId(1));
        shared
            .observers()
            .observe(&Event::RunStarted { step, run, at });
        let _held = shared.observers();
        panic!("{words}");
    });
    assert_eq!(shared.place(), MainThreadState::Between);
    reason
}

#[test]
fn a_panic_of_ours_is_mailed_and_not_again_when_it_ends_the_next_runner_too() {
    let machine = Machine::with(TASKS, &["tasks::a", "tasks::b"]);
    let reason = panicking(&machine, "no row for order 17");
    assert_eq!(
        reason,
        StopReason::Defect("it panicked: no row for order 17".to_owned())
    );
    let subjects = || machine.mails().into_iter().map(|mail| mail.1);
    let first = "[tasks::b] First exception caught: a defect of run_functions: it panicked: no row for order 17";
    assert_eq!(subjects().collect::<Vec<_>>(), [first]);
    panicking(&machine, "no row for order 18");
    assert_eq!(subjects().count(), 1);
    panicking(&machine, "the clock stands still");
    assert_eq!(subjects().count(), 2);
}

const OWN: &str = "[mail]\nto = [\"ops@example.org\"]\ntransport = \"file\"\nmax_per_hour = 1\n";

/// Two tasks with recipients of their own, and one without.
fn with_own_recipients(mail: &str) -> Machine {
    let config = format!(
        "{OWN}{mail}[tasks.a]\ncommand = [\"true\"]\nto = [\"a@example.org\"]\n\
         [tasks.b]\ncommand = [\"true\"]\ncc = [\"b@example.org\"]\n[tasks.c]\ncommand = [\"true\"]\n"
    );
    Machine::with(&config, &["tasks::a", "tasks::b", "tasks::c"])
}

impl Machine {
    /// Returns the recipients of the mails of a sort, each with the tasks of the chain that its
    /// mail is about, in order.
    fn told(&self, scripts: &[&str], sort: &str) -> Vec<(String, Vec<&'static str>)> {
        let start = Moment {
            mono: Mono::BOOT + Duration::from_secs(7200),
            wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        self.really_mailed(scripts, start);
        let files = fs::read_dir(self.state_dir().join("mail")).unwrap();
        let mails = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        let of_sort = mails.filter(|mail| mail.contains(&format!("event={sort};")));
        let mut told: Vec<_> = of_sort.map(|mail| about(&mail)).collect();
        told.sort();
        told
    }
}

/// Returns the recipient of a mail, and the tasks in the list of the mail.
fn about(mail: &str) -> (String, Vec<&'static str>) {
    let to = mail.lines().find_map(|line| line.strip_prefix("To: "));
    let names = ["tasks::a", "tasks::b", "tasks::c"];
    let is_listed = |name: &&str| mail.contains(&format!("- {name}: "));
    (
        to.unwrap().to_owned(),
        names.into_iter().filter(is_listed).collect(),
    )
}

#[test]
fn a_digest_tells_each_address_of_its_own_tasks() {
    let machine = with_own_recipients("");
    let scripts = [
        "S F:\"no disk\" S*60",
        "F:\"no route\" S*60",
        "S F:\"no room\" S*60",
    ];
    let told = machine.told(&scripts, "digest");
    let expected = [
        ("a@example.org", vec!["tasks::a"]),
        ("ops@example.org", vec!["tasks::c"]),
    ];
    assert_eq!(told, expected.map(|(to, tasks)| (to.to_owned(), tasks)));
    assert_eq!(machine.told(&scripts, "first").len(), 2, "b@ and ops@");
}

#[test]
fn a_summary_tells_the_recipients_of_the_chain_all_and_the_others_what_is_theirs() {
    let machine = with_own_recipients("digest = \"daily\"\n");
    let told = machine.told(&["S*100"; 3], "summary");
    let expected = [
        ("a@example.org", vec!["tasks::a"]),
        ("b@example.org", vec!["tasks::b"]),
        ("ops@example.org", vec!["tasks::a", "tasks::b", "tasks::c"]),
    ];
    assert_eq!(told, expected.map(|(to, tasks)| (to.to_owned(), tasks)));
}
