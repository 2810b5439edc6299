//! Mails that no disk takes: in memory until one does, or until the process ends.

use super::entry::{Lost, QueuedMail};
use super::store::Outbox;

impl Outbox {
    /// Tries once more to write what is in memory only. Returns whether nothing is left there.
    pub(crate) fn settle(&self) -> bool {
        // Not under the lock: a disk that hangs must not hold up the chain.
        let entries = self.memory().clone();
        let written = entries.iter().filter(|entry| self.write(entry).is_ok());
        let written: Vec<&QueuedMail> = written.collect();
        let mut memory = self.memory();
        for entry in &written {
            let before = memory.len();
            memory.retain(|old| !old.is_same_mail(entry));
            if memory.len() == before {
                // Another mail has replaced it meanwhile.
                self.delete(entry);
            }
        }
        self.count_memory(&memory);
        if !written.is_empty() {
            let count = written.len();
            log::info!("{count} of the mails that were in memory only are in the outbox now");
        }
        memory.is_empty()
    }

    /// As [`Outbox::settle`], because the process ends. Returns what is lost then.
    pub(crate) fn rescue(&self) -> Vec<Lost> {
        self.settle();
        let memory = self.memory();
        let lost = |QueuedMail { mail, .. }: &QueuedMail| Lost {
            subject: mail.subject.clone(),
            body: mail.body.clone(),
        };
        memory.iter().map(lost).collect()
    }
}
