//! What is asked of workers.

use maud::html;

use super::confirmation::Confirmation;
use super::deed::Deed;
use crate::board::{BoardResult, PauseScope, SessionWish};
use crate::server::page::board_facts::{SeenWorker, workers};
use crate::server::page::components::shell::NavPlace;
use crate::server::page::errors;
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::{address, name, plain_words};
use crate::server::viewer::Role;
use crate::status::worker_presence::WorkerPresence;
use crate::text::counts::counted;

/// What is asked of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerDeed {
    Drain,
    Sleep,
    Wake,
    Quit,
    QuitNow,
    Forget,
}

impl WorkerDeed {
    const ALL: [(WorkerDeed, &'static str, &'static str); 6] = [
        (WorkerDeed::Drain, "drain", "Drain"),
        (WorkerDeed::Sleep, "sleep", "Send to sleep"),
        (WorkerDeed::Wake, "wake", "Wake"),
        (WorkerDeed::Quit, "quit", "Quit"),
        (WorkerDeed::QuitNow, "quit-now", "Quit now"),
        (WorkerDeed::Forget, "forget", "Forget"),
    ];

    /// Returns the deed of a word.
    pub(super) fn of(word: &str) -> Option<Self> {
        let found = WorkerDeed::ALL.iter().find(|(_, known, _)| *known == word);
        found.map(|(deed, ..)| *deed)
    }

    fn row(self) -> (WorkerDeed, &'static str, &'static str) {
        let found = WorkerDeed::ALL.into_iter().find(|(deed, ..)| *deed == self);
        found.unwrap_or(WorkerDeed::ALL[0])
    }

    fn wish(self) -> Option<SessionWish> {
        match self {
            WorkerDeed::Drain => Some(SessionWish::Drain),
            WorkerDeed::Sleep => Some(SessionWish::Sleep),
            WorkerDeed::Wake => Some(SessionWish::Work),
            WorkerDeed::Quit => Some(SessionWish::Quit),
            WorkerDeed::QuitNow => Some(SessionWish::QuitNow),
            WorkerDeed::Forget => None,
        }
    }

    fn consequences(self) -> (Vec<&'static str>, &'static str) {
        match self {
            WorkerDeed::Drain => (
                vec!["It claims nothing more, finishes the jobs that it holds, and ends."],
                "start it again.",
            ),
            WorkerDeed::Sleep => (
                vec![
                    "It claims nothing more; what it does goes on.",
                    "It stays asleep, also when it is started again, until it is woken.",
                ],
                "wake it.",
            ),
            WorkerDeed::Wake => (
                vec!["It claims jobs within a second, as many as it has free slots."],
                "send it to sleep.",
            ),
            WorkerDeed::Quit => (
                vec![
                    "After the steps in progress it gives its jobs back, and ends.",
                    "Other workers go on with them; that counts neither as failure nor as crash.",
                ],
                "start it again.",
            ),
            WorkerDeed::QuitNow => (
                vec![
                    "The steps in progress are ended at once; their jobs are given back, and it ends.",
                    "Steps that were cut off are treated as their definitions say.",
                ],
                "start it again.",
            ),
            WorkerDeed::Forget => (
                vec![
                    "It is taken off the board; its jobs go on elsewhere at once.",
                    "If it lives all the same, it ends its steps when it hears of that.",
                ],
                "it joins again by itself when it lives.",
            ),
        }
    }
}

/// Returns the question about a worker.
///
/// # Errors
///
/// Those of the board.
pub(super) fn confirm(visit: &Visit<'_>, deed: WorkerDeed) -> BoardResult<PageAnswer> {
    let of = visit.query("worker").unwrap_or_default();
    let all = workers(visit)?;
    let named: Vec<&SeenWorker> = all.iter().filter(|worker| worker.name() == of).collect();
    let Some(worker) = named.first().filter(|_| visit.sees_all()) else {
        return errors::missing(visit);
    };
    let (_, word, title) = deed.row();
    let (consequences, undo) = deed.consequences();
    let mut consequences: Vec<_> = consequences
        .into_iter()
        .map(|text| html! { (text) })
        .collect();
    consequences.push(html! { "It holds " (counted(worker.record.holds, "job", "jobs")) " now." });
    let back = address("/workers", &[("q", of)]);
    Confirmation {
        place: NavPlace::Workers,
        kicker: html! { a href="/workers" { "Workers" } " / " (name(of)) },
        question: format!("{title}: {}?", plain_words(of, 60)),
        warning: refusal(deed, &named).map(|why| html! { p { (why) } }),
        consequences,
        undo: undo.to_owned(),
        fields: vec![("do", word.to_owned()), ("worker", of.to_owned())],
        inputs: html! {},
        choices: Confirmation::button(
            title,
            matches!(deed, WorkerDeed::QuitNow | WorkerDeed::Forget),
        ),
        aside: html! {},
        back,
    }
    .page(visit)
}

/// Returns why a worker cannot be forgotten.
fn refusal(deed: WorkerDeed, named: &[&SeenWorker]) -> Option<&'static str> {
    let is = |presence| named.iter().any(|worker| worker.presence == presence);
    match deed {
        WorkerDeed::Forget if is(WorkerPresence::Alive) => {
            Some("It may live: quit it in place of forgetting it.")
        }
        WorkerDeed::Forget if is(WorkerPresence::Dead) => Some(
            "It died on this host, and what it has left may live: the next worker there ends that and takes its jobs over.",
        ),
        _ => None,
    }
}

/// Asks it of the worker.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act(visit: &Visit<'_>, deed: WorkerDeed) -> BoardResult<PageAnswer> {
    let of = visit.field("worker").unwrap_or_default();
    let all = workers(visit)?;
    let named: Vec<&SeenWorker> = all.iter().filter(|worker| worker.name() == of).collect();
    if named.is_empty() || !visit.sees_all() {
        return errors::missing(visit);
    }
    let recorded = Deed {
        action: deed.row().1,
        object: format!("worker {of}"),
        project: None,
        needed: Role::Operate,
        back: address("/workers", &[("q", of), ("done", "1")]),
    };
    recorded.perform(visit, || match deed.wish() {
        Some(wish) => ask(visit, of, &named, wish),
        None => forget(visit, deed, &named),
    })
}

fn ask(
    visit: &Visit<'_>,
    of: &str,
    named: &[&SeenWorker],
    wish: SessionWish,
) -> BoardResult<String> {
    let board = visit.request.board;
    if matches!(wish, SessionWish::Sleep | SessionWish::Work) {
        let by = (wish == SessionWish::Sleep).then_some(visit.request.viewer.name.as_str());
        board.set_pause(&PauseScope::Worker(of.to_owned()), by)?;
    }
    let mut asked = 0;
    for worker in named {
        asked += u64::from(board.request_of_worker(worker.record.session, wish)?);
    }
    Ok(match asked {
        0 => "The worker has left the board.".to_owned(),
        _ => "Asked: it is carried out within a second.".to_owned(),
    })
}

fn forget(visit: &Visit<'_>, deed: WorkerDeed, named: &[&SeenWorker]) -> BoardResult<String> {
    if let Some(why) = refusal(deed, named) {
        return Ok(format!("Left alone. {why}"));
    }
    for worker in named {
        visit.request.board.leave(worker.record.session)?;
    }
    Ok("It is off the board, and its jobs go on elsewhere.".to_owned())
}
