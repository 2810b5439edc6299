//! A task of a chain that is foreseen: its settings, and how its runs end.

use std::time::Duration;

use super::call::registered;
use super::invalid_chain::InvalidChain;
use crate::alert::policy::TaskRules;
use crate::config::defaults::settings_of_function;
use crate::core::settings::TaskSettings;
use crate::simulate::{Script, SimulatedTask};
use crate::task::{Registration, TaskName};

/// A task, its settings, and how its runs end: with success, by default.
///
/// Durations are written as in the attribute: a number with its unit, such as `"90s"`, `"15m"`,
/// `"6h"`, `"1h 30m"`, `"2days"`.
#[derive(Clone, Debug)]
pub struct Task {
    name: String,
    is_registered: bool,
    /// What was set here, by the name of the setting.
    settings: Vec<(&'static str, String)>,
    takes: Option<String>,
    ends: Ends,
}

/// How the runs of a task end.
#[derive(Clone, Debug)]
enum Ends {
    Succeeds,
    FailsFor(String),
    Listed(String),
    Called(u64),
}

impl From<&str> for Task {
    fn from(name: &str) -> Self {
        Task::registered(name)
    }
}

impl Task {
    /// Takes the registered function of this name, such as `tasks::send_mail`, with the settings of
    /// its attribute.
    pub fn registered(name: &str) -> Self {
        Task {
            is_registered: true,
            ..Task::named(name)
        }
    }

    /// Makes a task that is no function of this binary, such as a command of a configuration file.
    /// Its settings are the defaults.
    pub fn named(name: &str) -> Self {
        Task {
            name: name.to_owned(),
            is_registered: false,
            settings: Vec::new(),
            takes: None,
            ends: Ends::Succeeds,
        }
    }

    /// Sets the pause after a success.
    #[must_use]
    pub fn success_cooldown(self, pause: &str) -> Self {
        self.set("success_cooldown", pause)
    }

    /// Sets the time from one start to the next, in place of the pause after a success.
    #[must_use]
    pub fn every(self, interval: &str) -> Self {
        self.set("every", interval)
    }

    /// Sets the pause after a failure.
    #[must_use]
    pub fn fail_cooldown(self, pause: &str) -> Self {
        self.set("fail_cooldown", pause)
    }

    /// Sets how long an outage lasts before it is mailed (again).
    #[must_use]
    pub fn non_recoverable_downtime(self, downtime: &str) -> Self {
        self.set("non_recoverable_downtime", downtime)
    }

    /// Sets how long a run may take before "still running" is mailed.
    #[must_use]
    pub fn warn_after(self, limit: &str) -> Self {
        self.set("warn_after", limit)
    }

    /// Sets how long each run takes. No time at all by default.
    #[must_use]
    pub fn takes(mut self, duration: &str) -> Self {
        self.takes = Some(duration.to_owned());
        self
    }

    /// Has each run fail, with the words `it fails`, that begins within this time from the start;
    /// then one succeeds.
    #[must_use]
    pub fn fails_for(mut self, span: &str) -> Self {
        self.ends = Ends::FailsFor(span.to_owned());
        self
    }

    /// Sets how the runs end, one after the other: `F` fails, `F:"disk full"` fails with these
    /// words, `S` succeeds, `R` is to be tried again later; each perhaps repeated, as in
    /// `F*40 S F`. Later runs, while other tasks are not at their end, succeed.
    #[must_use]
    pub fn ends(mut self, outcomes: &str) -> Self {
        self.ends = Ends::Listed(outcomes.to_owned());
        self
    }

    /// Has the registered function really called, so often, on this thread: its own ends count.
    /// Later runs succeed.
    #[must_use]
    pub fn called(mut self, times: u64) -> Self {
        self.ends = Ends::Called(times);
        self
    }

    fn set(mut self, key: &'static str, value: &str) -> Self {
        self.settings.push((key, value.to_owned()));
        self
    }

    pub(super) fn simulated(self) -> Result<SimulatedTask, InvalidChain> {
        let function = self.function()?;
        let name = match function {
            Some(function) => function.name(),
            None => {
                TaskName::parse(&self.name).map_err(|error| InvalidChain::new(error.to_string()))?
            }
        };
        let settings = self.settings(function)?;
        let takes = self.takes.as_ref();
        let takes = takes.map(|time| self.span("takes", time));
        Ok(SimulatedTask {
            rules: TaskRules::of(name, &settings),
            cooldowns: (&settings).into(),
            script: self.script(function)?,
            takes: takes.transpose()?.unwrap_or_default(),
        })
    }

    fn function(&self) -> Result<Option<&'static Registration>, InvalidChain> {
        if !self.is_registered && !matches!(self.ends, Ends::Called(_)) {
            return Ok(None);
        }
        registered(&self.name).map(Some).map_err(InvalidChain::new)
    }

    fn settings(
        &self,
        function: Option<&'static Registration>,
    ) -> Result<TaskSettings, InvalidChain> {
        let mut settings = settings_of_function(function);
        for (key, value) in &self.settings {
            let span = self.span(key, value)?;
            match *key {
                "success_cooldown" => {
                    settings.success_cooldown = span;
                    settings.every = None;
                }
                "every" => {
                    settings.success_cooldown = Duration::ZERO;
                    settings.every = Some(span);
                }
                "fail_cooldown" => settings.fail_cooldown = span,
                "non_recoverable_downtime" => settings.non_recoverable_downtime = span,
                _ => settings.warn_after = Some(span),
            }
        }
        Ok(settings)
    }

    fn script(&self, function: Option<&'static Registration>) -> Result<Script, InvalidChain> {
        match (&self.ends, function) {
            (Ends::FailsFor(time), _) => Ok(Script::fail_for(self.span("fails_for", time)?)),
            (Ends::Listed(list), _) => Script::parse(list)
                .map_err(|error| InvalidChain::new(format!("`ends` of `{}`: {error}", self.name))),
            (Ends::Called(times), Some(function)) => Ok(Script::called(function, *times)),
            (Ends::Called(_), None) | (Ends::Succeeds, _) => Ok(Script::succeeds()),
        }
    }

    fn span(&self, key: &str, text: &str) -> Result<Duration, InvalidChain> {
        humantime::parse_duration(text).map_err(|error| {
            let task = &self.name;
            InvalidChain::new(format!(
                "`{key}` of `{task}`: `{text}` is no duration: {error}; write `90s` or `6h`, for instance"
            ))
        })
    }
}
