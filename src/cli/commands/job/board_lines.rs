//! What `board` prints.

use serde_json::{Value, json};

use super::board_access::open_existing;
use crate::board::{BoardError, CheckReport, QueryAnswer};
use crate::cli::output::{plain, print, print_folded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::text::counts::{counted, counted_or_no, grouped};
use crate::worker::board_place::BoardPlace;

/// Prints what a check has found. It fails where something is wrong.
pub(super) fn show_check(
    report: &CheckReport,
    mail: BoardMail,
    place: &BoardPlace,
    as_data: bool,
) -> CommandResult {
    if as_data {
        print(&format!("{:#}\n", check_json(report, mail)))?;
    } else {
        print_folded(&check_text(report, mail, place))?;
    }
    match report.problems.is_empty() {
        true => Ok(()),
        false => Err(CommandError::said(exit::FAILED)),
    }
}

/// The mails of a board, and how many live workers can deliver them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BoardMail {
    waiting: u64,
    workers: u64,
    deliverers: u64,
}

impl BoardMail {
    /// Reads the mails of the board of a configuration.
    pub(super) fn of(settings: &Settings) -> Self {
        let board = open_existing(settings).ok().flatten();
        let read = board.map(|board| {
            Ok::<_, BoardError>(BoardMail {
                waiting: board.mails()?.len() as u64,
                workers: board.workers()?.len() as u64,
                deliverers: board.deliverers()?,
            })
        });
        read.and_then(Result::ok).unwrap_or_default()
    }

    /// Returns a line where mails wait, or would.
    fn line(self) -> Option<String> {
        let waiting = counted_or_no(self.waiting, "mail waits", "mails wait");
        match self {
            BoardMail {
                waiting: 0,
                workers: 0,
                ..
            } => None,
            BoardMail {
                waiting: 0,
                deliverers: 1..,
                ..
            } => None,
            BoardMail { deliverers: 0, .. } => Some(format!(
                "Mail      {waiting}; no live worker has a way to deliver mail\n"
            )),
            _ => Some(format!("Mail      {waiting}\n")),
        }
    }
}

fn check_json(report: &CheckReport, mail: BoardMail) -> Value {
    let jobs = report.jobs.iter();
    let jobs = jobs.map(|(state, count)| (state.word().to_owned(), Value::from(*count)));
    json!({
        "id": report.id,
        "epoch": report.epoch,
        "schema_version": report.schema_version,
        "readable_from": report.readable_from,
        "problems": report.problems,
        "repaired": report.repaired,
        "jobs": jobs.collect::<serde_json::Map<_, _>>(),
        "stale": report.stale,
        "mails": mail.waiting,
        "deliverers": mail.deliverers,
        "bytes": report.bytes,
        "pages_held_back": report.pages_held_back,
    })
}

fn check_text(report: &CheckReport, mail: BoardMail, place: &BoardPlace) -> String {
    let mut text = format!(
        "Board     {} ({} bytes)\nSchema    {}, readable by programs from {}\nEpoch     {}\n",
        place,
        grouped(report.bytes),
        report.schema_version,
        report.readable_from,
        report.epoch,
    );
    for (state, count) in &report.jobs {
        text.push_str(&format!(
            "{:<9} {}\n",
            state.word(),
            counted(*count, "job", "jobs")
        ));
    }
    if let Some(line) = mail.line() {
        text.push_str(&line);
    }
    if report.stale > 0 {
        let late = counted(report.stale, "late report was", "late reports were");
        text.push_str(&format!("{late} refused, as they should be\n"));
    }
    if report.pages_held_back > 0 {
        text.push_str(&format!(
            "{} of the log wait for a reader that has been open for long\n",
            counted(report.pages_held_back, "page", "pages")
        ));
    }
    for repaired in &report.repaired {
        text.push_str(&format!("Repaired: {}\n", plain(repaired)));
    }
    match report.problems.as_slice() {
        [] => text.push_str("The board is whole.\n"),
        problems => {
            text.push_str("\nThe board is not whole:\n");
            for problem in problems {
                text.push_str(&format!("  {}\n", plain(problem)));
            }
            if matches!(place, BoardPlace::File(_)) {
                text.push_str(
                    "`board backup` saves what can be read; `board restore` puts a copy back.\n",
                );
            }
        }
    }
    text
}

/// Prints what a query has found.
pub(super) fn show_answer(answer: QueryAnswer, as_data: bool) -> CommandResult {
    let QueryAnswer {
        columns,
        rows,
        has_more,
    } = answer;
    if as_data {
        let rows = rows.into_iter();
        let rows = rows.map(|row| {
            columns
                .iter()
                .cloned()
                .zip(row)
                .collect::<serde_json::Map<_, _>>()
        });
        let rows: Vec<Value> = rows.map(Value::from).collect();
        return print(&format!("{:#}\n", Value::from(rows)));
    }
    let mut text = columns.join("\t");
    for row in rows {
        let row: Vec<String> = row.iter().map(cell).collect();
        text.push_str(&format!("\n{}", row.join("\t")));
    }
    text.push('\n');
    if has_more {
        text.push_str("… and more: a statement with LIMIT and OFFSET brings the others\n");
    }
    print(&text)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text).replace(['\t', '\n'], " "),
        value => value.to_string(),
    }
}
