//! What the board has not taken: output, and what was reported without an answer. It is sent in
//! order, before anything else, as soon as the board answers; a board behind a server has it on
//! disk, too, so that the end of this process loses nothing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::board::{
    Advance, Board, BoardError, BoardResult, ClaimWish, JobPosition, OutputBatch, SessionId,
    Transition, TransitionVerdict,
};
use crate::spool::{SpoolFile, SpooledEntry};
use crate::unix::trusted_paths::PrivateDir;

/// The output that is kept in memory, in bytes of text.
const MOST_BYTES: usize = 64 << 20;
/// How many entries of a file are read at once.
const AT_ONCE: u32 = 64;

/// What is on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnsentEntry {
    Output(OutputBatch),
    Transition(Box<Transition>),
}

/// Where a session keeps what is unsent.
#[derive(Clone, Debug)]
pub(crate) struct SpoolPlace {
    /// The directory.
    pub(crate) dir: PrivateDir,
    /// The session.
    pub(crate) session: SessionId,
    /// The identity of the board.
    pub(crate) board: String,
}

/// What the board has not taken.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    outputs: VecDeque<OutputBatch>,
    bytes: usize,
    /// Where a file is created when it is needed; `None`: nowhere.
    place: Option<SpoolPlace>,
    file: Option<SpoolFile>,
    is_loss_logged: bool,
}

impl Unsent {
    /// Creates an empty queue.
    pub(crate) fn new(place: Option<SpoolPlace>) -> Self {
        Unsent {
            place,
            ..Unsent::default()
        }
    }

    /// Sends output; without an answer it is kept.
    pub(crate) fn send(&mut self, board: &dyn Board, batch: OutputBatch) {
        if self.outputs.is_empty() {
            match board.append_output(&batch) {
                Ok(_) => return,
                Err(error) if error.may_pass() => {}
                Err(error) => {
                    log::warn!("The output of job {} is not kept: {error}", batch.id);
                    return;
                }
            }
        }
        self.spool(&output_key(&batch), || UnsentEntry::Output(batch.clone()));
        self.bytes += text_bytes(&batch);
        self.outputs.push_back(batch);
        while self.bytes > MOST_BYTES
            && let Some(oldest) = self.outputs.pop_front()
        {
            self.bytes -= text_bytes(&oldest);
            self.log_loss("the oldest output is left out");
        }
    }

    /// Sends what was kept, in order.
    ///
    /// # Errors
    ///
    /// Those of the board; the rest is kept then.
    pub(crate) fn flush(&mut self, board: &dyn Board) -> BoardResult<()> {
        while let Some(batch) = self.outputs.front() {
            match board.append_output(batch) {
                Ok(_) => {}
                Err(error) if error.may_pass() => return Err(error),
                Err(error) => log::warn!("The output of job {} is not kept: {error}", batch.id),
            }
            let key = output_key(batch);
            self.bytes -= text_bytes(batch);
            self.outputs.pop_front();
            self.unspool(&key);
        }
        Ok(())
    }

    /// Keeps what was reported and not answered.
    pub(crate) fn keep(&mut self, transition: &Transition) {
        self.spool(&transition_key(transition), || {
            UnsentEntry::Transition(Box::new(transition.clone()))
        });
    }

    /// Forgets what the board has answered.
    pub(crate) fn answered(&mut self, transition: &Transition) {
        self.unspool(&transition_key(transition));
    }

    /// Removes the file: the session is over, or nothing is left.
    pub(crate) fn end(&mut self) {
        if let Some(file) = self.file.take_if(|file| is_empty(file)) {
            file.discard();
        }
    }

    fn spool(&mut self, key: &str, entry: impl FnOnce() -> UnsentEntry) {
        let Some(place) = &self.place else {
            return;
        };
        if self.file.is_none() {
            match SpoolFile::create(&place.dir, place.session.0, &place.board) {
                Ok(file) => self.file = Some(file),
                Err(error) => return self.log_loss(&error.to_string()),
            }
        }
        let Some(file) = &self.file else {
            return;
        };
        let body = serde_json::to_string(&entry()).unwrap_or_default();
        match file.put(key, &body) {
            Ok(true) => {}
            Ok(false) => self.log_loss("its file is full"),
            Err(error) => self.log_loss(&error.to_string()),
        }
    }

