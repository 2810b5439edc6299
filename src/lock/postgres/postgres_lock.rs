//! A contender for a lock in PostgreSQL.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::held_row::HeldRow;
use super::lock_failure::lock_error;
use super::lock_row::LockLook;
use super::pg_client::PgClient;
use super::statements;
use crate::core::settings::LockSettings;
use crate::core::time::Mono;
use crate::lease::LeaseTerms;
use crate::lease::beat_watch::BeatWatch;
use crate::lock::attempt::{LockAttempt, LockRenewal};
use crate::lock::error::{LockError, check_length};
use crate::lock::holder::{LockHolder, LockOwner};
use crate::lock::lock_trait::{Lock, LockInterrupter};
use crate::postgres::{PgError, PgParam};
use crate::unix::{clock, random};

/// The deadline of a call of the holder, at least.
const LEAST_DEADLINE: Duration = Duration::from_millis(800);
/// The deadline of a call of a standby, which has time, and of the holder, at most.
const MOST_DEADLINE: Duration = Duration::from_secs(5);
/// How long a caller is held up that would ask again at once.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long a statement of another contender that changes the row takes, about.
const ROW_IS_LOCKED_FOR: Duration = Duration::from_millis(20);
/// How often a claim or a release without an answer is looked up.
const LOOKS_AFTER_NO_ANSWER: u32 = 2;

/// What is watched of a holder: its fence and beat, and the epoch.
type Watched = (Option<(i64, i64)>, i64);

/// A contender for a lock in PostgreSQL.
pub(super) struct PostgresLock {
    client: PgClient,
    name: String,
    terms: LeaseTerms,
    /// Begins each token of this contender.
    instance: String,
    attempts: u64,
    held: Option<HeldRow>,
    watch: BeatWatch<Watched>,
    /// When the holder that was seen last is dead, unless its beat moves.
    dead_at: Option<Mono>,
}

impl PostgresLock {
    /// Creates a contender. Nothing is sent.
    ///
    /// # Errors
    ///
    /// When the settings are unfit for PostgreSQL.
    pub(super) fn new(settings: &LockSettings, name: &str) -> Result<Self, LockError> {
        let terms = LeaseTerms::of_ttl(settings.ttl);
        let client = PgClient::new(settings, name, MOST_DEADLINE)?;
        let instance = random::hex_id().map_err(|error| LockError::Unreachable {
            place: client.place(),
            why: format!("the system gives no random bytes: {error}"),
        })?;
        Ok(PostgresLock {
            client,
            name: name.to_owned(),
            terms,
            instance,
            attempts: 0,
            held: None,
            watch: BeatWatch::default(),
            dead_at: None,
        })
    }

    /// Gives the next calls no longer than a beat: later answers are of no use to a holder.
    fn hurry(&mut self) {
        let beat = self.terms.beat.clamp(LEAST_DEADLINE, MOST_DEADLINE);
        self.client.deadline = beat;
    }

    /// Gives the next calls time.
    fn take_time(&mut self) {
        self.client.deadline = MOST_DEADLINE;
    }

    fn error(&self, error: PgError) -> LockError {
        lock_error(error, self.client.place())
    }

