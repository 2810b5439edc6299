//! A contender for a lock in Consul.

use std::time::Duration;

use super::consul_client::{ConsulClient, ConsulReply, ConsulRequest};
use super::consul_entry::{ConsulEntry, note_key, note_transaction, value_of};
use super::consul_session::{ConsulSession, ConsulTimes, unexpected};
use crate::core::settings::LockSettings;
use crate::core::time::Mono;
use crate::lease::LeaseTerms;
use crate::lock::attempt::{LockAttempt, LockRenewal};
use crate::lock::error::{LockError, check_length};
use crate::lock::holder::{LockHolder, LockOwner};
use crate::lock::lock_trait::{Lock, LockInterrupter};
use crate::unix::clock;

/// The longest blocking query: a server that is gone without a word is noticed after that.
const LONGEST_QUERY: Duration = Duration::from_secs(20);
/// How often a key that is free, and kept from all by the lock-delay, is tried.
const IN_LOCK_DELAY: Duration = Duration::from_millis(500);
/// How long a caller is held up that would ask again at once.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// A contender for a lock in Consul.
#[derive(Debug)]
pub(super) struct ConsulLock {
    client: ConsulClient,
    name: String,
    key: String,
    times: ConsulTimes,
    session: Option<ConsulSession>,
    is_held: bool,
    /// The index of the key as it was seen last, while another held it.
    seen: Option<u64>,
}

impl ConsulLock {
    /// Creates a contender. Nothing is sent.
    ///
    /// # Errors
    ///
    /// When the settings are unfit for Consul.
    pub(super) fn new(settings: &LockSettings, name: &str) -> Result<Self, LockError> {
        let client = ConsulClient::new(settings, name)?;
        let times = ConsulTimes::of_ttl(settings.ttl).ok_or_else(|| LockError::Refused {
            place: client.place(),
            why: "a lease in Consul is a minute long at most".to_owned(),
            remedy: "write `ttl = \"1m\"`, or less".to_owned(),
        })?;
        Ok(ConsulLock {
            client,
            name: name.to_owned(),
            key: format!("run_functions/{name}"),
            times,
            session: None,
            is_held: false,
            seen: None,
        })
    }

    fn get(&self, key: &str, query: &str) -> ConsulRequest {
        ConsulRequest::get(format!("/v1/kv/{key}?{query}"), self.times.request)
    }

    fn put(&self, query: &str, body: String) -> ConsulRequest {
        let path = format!("/v1/kv/{}?{query}", self.key);
        ConsulRequest::put(path, body, self.times.request)
    }

    /// Reads the key as the leader has it, together with the moment before the question was sent.
    fn look(&mut self) -> Result<(Mono, ConsulEntry), LockError> {
        let sent = clock::mono();
        let request = self.get(&self.key, "consistent");
        let reply = self.client.call(&request)?;
        Ok((sent, self.entry(&reply)?))
    }

    fn entry(&mut self, reply: &ConsulReply) -> Result<ConsulEntry, LockError> {
        let entry = match reply.status {
            404 => ConsulEntry::default(),
            200 => ConsulEntry::parse(&reply.body)
                .map_err(|error| unexpected(&self.client, &error.to_string()))?,
            _ => return Err(unexpected(&self.client, &reply.shown())),
        };
        self.seen = reply.index.filter(|_| entry.session.is_some());
        Ok(entry)
    }

    /// Renews the session, or creates one.
    fn session(&mut self) -> Result<String, LockError> {
        if let Some(session) = &mut self.session {
            if session.renew(&mut self.client)? {
                return Ok(session.id.clone());
            }
            self.session = None;
        }
        let session = ConsulSession::create(&mut self.client, &self.name, self.times)?;
        let id = session.id.clone();
        self.session = Some(session);
        Ok(id)
    }

    fn is_ours(&self, entry: &ConsulEntry) -> bool {
        let ours = self.session.as_ref().map(|session| session.id.as_str());
        ours.is_some() && entry.session.as_deref() == ours
    }

