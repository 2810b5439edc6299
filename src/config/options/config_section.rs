//! The sections of the file.

/// Where a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigSection {
    /// Before the first section.
    Root,
    /// In `[log]`.
    Log,
    /// In `[history]`.
    History,
    /// In `[metrics]`.
    Metrics,
    /// In `[metrics_push]`.
    MetricsPush,
    /// In `[lock]`.
    Lock,
    /// In `[liveness]`.
    Liveness,
    /// In `[board]`.
    Board,
    /// In `[server]`.
    Server,
    /// In `[mail]`.
    Mail,
    /// In `[tasks.NAME]`, and in `[defaults]` unless it names what is executed.
    Task,
    /// In `[worker]`.
    Worker,
    /// In `[jobs.NAME]`.
    Job,
    /// In an argument of a job.
    Argument,
    /// In a step of a job.
    Step,
    /// In a group of steps.
    Group,
    /// In a `retry`.
    Retry,
    /// In `[schedules.NAME]`.
    Schedule,
    /// In a window of `exclude`.
    Exclude,
}

impl ConfigSection {
    /// All of them, in the order of the reference.
    pub(crate) const ALL: [ConfigSection; 19] = [
        ConfigSection::Root,
        ConfigSection::Log,
        ConfigSection::History,
        ConfigSection::Metrics,
        ConfigSection::MetricsPush,
        ConfigSection::Lock,
        ConfigSection::Liveness,
        ConfigSection::Board,
        ConfigSection::Server,
        ConfigSection::Mail,
        ConfigSection::Task,
        ConfigSection::Worker,
        ConfigSection::Job,
        ConfigSection::Argument,
        ConfigSection::Step,
        ConfigSection::Group,
        ConfigSection::Retry,
        ConfigSection::Schedule,
        ConfigSection::Exclude,
    ];

    /// Returns whether the section is about jobs and their workers.
    pub(crate) fn is_of_jobs(self) -> bool {
        match self {
            ConfigSection::Worker
            | ConfigSection::Job
            | ConfigSection::Argument
            | ConfigSection::Step
            | ConfigSection::Group
            | ConfigSection::Retry
            | ConfigSection::Schedule
            | ConfigSection::Exclude => true,
            ConfigSection::Root
            | ConfigSection::Log
            | ConfigSection::History
            | ConfigSection::Metrics
            | ConfigSection::MetricsPush
            | ConfigSection::Lock
            | ConfigSection::Liveness
            | ConfigSection::Board
            | ConfigSection::Server
            | ConfigSection::Mail
            | ConfigSection::Task => false,
        }
    }

    /// Returns how it is written, empty for the root.
    pub(crate) fn header(self) -> &'static str {
        match self {
            ConfigSection::Root => "",
            ConfigSection::Log => "[log]",
            ConfigSection::History => "[history]",
            ConfigSection::Metrics => "[metrics]",
            ConfigSection::MetricsPush => "[metrics_push]",
            ConfigSection::Lock => "[lock]",
            ConfigSection::Liveness => "[liveness]",
            ConfigSection::Board => "[board]",
            ConfigSection::Server => "[server]",
            ConfigSection::Mail => "[mail]",
            ConfigSection::Task => "[tasks.NAME]",
            ConfigSection::Worker => "[worker]",
            ConfigSection::Job => "[jobs.NAME]",
            ConfigSection::Argument => "[jobs.NAME.args.NAME]",
            ConfigSection::Step | ConfigSection::Group => "[[jobs.NAME.steps]]",
            ConfigSection::Retry => "[jobs.NAME.steps.retry]",
            ConfigSection::Schedule => "[schedules.NAME]",
            ConfigSection::Exclude => "[[schedules.NAME.exclude]]",
        }
    }
}