    /// Executes a statement, again while another one is changing the row; creates the tables where
    /// they are missing.
    fn query(&mut self, sql: &'static str, params: &[PgParam<'_>]) -> Result<Vec<Row>, LockError> {
        let until = clock::mono() + self.client.deadline;
        loop {
            match self.client.query(sql, params) {
                Err(error) if error.lacks_schema() && clock::mono() < until => {
                    self.create_schema()?
                }
                Err(error) if error.is_of_locked_row() && clock::mono() < until => {
                    if self.client.interrupt.pause(ROW_IS_LOCKED_FOR) {
                        return Err(LockError::Interrupted);
                    }
                }
                result => return result.map_err(|error| self.error(error)),
            }
        }
    }

    fn create_schema(&mut self) -> Result<(), LockError> {
        for statement in statements::SCHEMA {
            match self.client.query(statement, &[]) {
                Err(error) if !error.is_there_already() => return Err(self.error(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the lock, at a server that is entered as what it is.
    fn look(&mut self) -> Result<(LockLook, i64), LockError> {
        // Once to enter the server, once to raise its epoch, once to read.
        for _ in 0..3 {
            let name = self.name.clone();
            let rows = self.query(statements::LOOK, &[(&name, Type::TEXT)])?;
            let look = rows.first().map(LockLook::of).transpose();
            let look = look.map_err(|error| self.error(error.into()))?;
            let look = look.unwrap_or_default();
            match look.epoch {
                None => drop(self.query(statements::ENTER_SERVER, &[])?),
                Some(epoch) if look.is_same_server => return Ok((look, epoch)),
                Some(epoch) => {
                    self.query(statements::RAISE_EPOCH, &[(&epoch, Type::INT8)])?;
                }
            }
        }
        Err(LockError::Unreachable {
            place: self.client.place(),
            why: "the server changes again and again".to_owned(),
        })
    }

    /// Returns whether the lock may be claimed, and takes note of its beat.
    fn may_claim(&mut self, look: &LockLook, epoch: i64) -> bool {
        // After the answer: the beat was sent before.
        let now = clock::mono();
        let lease = look
            .row
            .as_ref()
            .map_or(self.terms.lost_after, |row| row.lease);
        let beat = look.row.as_ref().map(|row| (row.fence, row.beat));
        if look.is_of_epoch(epoch) && look.is_free_for(&self.instance) {
            self.watch.forget();
            self.dead_at = None;
            return true;
        }
        let dead_at = self.watch.saw((beat, epoch), now, lease);
        self.dead_at = Some(dead_at);
        now >= dead_at
    }

    fn claim(
        &mut self,
        owner: &LockOwner,
        look: &LockLook,
        epoch: i64,
    ) -> Result<LockAttempt, LockError> {
        let fence = look.next_fence(epoch);
        self.attempts += 1;
        let token = format!("{}.{}", self.instance, self.attempts);
        let holder = LockHolder {
            owner: owner.clone(),
            since: clock::wall(),
            fence: fence.unsigned_abs(),
        };
        let holder = serde_json::to_string(&holder).expect("texts and numbers are JSON");
        let lease = i64::try_from(self.terms.lost_after.as_millis()).unwrap_or(i64::MAX);
        let name = self.name.clone();
        let mut params: Vec<PgParam<'_>> = vec![
            (&name, Type::TEXT),
            (&fence, Type::INT8),
            (&token, Type::TEXT),
            (&holder, Type::TEXT),
            (&lease, Type::INT8),
            (&epoch, Type::INT8),
        ];
        let statement = match &look.row {
            None => statements::CLAIM_NEW,
            Some(row) => {
                params.push((&row.fence, Type::INT8));
                params.push((&row.beat, Type::INT8));
                statements::CLAIM
            }
        };
        self.hurry();
        let sent = clock::mono();
        let is_ours = match self.query(statement, &params) {
            Ok(rows) => !rows.is_empty(),
            // The claim may have been carried out: the row shows it.
            Err(error @ LockError::Unreachable { .. }) => self.has_token(&token, error)?,
            Err(error) => return Err(error),
        };
        if !is_ours {
            return Ok(LockAttempt::Held(None));
        }
        self.client.stop_listening();
        self.held = Some(HeldRow {
            token,
            fence,
            sent,
            epoch,
        });
        Ok(LockAttempt::Acquired {
            fence: fence.unsigned_abs(),
            sent,
        })
    }

    /// Looks up what came of a write without an answer.
    fn has_token(&mut self, token: &str, error: LockError) -> Result<bool, LockError> {
        for _ in 0..LOOKS_AFTER_NO_ANSWER {
            match self.look() {
                Ok((look, _)) => {
                    let row = look.row.as_ref();
                    return Ok(row.is_some_and(|row| row.token.as_deref() == Some(token)));
                }
                Err(LockError::Unreachable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(error)
    }

    fn lost(&mut self) -> Result<LockRenewal, LockError> {
        self.held = None;
        let holder = self.look().ok().and_then(|(look, _)| look.holder());
        let why = match holder {
            Some(holder) => format!("it is held by {}", holder.owner),
            None => "it was taken away".to_owned(),
        };
        Ok(LockRenewal::Lost { why })
    }

    /// Waits for the next look: at the moment when the holder is dead, unless its beat moves, and
    /// else as often as a takeover within 1.1 leases and a second needs it. Returns whether the
    /// wait was interrupted. A release is heard at once.
    fn pause(&mut self, at_most: Duration) -> bool {
        let now = clock::mono();
        let lease = self.terms.lost_after;
        let look_again = Duration::from_millis(500) + lease / 20;
        let until_dead = self
            .dead_at
            .map_or(look_again, |dead_at| dead_at.since(now));
        self.client
            .wait_for_release(look_again.min(until_dead).min(at_most))
    }
}

impl Lock for PostgresLock {
    fn acquire(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError> {
        self.held = None;
        self.take_time();
        let (look, epoch) = self.look()?;
        match self.may_claim(&look, epoch) {
            true => self.claim(owner, &look, epoch),
            false => Ok(LockAttempt::Held(look.holder())),
        }
    }

    fn renew(&mut self) -> Result<LockRenewal, LockError> {
        let Some(held) = self.held.clone() else {
            let why = "it was released".to_owned();
            return Ok(LockRenewal::Lost { why });
        };
        let name = self.name.clone();
        self.hurry();
        let sent = clock::mono();
        let rows = self.query(statements::BEAT, &held.params(&name))?;
        let Some(row) = rows.first() else {
            return self.lost();
        };
        let (epoch, is_same): (i64, bool) = (row.get(0), row.get(1));
        if held.is_over_at_another_server(epoch, is_same, sent, self.terms) {
            self.held = None;
            let why = "the server is another one, and the lease was over".to_owned();
            return Ok(LockRenewal::Lost { why });
        }
        let epoch = match is_same {
            true => epoch,
            // Enters the new server.
            false => self.look()?.1,
        };
        self.held = Some(HeldRow {
            sent,
            epoch,
            ..held
        });
        Ok(LockRenewal::Renewed { sent })
    }

    fn release(&mut self) -> Result<(), LockError> {
        let Some(held) = self.held.clone() else {
            return Ok(());
        };
        let name = self.name.clone();
        let params = held.params(&name);
        let mut last = None;
        for _ in 0..=LOOKS_AFTER_NO_ANSWER {
            // A second one finds nothing, if the first was carried out.
            match self.client.query_to_the_end(statements::RELEASE, &params) {
                Ok(_) => {
                    self.held = None;
                    return Ok(());
                }
                Err(error @ PgError::NoAnswer(_)) => last = Some(error),
                Err(error) if error.is_of_locked_row() => {
                    self.client.interrupt.pause(ROW_IS_LOCKED_FOR);
                    last = Some(error);
                }
                Err(error) => return Err(self.error(error)),
            }
        }
        Err(self.error(last.expect("it was tried")))
    }

    fn holder(&mut self) -> Result<Option<LockHolder>, LockError> {
        Ok(self.look()?.0.holder())
    }

    fn wait(&mut self, at_most: Duration) -> Result<(), LockError> {
        let until = clock::mono() + at_most;
        self.take_time();
        loop {
            let left = until.since(clock::mono());
            if left.is_zero() {
                return Ok(());
            }
            if self.pause(left) {
                return Ok(());
            }
            match self.look() {
                Ok((look, epoch)) if self.may_claim(&look, epoch) => return Ok(()),
                Ok(_) => {}
                Err(LockError::Interrupted) => return Ok(()),
                Err(error) => {
                    self.client.interrupt.pause(left.min(AFTER_ERROR));
                    return Err(error);
                }
            }
        }
    }

    fn interrupter(&self) -> LockInterrupter {
        self.client.interrupt.sender()
    }

    fn load_note(&mut self) -> Result<Option<String>, LockError> {
        let name = self.name.clone();
        let rows = self.query(statements::LOAD_NOTE, &[(&name, Type::TEXT)])?;
        Ok(rows.first().and_then(|row| row.get(0)))
    }

    fn store_note(&mut self, note: &str) -> Result<(), LockError> {
        check_length(note)?;
        let not_held = || LockError::NotHeld {
            place: self.client.place(),
        };
        let held = self.held.clone().ok_or_else(not_held)?;
        let (name, note) = (self.name.clone(), note.to_owned());
        let [by_name, by_token, by_fence] = held.params(&name);
        let params = [by_name, by_token, by_fence, (&note, Type::TEXT)];
        let rows = self.query(statements::STORE_NOTE, &params)?;
        match rows.is_empty() {
            false => Ok(()),
            true => Err(LockError::NotHeld {
                place: self.client.place(),
            }),
        }
    }

    fn terms(&self) -> LeaseTerms {
        self.terms
    }

    fn place(&self) -> String {
        self.client.place()
    }
}