    /// Acquires the lock with a session. The answer may be lost, so the key is read afterwards.
    fn acquire_with(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError> {
        let session = self.session()?;
        let value = value_of(owner, clock::wall());
        let request = self.put(&format!("acquire={session}"), value);
        let asked = self.client.call(&request);
        if let Err(error @ (LockError::Interrupted | LockError::Refused { .. })) = asked {
            return Err(error);
        }
        let (sent, entry) = self.look()?;
        if self.is_ours(&entry) {
            self.is_held = true;
            let fence = entry.modify_index;
            return Ok(LockAttempt::Acquired { fence, sent });
        }
        match asked {
            Ok(reply) if reply.status == 200 => Ok(LockAttempt::Held(entry.holder)),
            // The session ended meanwhile: the next attempt has another.
            Ok(_) => {
                self.session = None;
                Ok(LockAttempt::Held(entry.holder))
            }
            Err(error) => Err(error),
        }
    }

    fn forget_session(&mut self) {
        self.is_held = false;
        if let Some(session) = self.session.take() {
            // It ends by itself.
            let _ = session.destroy(&mut self.client);
        }
    }

    fn blocking_query(&mut self, at_most: Duration) -> Result<(), LockError> {
        let Some(index) = self.seen else {
            let is_interrupted = self.client.interrupt.pause(at_most.min(IN_LOCK_DELAY));
            return match is_interrupted {
                true => Ok(()),
                false => self.look().map(drop),
            };
        };
        let wait = at_most.min(LONGEST_QUERY);
        let mut request = self.get(
            &self.key,
            &format!("index={index}&wait={}ms", wait.as_millis()),
        );
        // Consul adds up to a sixteenth, so that not all ask at once.
        request.deadline = wait + wait / 8 + self.times.request;
        match self.client.wait(&request) {
            Ok(reply) => self.entry(&reply).map(drop),
            Err(LockError::Interrupted) => {
                self.seen = None;
                Ok(())
            }
            // Another address may answer, which is asked without a wait.
            Err(LockError::Unreachable { .. }) => self.look().map(drop),
            Err(error) => Err(error),
        }
    }
}

impl Lock for ConsulLock {
    fn acquire(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError> {
        self.is_held = false;
        let (_, entry) = self.look()?;
        match &entry.session {
            Some(_) if !self.is_ours(&entry) => {
                // A standby needs no session.
                self.forget_session();
                Ok(LockAttempt::Held(entry.holder))
            }
            _ => self.acquire_with(owner),
        }
    }

    fn renew(&mut self) -> Result<LockRenewal, LockError> {
        let lost = |why: &str| {
            Ok(LockRenewal::Lost {
                why: why.to_owned(),
            })
        };
        let Some(session) = self.session.as_mut().filter(|_| self.is_held) else {
            return lost("it was released");
        };
        if !session.renew(&mut self.client)? {
            self.is_held = false;
            return lost("its session has ended");
        }
        let (sent, entry) = self.look()?;
        if self.is_ours(&entry) {
            return Ok(LockRenewal::Renewed { sent });
        }
        self.is_held = false;
        match entry.holder.filter(|_| entry.session.is_some()) {
            Some(holder) => lost(&format!("it is held by {}", holder.owner)),
            None => lost("it was taken away"),
        }
    }

    fn release(&mut self) -> Result<(), LockError> {
        let Some(session) = &self.session else {
            self.is_held = false;
            return Ok(());
        };
        // Released by itself, the key has no lock-delay. If that fails, the end of the session
        // releases it.
        let request = self.put(&format!("release={}", session.id), String::new());
        let _ = self.client.call_to_the_end(&request);
        let session = self.session.as_ref().expect("it is there still");
        session
            .destroy(&mut self.client)
            .or_else(|_| session.destroy(&mut self.client))?;
        (self.session, self.is_held) = (None, false);
        Ok(())
    }

    fn holder(&mut self) -> Result<Option<LockHolder>, LockError> {
        let (_, entry) = self.look()?;
        Ok(entry.holder.filter(|_| entry.session.is_some()))
    }

    fn wait(&mut self, at_most: Duration) -> Result<(), LockError> {
        let waited = self.blocking_query(at_most);
        if waited.is_err() {
            self.client.interrupt.pause(at_most.min(AFTER_ERROR));
        }
        waited
    }

    fn interrupter(&self) -> LockInterrupter {
        self.client.interrupt.sender()
    }

    fn load_note(&mut self) -> Result<Option<String>, LockError> {
        let request = self.get(&note_key(&self.key), "consistent&raw");
        let reply = self.client.call(&request)?;
        match reply.status {
            200 => Ok(Some(reply.body)),
            404 => Ok(None),
            _ => Err(unexpected(&self.client, &reply.shown())),
        }
    }

    fn store_note(&mut self, note: &str) -> Result<(), LockError> {
        check_length(note)?;
        let not_held = || LockError::NotHeld {
            place: self.client.place(),
        };
        let session = self.session.as_ref().filter(|_| self.is_held);
        let session = session.ok_or_else(not_held)?.id.clone();
        let body = note_transaction(&self.key, &session, note);
        let request = ConsulRequest::put("/v1/txn".to_owned(), body, self.times.request);
        let reply = self.client.call(&request)?;
        match reply.status {
            200 => Ok(()),
            409 => Err(LockError::NotHeld {
                place: self.client.place(),
            }),
            _ => Err(unexpected(&self.client, &reply.shown())),
        }
    }

    fn terms(&self) -> LeaseTerms {
        self.times.terms
    }

    fn place(&self) -> String {
        self.client.place()
    }
}
