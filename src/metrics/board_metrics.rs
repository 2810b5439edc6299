//! The metrics of a board: its workers, and the jobs of each definition.

use std::time::SystemTime;

use MetricType::{Counter, Gauge};

use super::text::{Family, MetricType, timestamp};

/// What is known of a board.
#[derive(Debug)]
pub(crate) struct BoardMetrics<'a> {
    /// Where it is.
    pub(crate) place: &'a str,
    /// How many workers are on it.
    pub(crate) workers: u64,
    /// How many slots these have.
    pub(crate) slots: u64,
    /// The definitions of which jobs are kept.
    pub(crate) definitions: Vec<DefinitionMetrics<'a>>,
    /// The schedules.
    pub(crate) schedules: Vec<ScheduleMetrics<'a>>,
}

/// What is known of a schedule.
#[derive(Debug)]
pub(crate) struct ScheduleMetrics<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// Whether it is paused.
    pub(crate) is_paused: bool,
    /// The next slot.
    pub(crate) next: Option<SystemTime>,
    /// How many slots were passed over because no worker was there.
    pub(crate) missed: u64,
    /// How many slots were passed over because the job before was not over.
    pub(crate) skipped: u64,
}

/// What is known of the jobs of a definition.
#[derive(Debug)]
pub(crate) struct DefinitionMetrics<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// How many jobs are in each state that is not over.
    pub(crate) jobs: Vec<(&'static str, u64)>,
    /// When a job succeeded last.
    pub(crate) last_success: Option<SystemTime>,
    /// When a job failed last.
    pub(crate) last_failure: Option<SystemTime>,
}

/// Returns the families of a board, to stand below those of chains.
pub(crate) fn board_page(board: &BoardMetrics<'_>) -> String {
    let mut page = String::new();
    let text = &mut page;
    let of_board = [("board", board.place)];
    let help = "Workers that are on the board.";
    Family::new(text, "board_workers", Gauge, help).add(&of_board, board.workers);
    let help = "Slots of the workers that are on the board.";
    Family::new(text, "board_slots", Gauge, help).add(&of_board, board.slots);
    let help = "Jobs that are not over, by state; counted to 10,001 at most.";
    let mut family = Family::new(text, "board_jobs", Gauge, help);
    for definition in &board.definitions {
        for (state, jobs) in &definition.jobs {
            let labels = [
                ("board", board.place),
                ("job", definition.name),
                ("state", state),
            ];
            family.add(&labels, jobs);
        }
    }
    type EndTime = fn(&DefinitionMetrics<'_>) -> Option<SystemTime>;
    let times: [(&str, &str, EndTime); 2] = [
        (
            "board_last_success_timestamp_seconds",
            "When a job of the definition succeeded last, in seconds since 1970; absent when none is kept.",
            |definition| definition.last_success,
        ),
        (
            "board_last_failure_timestamp_seconds",
            "When a job of the definition failed last, in seconds since 1970; absent when none is kept.",
            |definition| definition.last_failure,
        ),
    ];
    for (name, help, of) in times {
        let mut family = Family::new(text, name, Gauge, help);
        for definition in &board.definitions {
            let labels = [("board", board.place), ("job", definition.name)];
            family.add_some(&labels, of(definition).map(timestamp));
        }
    }
    add_schedules(text, board);
    page
}

fn add_schedules(text: &mut String, board: &BoardMetrics<'_>) {
    type ScheduleValue = fn(&ScheduleMetrics<'_>) -> Option<f64>;
    let families: [(&str, MetricType, &str, ScheduleValue); 4] = [
        (
            "board_schedule_paused",
            Gauge,
            "Whether the schedule is paused.",
            |schedule| Some(f64::from(u8::from(schedule.is_paused))),
        ),
        (
            "board_schedule_next_timestamp_seconds",
            Gauge,
            "The next time of the schedule, in seconds since 1970; absent while it is paused.",
            |schedule| schedule.next.map(timestamp),
        ),
        (
            "board_schedule_missed_total",
            Counter,
            "Times of the schedule that were passed over because no worker was there.",
            |schedule| Some(count(schedule.missed)),
        ),
        (
            "board_schedule_skipped_total",
            Counter,
            "Times of the schedule that were passed over because the job before was not over.",
            |schedule| Some(count(schedule.skipped)),
        ),
    ];
    for (name, kind, help, of) in families {
        let mut family = Family::new(text, name, kind, help);
        for schedule in &board.schedules {
            let labels = [("board", board.place), ("schedule", schedule.name)];
            family.add_some(&labels, of(schedule));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no count is so large")]
fn count(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn each_series_of_a_board_names_the_board_and_stands_in_the_guide() {
        let page = board_page(&BoardMetrics {
            place: "run/board.sqlite",
            workers: 2,
            slots: 8,
            definitions: vec![DefinitionMetrics {
                name: "resize",
                jobs: vec![("waiting", 3), ("stuck", 0)],
                last_success: Some(UNIX_EPOCH),
                last_failure: Some(UNIX_EPOCH),
            }],
            schedules: vec![ScheduleMetrics {
                name: "nightly",
                is_paused: false,
                next: Some(UNIX_EPOCH),
                missed: 1,
                skipped: 0,
            }],
        });
        let labels = r#"board="run/board.sqlite""#;
        let jobs =
            format!(r#"run_functions_board_jobs{{{labels},job="resize",state="waiting"}} 3"#);
        assert!(page.lines().any(|line| line == jobs), "{page}");
        let mut series = page.lines().filter(|line| !line.starts_with('#'));
        assert!(series.all(|line| line.contains(labels)), "{page}");
        let types = page.lines();
        let types = types.filter_map(|line| line.strip_prefix("# TYPE run_functions_"));
        let mut names: Vec<&str> = types.filter_map(|line| line.split(' ').next()).collect();
        let rows = include_str!("../guide/metrics.md").lines();
        let rows = rows.filter_map(|row| row.strip_prefix("| `")?.split_once('`'));
        let of_guide = rows.map(|(name, _)| name);
        let mut of_guide: Vec<&str> = of_guide.filter(|name| name.starts_with("board_")).collect();
        names.sort_unstable();
        of_guide.sort_unstable();
        assert_eq!(names, of_guide);
    }
}
