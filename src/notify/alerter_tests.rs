//! What a runner really mails is what a simulation foresees: the same scripts go through rim, desk, outbox and mailer into files, and through
//! `simulate`, mail for mail.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::super::defect;
use super::super::memory::{Found, MemoryFile};
use super::super::rim::Rim;
use super::super::service::Service;
use super::super::shared::{Place, Shared};
use super::super::start::open_desk;
use super::super::{Order, Remember, Warnings, redactor};
use super::*;
use crate::alert::memory::Memory;
use crate::alert::mute::Mute;
use crate::alert::policy::{ChainRules, TaskRules};
use crate::chain::ChainName;
use crate::cli::simulate::with_scripts;
use crate::config::{self, CommandLine, Inputs, Loaded};
use crate::event::{Observer, RunId};
use crate::mail::outbox;
use crate::process::clock;
use crate::process::notify::Notifier;
use crate::process::poll::Alarm;
use crate::process::run_root::RunRoot;
use crate::simulate::{self, Alerts, Script, Simulation, Span};
use crate::state::kept::Identity;
use crate::state::mutes;
use crate::time::Moment;

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
        let mut inputs = Inputs::of_process(CommandLine::default()).unwrap();
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

    fn order(&self) -> Order<'_> {
        Order {
            inputs: &self.inputs,
            loaded: &self.loaded,
            tasks: self.loaded.resolve(&self.names).unwrap(),
            name: ChainName::parse("chain").unwrap(),
            memory: Remember::AfterCrash,
            warnings: Warnings::default(),
        }
    }

    fn state_dir(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    /// Plays the scripts with all that a runner has but processes and a log file, and reads the mails that were written.
    fn really_mailed(&self, scripts: &[&str], start: Moment) -> Vec<Line> {
        let order = self.order();
        let real = Real {
            rim: self.observers(&order, start),
            state_dir: self.state_dir(),
        };
        simulate::play(with_scripts(&order.tasks, parsed(scripts)), start, real);
        self.mails()
    }

    /// The observers of a runner that begins where the former one crashed, if one did.
    fn observers(&self, order: &Order<'_>, start: Moment) -> Rim {
        let identity = Identity::new("p".into(), [], "s".into());
        let root = RunRoot::open(&self.state_dir()).unwrap();
        let mutes = self
            .mute
            .map(|span| muted(span, start))
            .into_iter()
            .collect();
        root.replace("chain.mutes", &mutes::encode::<Mute>(mutes))
            .unwrap();
        let mut file = MemoryFile::new(root, &order.name, identity);
        let memory = match file.read() {
            Found::Crashed(memory) => memory,
            _ => Memory::empty(start, "boot"),
        };
        let rules = order.tasks.iter();
        let rules = rules.map(|task| TaskRules::of(task.name.clone(), &task.settings));
        let chain_rules = ChainRules::of(&self.loaded.settings.mail);
        let policy = Policy::new(rules.collect(), chain_rules, memory, start);
        let desk = open_desk(order, policy, file, start).unwrap();
        let notifier = Arc::new(Notifier::from_env());
        let service = Service::new(notifier, order.labels(), Duration::ZERO);
        Rim::new(&order.labels(), order.redactor()).with(desk, service, None)
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
                .notice
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

/// The observers of a real runner. After each step the mailer has delivered all, so that nothing waits long enough to be replaced.
struct Real {
    rim: Rim,
    state_dir: PathBuf,
}

impl Real {
    fn settle(&self) {
        let mut alarm = Alarm::new().unwrap();
        let until = clock::mono() + PATIENCE;
        while outbox::report(&self.state_dir).waiting > 0 {
            assert!(clock::mono() < until, "mail does not leave");
            let soon = clock::mono() + Duration::from_millis(1);
            alarm.wait([None], soon).unwrap();
        }
    }
}

impl Alerts for Real {
    fn observe(&mut self, event: &Event<'_>) {
        self.rim.observe(event);
        self.settle();
    }

    fn due(&mut self) -> Mono {
        self.rim.due()
    }

    fn poll(&mut self, now: Moment) {
        self.rim.poll(now);
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
    assert_eq!(machine.agrees_on(&["F*100 S*3 F*2 S*3"]), 3);
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
    let shared = Shared::new(machine.observers(&order, at), None).unwrap();
    let reason = defect::guard(&shared, || {
        shared.rim().observe(&Event::Started { at });
        shared.begin_run(Place::InFunction);
        let (step, run) = (1, RunId(1));
        shared.rim().observe(&Event::RunStarted { step, run, at });
        let _held = shared.rim();
        panic!("{words}");
    });
    assert_eq!(shared.place(), Place::Between);
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
