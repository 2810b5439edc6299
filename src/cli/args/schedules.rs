//! The words of `schedules`.

use clap::{Args, Subcommand};

/// The schedules to be shown, or to be asked something.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "A worker applies the schedules of its file when it starts, and posts their jobs.\n\
                  Exit codes: 0 done, 2 no such schedule, 69 the board cannot be used."
)]
pub(crate) struct SchedulesArgs {
    /// Only this schedule, with all that is known of it.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// How many of the next times.
    #[arg(short = 'n', value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) times: u32,
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<SchedulesVerb>,
}

/// What is asked of schedules.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SchedulesVerb {
    /// Post nothing until it is resumed.
    Pause {
        /// The schedule.
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, for others.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Post again, from the next time on.
    Resume {
        /// The schedule.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Post its job now, paused or not. Its next time stays.
    Run {
        /// The schedule.
        #[arg(value_name = "NAME")]
        name: String,
        /// Without the jobs that come after it.
        #[arg(long)]
        no_children: bool,
    },
    /// Put the schedules of this configuration on the board, even if a later one has replaced them.
    Apply,
}
