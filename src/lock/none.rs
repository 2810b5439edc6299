//! The lock that excludes nothing: `backend = "none"`.

use std::time::Duration;

use super::attempt::{LockAttempt, LockRenewal};
use super::error::{LockError, check_length};
use super::holder::{LockHolder, LockOwner};
use super::interrupt::Interrupt;
use super::lock_trait::{Lock, LockInterrupter};
use crate::lease::LeaseTerms;
use crate::unix::clock;

/// A lock that each contender acquires.
#[derive(Debug, Default)]
pub(super) struct NoLock {
    holder: Option<LockHolder>,
    note: Option<String>,
    interrupt: Interrupt,
}

impl Lock for NoLock {
    fn acquire(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError> {
        let now = clock::now();
        self.holder = Some(LockHolder {
            owner: owner.clone(),
            since: now.wall,
            fence: 0,
        });
        Ok(LockAttempt::Acquired {
            fence: 0,
            sent: now.mono,
        })
    }

    fn renew(&mut self) -> Result<LockRenewal, LockError> {
        Ok(LockRenewal::Renewed {
            sent: clock::mono(),
        })
    }

    fn release(&mut self) -> Result<(), LockError> {
        self.holder = None;
        Ok(())
    }

    fn holder(&mut self) -> Result<Option<LockHolder>, LockError> {
        Ok(self.holder.clone())
    }

    fn wait(&mut self, _: Duration) -> Result<(), LockError> {
        self.interrupt.take();
        Ok(())
    }

    fn interrupter(&self) -> LockInterrupter {
        self.interrupt.sender()
    }

    fn load_note(&mut self) -> Result<Option<String>, LockError> {
        Ok(self.note.clone())
    }

    fn store_note(&mut self, note: &str) -> Result<(), LockError> {
        check_length(note)?;
        self.note = Some(note.to_owned());
        Ok(())
    }

    fn terms(&self) -> LeaseTerms {
        LeaseTerms::ENDLESS
    }

    fn place(&self) -> String {
        "no lock".to_owned()
    }
}
