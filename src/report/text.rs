//! The report for a terminal: the same facts, no wider than that is.

use std::fmt::Write;

use super::durations::{Column, Durations};
use super::model::{ChainReport, Condition, DayReport, HistoryReport, TaskReport, TaskState};
use super::outages::ReportedOutage;
use super::period::{COLUMNS, Period};
use super::screen::{BOLD, GREEN, RED, ReportScreen, YELLOW};
use super::words::{self, counted, exact, grouped, in_words};

/// How many outages of a task are shown.
const MOST_OUTAGES: usize = 5;
/// How many days stand on a line, and how many columns the sparkline has.
const DAYS_OF_A_LINE: usize = 30;
const SPARKS: usize = 60;
const NARROWEST: usize = 7;
/// How wide what stands before a drawing is.
const LABEL: usize = 12;

/// A text that grows line by line.
struct Lines {
    text: String,
    screen: ReportScreen,
}

impl Lines {
    /// Adds a line, cut where the screen ends.
    fn add(&mut self, indent: usize, colour: &str, line: &str) {
        let indent = self.indent(indent);
        let line = self.screen.line(indent, colour, line.trim_end());
        self.text.push_str(&line);
    }

    /// Adds a sentence, that goes on in the next line where the screen ends.
    fn sentence(&mut self, indent: usize, colour: &str, text: &str) {
        let width = self.screen.width;
        let room = width.map(|width| width.saturating_sub(self.indent(indent)));
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && room.is_some_and(|room| longer > room) {
                self.add(indent, colour, &line);
                line.clear();
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.add(indent, colour, &line);
    }

    /// Returns how far a line is indented: less where that would leave no room for it.
    fn indent(&self, wanted: usize) -> usize {
        self.screen
            .width
            .map_or(wanted, |width| wanted.min(width / 4))
    }

    /// Returns how many columns of so many a drawing has beside its labels; `None` when there is no
    /// room for one.
    fn room(&self, wanted: usize) -> Option<usize> {
        let room = self
            .screen
            .width
            .map_or(wanted, |width| width.saturating_sub(LABEL));
        (room >= NARROWEST).then(|| wanted.min(room))
    }
}

/// Returns the whole.
pub(crate) fn text(report: &HistoryReport, screen: ReportScreen) -> String {
    let mut lines = Lines {
        text: String::new(),
        screen,
    };
    let period = &report.period;
    let is_bad =
        report.down() + report.late() + report.stopped() > 0 || report.mail_trouble.is_some();
    let days = (
        period.date(0, "%-d %b"),
        period.local(period.now(), "%-d %b %Y %H:%M"),
    );
    lines.add(0, "", &format!("{}, {} to {}", report.host, days.0, days.1));
    lines.add(0, if is_bad { RED } else { GREEN }, &words::verdict(report));
    lines.add(0, "", &figures(report));
    if let Some(trouble) = &report.mail_trouble {
        lines.add(0, RED, &format!("Mail does not leave: {trouble}"));
    }
    for chain in &report.chains {
        of_chain(&mut lines, chain, period);
    }
    of_schedules(&mut lines, report);
    if report.tasks().next().is_some() {
        lines.text.push('\n');
        let legend = "A day: ■ ok, ✗ with failures, · without a run. What a run took: the median, ✗ failures.";
        lines.sentence(0, "", legend);
    }
    lines.text
}

fn of_schedules(lines: &mut Lines, report: &HistoryReport) {
    if report.schedules.is_empty() {
        return;
    }
    lines.text.push('\n');
    lines.add(0, BOLD, "Schedules");
    for schedule in &report.schedules {
        let colour = if schedule.is_given_up { RED } else { "" };
        lines.add(2, colour, &format!("{}  {}", schedule.name, schedule.state));
    }
}

fn figures(report: &HistoryReport) -> String {
    let runs = report.runs();
    let (outages, long) = report.outages();
    let long = match outages {
        0 => String::new(),
        _ => format!(" ({} in all)", in_words(long)),
    };
    format!(
        "{}, {} ok; {}{long}; {}",
        counted(runs.all(), "run", "runs"),
        words::share(runs),
        counted(outages, "outage", "outages"),
        counted(report.mails(), "mail", "mails"),
    )
}

fn of_chain(lines: &mut Lines, chain: &ChainReport, period: &Period) {
    lines.text.push('\n');
    let colour = if chain.condition == Condition::Runs {
        BOLD
    } else {
        RED
    };
    lines.add(0, colour, &format!("{}: {}", chain.name, chain.state));
    if let Some(mute) = &chain.muted {
        lines.sentence(2, YELLOW, &words::muted(mute, period));
    }
    for task in &chain.tasks {
        of_task(lines, task, period);
    }
}

fn of_task(lines: &mut Lines, task: &TaskReport, period: &Period) {
    let state = words::state(&task.state, period);
    let colour = if task.is_bad() { RED } else { "" };
    lines.add(2, colour, &format!("{}  {state}", task.label));
    if let TaskState::Down { text, .. } | TaskState::Late { text, .. } = &task.state {
        lines.add(4, "", text);
    }
    if let Some(mute) = &task.muted {
        lines.sentence(4, YELLOW, &words::muted(mute, period));
    }
    let mut facts = format!(
        "{}, {} ok",
        counted(task.runs.all(), "run", "runs"),
        words::share(task.runs)
    );
    if let Some(spread) = &task.durations.whole {
        let _ = write!(
            facts,
            "; half within {}, 95 of 100 within {}",
            exact(spread.median),
            exact(spread.p95)
        );
    }
    lines.add(4, "", &facts);
    strip(lines, &task.days, period);
    sparks(lines, &task.durations);
    let outages = task.outages.latest.iter().rev();
    for outage in outages.take(MOST_OUTAGES) {
        of_outage(lines, outage, period);
    }
    let more = task.outages.count.saturating_sub(MOST_OUTAGES as u64);
    if more > 0 {
        lines.add(
            4,
            "",
            &format!("and {} before that", counted(more, "outage", "outages")),
        );
    }
}

fn strip(lines: &mut Lines, days: &[DayReport], period: &Period) {
    let Some(of_a_line) = lines.room(DAYS_OF_A_LINE) else {
        return;
    };
    for (line, days) in days.chunks(of_a_line).enumerate() {
        let mut drawn = String::new();
        for day in days {
            let (colour, sign) = match day.runs {
                runs if runs.failed > 0 => (RED, "✗"),
                runs if runs.ok > 0 => (GREEN, "■"),
                _ => ("", "·"),
            };
            drawn.push_str(&lines.screen.painted(colour, sign));
        }
        let date = period.date(line * of_a_line, "%d %b");
        // It is as wide as there is room, whatever its colours are made of.
        let _ = writeln!(lines.text, "    {date}  {drawn}");
    }
}

/// Draws medians as columns, as `status` draws single runs.
fn sparks(lines: &mut Lines, durations: &Durations) {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (Some(whole), Some(room)) = (&durations.whole, lines.room(SPARKS)) else {
        return;
    };
    let part = |at: usize| &durations.columns[at * COLUMNS / room..(at + 1) * COLUMNS / room];
    let medians = |part: &[Column]| {
        let medians = part.iter().filter_map(|column| column.took);
        medians.map(|spread| spread.median).max()
    };
    let highest = (0..room)
        .filter_map(|at| medians(part(at)))
        .max()
        .unwrap_or_default();
    let drawn: String = (0..room)
        .map(|at| {
            if part(at).iter().any(|column| column.failed > 0) {
                return '✗';
            }
            let Some(median) = medians(part(at)) else {
                return ' ';
            };
            let share = median.as_secs_f64() / highest.as_secs_f64().max(f64::MIN_POSITIVE);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of eight columns"
            )]
            let height = (share * 7.99) as usize;
            HEIGHTS[height.min(HEIGHTS.len() - 1)]
        })
        .collect();
    lines.add(4, "", &format!("took    {drawn}"));
    let highest = exact(highest);
    let longest = exact(whole.longest);
    let scale = if highest == longest {
        format!("up to {highest}")
    } else {
        format!("up to {highest}, the longest run {longest}")
    };
    lines.add(LABEL, "", &scale);
}

fn of_outage(lines: &mut Lines, outage: &ReportedOutage, period: &Period) {
    lines.add(
        4,
        "",
        &format!(
            "{}: down for {}, {}",
            words::span(outage, period),
            words::length(outage, period),
            counted(outage.failures, "failure", "failures")
        ),
    );
    for kind in &outage.kinds {
        lines.add(6, "", &format!("{} × {}", grouped(kind.count), kind.text));
    }
    if outage.unnamed > 0 {
        lines.add(6, "", &format!("{} × other kinds", grouped(outage.unnamed)));
    }
    lines.sentence(6, "", &words::mails(outage, period));
}
