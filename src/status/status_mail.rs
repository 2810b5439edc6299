//! The mail of `status --mail-if-bad`: the watcher of the watcher, for a line of cron or a timer.

use super::screen;
use crate::config::invocation::Call;
use crate::config::{Inputs, Loaded};
use crate::core::admin_mail::{AdminMail, MailKey};
use crate::report::{ReportScreen, capitalised};
use crate::status::board_status::BoardStatus;
use crate::status::snapshot::{ChainStatus, Liveness, StatusSnapshot, TaskStatus};
use crate::unix::live::UnwrittenData;

const MOST_SUBJECT: usize = 100;
const MOST_MINIMAL: usize = 2048;

/// Returns the mail that has what `status` prints.
pub(crate) fn compose(
    view: &StatusSnapshot,
    board: Option<&BoardStatus>,
    inputs: &Inputs,
    loaded: &Loaded,
) -> AdminMail {
    let host = &inputs.hostname;
    let width = ReportScreen {
        width: Some(78),
        colours: false,
    };
    let call = Call::from_anywhere(inputs, loaded);
    let mut body = screen::of(view, board, loaded, &call, width);
    if let Some(wrong) = loaded.read_in_part() {
        body = format!("{}.\n\n{body}", capitalised(&wrong));
    }
    let subject: String = format!("[{host}] {}", headline(view, board))
        .chars()
        .take(MOST_SUBJECT)
        .collect();
    let minimal = body
        .char_indices()
        .take_while(|(at, c)| at + c.len_utf8() <= MOST_MINIMAL);
    let unique = format!("{:x}.{:x}", std::process::id(), view.now.mono.as_nanos());
    AdminMail {
        subject,
        date: view.now.wall,
        message_id: format!("status.{unique}@{host}"),
        thread: None,
        list_id: format!("status.{host}"),
        facts: "event=status".to_owned(),
        minimal_body: minimal.map(|(_, c)| c).collect(),
        body,
        place: MailKey {
            sort: "status".to_owned(),
            chain: String::new(),
            task: String::new(),
            outage: 0,
        },
    }
}

/// Returns the sentence about the worst condition of all chains.
fn headline(view: &StatusSnapshot, board: Option<&BoardStatus>) -> String {
    let chains = view.chains.iter();
    let stopped = chains.filter(|chain| matches!(chain.standing, Liveness::Stopped));
    let chains = |is_wanted: fn(&ChainStatus) -> bool| {
        let chains = view.chains.iter().filter(move |chain| is_wanted(chain));
        chains.map(|chain| chain.name.as_str()).collect()
    };
    let tasks = |is_wanted: fn(&TaskStatus) -> bool| {
        let tasks = view.chains.iter().flat_map(|chain| &chain.tasks);
        tasks.filter(move |task| is_wanted(task))
    };
    let board_trouble = |is_wanted: fn(&BoardStatus) -> bool, name: &'static str| -> Vec<&str> {
        board
            .filter(|board| is_wanted(board))
            .map(|_| name)
            .into_iter()
            .collect()
    };
    let failing = board.map(|board| board.failing().collect());
    let troubles = [
        (
            "no worker",
            board_trouble(BoardStatus::lacks_workers, "jobs or schedules wait"),
        ),
        (
            "not running",
            stopped.map(|chain| chain.name.as_str()).collect(),
        ),
        ("down", labels(tasks(|task| task.down.is_some()))),
        ("jobs fail", failing.unwrap_or_default()),
        ("still running", labels(tasks(|task| task.late.is_some()))),
        ("stuck", chains(|chain| chain.hindrance.is_some())),
        (
            "not written down",
            chains(|chain| chain.unkept != UnwrittenData::default()),
        ),
    ];
    let troubles = troubles.into_iter().filter(|(_, names)| !names.is_empty());
    let told =
        troubles.map(|(what, names): (_, Vec<&str>)| format!("{what}: {}", names.join(", ")));
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true if view.chains.is_empty() && board.is_none() => "Nothing runs here".to_owned(),
        true if !view.mail.is_well() => "Mail did not leave".to_owned(),
        true => "Not everything can be looked at".to_owned(),
        false => capitalised(&told.join("; ")),
    }
}

fn labels<'a>(tasks: impl Iterator<Item = &'a TaskStatus>) -> Vec<&'a str> {
    tasks.map(|task| task.label.as_str()).collect()
}
