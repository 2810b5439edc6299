//! The mails of a board, for commands: what waits, and its delivery at once.

use crate::board::{Board, BoardError, BoardResult, HostIdentity, NameRule, SessionRequest};
use crate::core::settings::Settings;
use crate::mail::claimed_delivery::ClaimedDelivery;
use crate::mail::outbox::{ListedMail, listed};

use super::board_mailer::deliver;

/// How many mails a command claims at most.
const MOST_MAILS: u32 = 1000;

/// Returns what waits on a board, the oldest first.
pub(crate) fn waiting(board: &dyn Board) -> BoardResult<Vec<ListedMail>> {
    let mails = board.mails()?;
    let letters = mails
        .iter()
        .filter_map(|mail| serde_json::from_str(&mail.letter).ok());
    Ok(letters.map(|letter| listed(&letter)).collect())
}

/// Tries what waits on a board now, as the worker of a moment.
///
/// # Errors
///
/// Those of the board.
pub(crate) fn flush(board: &dyn Board, settings: &Settings) -> BoardResult<()> {
    let identity = HostIdentity::of_this_process().map_err(|error| BoardError::Unavailable {
        place: board.place(),
        why: error.to_string(),
    })?;
    let ticket = board.join(&SessionRequest {
        name: format!("mail-{}", identity.pid),
        if_taken: NameRule::NextNumber,
        identity,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        tags: Vec::new(),
        slots: 0,
    })?;
    let session = ticket.session;
    let delivery = ClaimedDelivery::new(&settings.state_dir, settings.mail.clone());
    board.set_delivers(session, true)?;
    let claimed = board.claim_mails(session, MOST_MAILS, true)?;
    if !claimed.is_empty() {
        delivery.make_due();
        deliver(&delivery, board, session, &claimed, true);
        board.release_mails(session)?;
    }
    board.leave(session)
}
