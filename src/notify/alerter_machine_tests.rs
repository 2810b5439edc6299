//! A machine on which scripts are played for real and as a simulation.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::super::super::alert_memory_file::{AlertMemoryFile, FoundMemory};
use super::super::*;
use super::Line;
use crate::alert::memory::AlertMemory;
use crate::alert::policy::{ChainRules, TaskRules};
use crate::chain::ChainName;
use crate::cli::commands::simulate::with_scripts;
use crate::config::{self, CommandLineLayers, Inputs, Loaded};
use crate::core::event::Observer;
use crate::core::time::Moment;
use crate::mail::outbox;
use crate::mute::on_disk::mutes_form;
use crate::mute::wish::Mute;
use crate::runner::observers::all::Observers;
use crate::runner::observers::live_status::LiveStatusObserver;
use crate::runner::observers::readiness::ReadinessNotifier;
use crate::runner::request::{MemoryPolicy, RunRequest, Warnings};
use crate::runner::resume::open_alerter;
use crate::service::secrets::redactor;
use crate::simulate::{self, AlertSink, Script, Simulation, Span};
use crate::state::saved_memory::ChainIdentity;
use crate::unix::clock;
use crate::unix::notify::Notifier;
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::waiter::Waiter;

const PATIENCE: Duration = Duration::from_secs(60);

/// A machine with a configuration, on which a chain runs in virtual time.
pub(super) struct Machine {
    pub(super) dir: tempfile::TempDir,
    pub(super) inputs: Inputs,
    pub(super) loaded: Loaded,
    pub(super) names: Vec<String>,
    pub(super) mute: Option<Span>,
}

impl Machine {
    pub(super) fn with(config: &str, names: &[&str]) -> Self {
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

    pub(super) fn order(&self) -> RunRequest<'_> {
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
    pub(super) fn observers(&self, order: &RunRequest<'_>, start: Moment) -> Observers {
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

    pub(super) fn mails(&self) -> Vec<Line> {
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
    pub(super) fn agrees_on(&self, scripts: &[&str]) -> usize {
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

impl Machine {
    /// Returns the recipients of the mails of a sort, each with the tasks of the chain that its
    /// mail is about, in order.
    pub(super) fn told(&self, scripts: &[&str], sort: &str) -> Vec<(String, Vec<&'static str>)> {
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

/// The observers of a real runner. After each step the mailer has delivered all, so that nothing
/// waits long enough to be replaced.
struct Real {
    pub(super) observers: Observers,
    pub(super) state_dir: PathBuf,
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

/// Returns the recipient of a mail, and the tasks in the list of the mail.
pub(super) fn about(mail: &str) -> (String, Vec<&'static str>) {
    let to = mail.lines().find_map(|line| line.strip_prefix("To: "));
    let names = ["tasks::a", "tasks::b", "tasks::c"];
    let is_listed = |name: &&str| mail.contains(&format!("- {name}: "));
    (
        to.unwrap().to_owned(),
        names.into_iter().filter(is_listed).collect(),
    )
}