    fn unspool(&mut self, key: &str) {
        if let Some(file) = &self.file
            && let Err(error) = file.remove(key)
        {
            // It is sent twice, and stored once.
            log::debug!("{key} stays in the spool: {error}");
        }
    }

    fn log_loss(&mut self, why: &str) {
        if !std::mem::replace(&mut self.is_loss_logged, true) {
            log::warn!("What the board has not taken would not outlive this process: {why}");
        }
    }
}

/// Sends what sessions of dead processes have left in a directory.
///
/// # Errors
///
/// Those of the board; the rest stays then.
pub(crate) fn send_left_behind(dir: &PrivateDir, board: &dyn Board) -> BoardResult<()> {
    let Ok(files) = SpoolFile::left_behind(dir) else {
        return Ok(());
    };
    for file in files {
        if file.board() != board.identity()? {
            log::debug!(
                "What session {} has left is for another board",
                file.owner()
            );
            continue;
        }
        let sent = send_file(&file, board)?;
        if sent > 0 {
            let session = file.owner();
            log::info!("Sent what session {session} had reported while the board was away");
        }
        file.discard();
    }
    Ok(())
}

fn send_file(file: &SpoolFile, board: &dyn Board) -> BoardResult<u64> {
    let session = SessionId(file.owner());
    let mut sent = 0;
    loop {
        let entries = file.first(AT_ONCE).unwrap_or_default();
        if entries.is_empty() {
            return Ok(sent);
        }
        for SpooledEntry { key, body } in entries {
            let entry = serde_json::from_str::<UnsentEntry>(&body);
            let taken = match entry {
                Ok(UnsentEntry::Output(batch)) => board.append_output(&batch).map(|_| ()),
                Ok(UnsentEntry::Transition(transition)) => send_late(session, *transition, board),
                // Of a newer program: no one here can send it.
                Err(_) => Ok(()),
            };
            match taken {
                Err(error) if error.may_pass() => return Err(error),
                Err(error) => log::warn!("{error}; {key} of session {session} is dropped"),
                Ok(()) => sent += 1,
            }
            if file.remove(&key).is_err() {
                return Ok(sent);
            }
        }
    }
}

fn send_late(session: SessionId, transition: Transition, board: &dyn Board) -> BoardResult<()> {
    let after = transition.after();
    let advance = Advance {
        session,
        transitions: vec![transition],
        claim: ClaimWish::default(),
    };
    let verdict = match board.advance(&advance) {
        Ok(answer) => answer.verdicts.first().copied(),
        Err(BoardError::SessionOver(_)) => None,
        Err(error) => return Err(error),
    };
    let is_late = matches!(verdict, None | Some(TransitionVerdict::Stale));
    if is_late && !is_recorded(after, board)? {
        let id = after.id;
        log::warn!("What session {session} reported of job {id} comes too late: it is another's");
    }
    Ok(())
}

/// Returns whether the board has recorded an entry: its answer was lost, not the report.
fn is_recorded(after: JobPosition, board: &dyn Board) -> BoardResult<bool> {
    let outcomes = board.outcome_of(&[after])?;
    let outcome = outcomes.into_iter().flatten().next();
    Ok(outcome.is_some_and(|outcome| outcome.has_entry))
}

fn is_empty(file: &SpoolFile) -> bool {
    file.first(1).is_ok_and(|entries| entries.is_empty())
}

fn output_key(batch: &OutputBatch) -> String {
    let part = batch.parts.first().map_or(0, |part| part.part);
    format!("output of job {}, part {part}", batch.id)
}

fn transition_key(transition: &Transition) -> String {
    let before = &transition.before;
    format!(
        "job {}, fence {}, entry {}",
        before.id, before.fence, before.seq
    )
}

fn text_bytes(batch: &OutputBatch) -> usize {
    batch.parts.iter().map(|part| part.text.len()).sum()
}
