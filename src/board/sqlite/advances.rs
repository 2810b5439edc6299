//! The call of a worker: its transitions, what follows from them, and its claims.

use super::claim_rows::ClaimRow;
use super::claims::{Claims, claim, known_lanes};
use super::sqlite_failure::SqliteFailure;
use super::transitions::{TransitionRow, record};
use super::write_tx::WriteTx;
use super::{follow_ups, sessions};
use crate::board::advance::TransitionVerdict;
use crate::board::job_id::SessionId;
use crate::board::job_request::HeldRequest;
use crate::board::session_request::SessionWish;

/// What an advance brings, before the caller's thread parses it.
pub(super) struct AdvanceRaw {
    pub(super) heard: sessions::BeatCount,
    pub(super) verdicts: Vec<TransitionVerdict>,
    pub(super) claims: Claims,
    pub(super) requests: Vec<HeldRequest>,
}

/// Records transitions and claims jobs. All that a rule refuses is refused before the first write.
pub(super) fn advance(
    tx: &WriteTx<'_>,
    session: SessionId,
    transitions: &[TransitionRow],
    wish: ClaimRow,
) -> Result<AdvanceRaw, SqliteFailure> {
    let claimer = sessions::claimer(tx.conn, session)?;
    let lanes = known_lanes(tx.conn, session, wish.lanes)?;
    let heard = sessions::count_beat(tx, session, None)?;
    let mut verdicts = Vec::with_capacity(transitions.len());
    for row in transitions {
        verdicts.push(record(tx, session, row)?);
    }
    let stale = verdicts
        .iter()
        .filter(|verdict| **verdict == TransitionVerdict::Stale);
    sessions::count_stale(tx, session, stale.count())?;
    follow_ups::carry_out(tx)?;
    let claims = match heard.wish {
        SessionWish::Work => claim(tx, &claimer, &lanes, wish.at_most, &wish.only)?,
        _ => Claims::default(),
    };
    Ok(AdvanceRaw {
        heard,
        verdicts,
        claims,
        requests: sessions::requests_of(tx.conn, session)?,
    })
}
