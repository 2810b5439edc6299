//! A session in Consul, with the service check that ends it when its process dies.
//!
//! The check belongs to a service of its own: a check of the node would make every service of the
//! machine look ill. Consul removes the service a minute after its check has failed.

use std::time::Duration;

use serde::Deserialize;

use super::consul_client::{ConsulClient, ConsulRequest};
use crate::lease::LeaseTerms;
use crate::lock::error::LockError;
use crate::unix::random;

/// Consul takes no shorter session.
const LEAST_SESSION: Duration = Duration::from_secs(10);
/// How long the lock-delay may be in Consul.
const MOST_LOCK_DELAY: Duration = Duration::from_secs(60);
/// The lease below ten seconds.
const SHORT_LEASE: Duration = Duration::from_secs(5);
/// How often a session is tried whose check has not reached the servers yet.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The intervals of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConsulTimes {
    /// The lease.
    pub(super) terms: LeaseTerms,
    session: Duration,
    check: Duration,
    ends_with_node: bool,
    /// The deadline of a request.
    pub(super) request: Duration,
}

impl ConsulTimes {
    /// Returns the intervals for a lease of this length; `None`: Consul has no lock-delay so long.
    pub(super) fn of_ttl(ttl: Duration) -> Option<Self> {
        if ttl < LEAST_SESSION {
            let beat = Duration::from_secs(1);
            return Some(ConsulTimes {
                terms: LeaseTerms {
                    beat,
                    ..LeaseTerms::of_ttl(SHORT_LEASE)
                },
                session: LEAST_SESSION,
                check: Duration::from_secs(3),
                ends_with_node: true,
                request: beat,
            });
        }
        let terms = LeaseTerms::of_ttl(ttl);
        (ttl <= MOST_LOCK_DELAY).then(|| ConsulTimes {
            terms,
            session: terms.kill_after.max(LEAST_SESSION),
            check: terms.term_after,
            ends_with_node: false,
            request: terms.beat.min(Duration::from_secs(5)),
        })
    }
}

/// A session and its service check.
#[derive(Debug)]
pub(super) struct ConsulSession {
    /// The session in Consul.
    pub(super) id: String,
    service: String,
    /// The address of the agent that knows the check.
    agent: usize,
    times: ConsulTimes,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "ID")]
    id: String,
}

impl ConsulSession {
    /// Creates a session at the agent that answered last.
    ///
    /// # Errors
    ///
    /// When no agent or server answers, or the token is refused.
    pub(super) fn create(
        client: &mut ConsulClient,
        key: &str,
        times: ConsulTimes,
    ) -> Result<Self, LockError> {
        let random = random::hex_id().map_err(|error| LockError::Unreachable {
            place: client.place(),
            why: format!("the system gives no random bytes: {error}"),
        })?;
        let mut session = ConsulSession {
            id: String::new(),
            service: format!("run_functions-{random}"),
            agent: client.current(),
            times,
        };
        session.register_check(client)?;
        match session.create_session(client, key) {
            Ok(id) => {
                session.id = id;
                Ok(session)
            }
            Err(error) => {
                session.deregister_check(client);
                Err(error)
            }
        }
    }

    fn register_check(&mut self, client: &mut ConsulClient) -> Result<(), LockError> {
        let body = serde_json::json!({
            "ID": self.service,
            "Name": "run_functions",
            "Check": {
                "CheckID": self.service,
                "Name": "the holder of a lock lives",
                "TTL": seconds(self.times.check),
                "Status": "passing",
                "DeregisterCriticalServiceAfter": "1m",
            },
        });
        let path = "/v1/agent/service/register".to_owned();
        let request = ConsulRequest::put(path, body.to_string(), self.times.request);
        let reply = client.call(&request)?;
        self.agent = client.current();
        match reply.status {
            200 => Ok(()),
            _ => Err(unexpected(client, &reply.shown())),
        }
    }

    /// The agent passes the check on to the servers in its own time.
    fn create_session(&self, client: &mut ConsulClient, key: &str) -> Result<String, LockError> {
        let nodes: &[&str] = if self.times.ends_with_node {
            &["serfHealth"]
        } else {
            &[]
        };
        let body = serde_json::json!({
            "Name": format!("run_functions {key}"),
            "TTL": seconds(self.times.session),
            "LockDelay": seconds(self.times.terms.lost_after),
            "Behavior": "release",
            "NodeChecks": nodes,
            "ServiceChecks": [{ "ID": self.service }],
        });
        let path = "/v1/session/create".to_owned();
        let request = ConsulRequest::put(path, body.to_string(), self.times.request);
        let mut why = String::new();
        for _ in 0..TRIES {
            let reply = client.call_at(self.agent, &request)?;
            if reply.status == 200 {
                let created: Result<Created, _> = serde_json::from_str(&reply.body);
                return created
                    .map(|created| created.id)
                    .map_err(|_| unexpected(client, &reply.shown()));
            }
            why = reply.shown();
            if client.interrupt.pause(BETWEEN_TRIES) {
                return Err(LockError::Interrupted);
            }
        }
        Err(unexpected(client, &why))
    }

    /// Renews the session. Returns whether it is there still.
    ///
    /// # Errors
    ///
    /// When no server answers.
    pub(super) fn renew(&mut self, client: &mut ConsulClient) -> Result<bool, LockError> {
        self.pass_check(client)?;
        let path = format!("/v1/session/renew/{}", self.id);
        let request = ConsulRequest::put(path, String::new(), self.times.request);
        let reply = client.call(&request)?;
        match reply.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(unexpected(client, &reply.shown())),
        }
    }

    /// What the agent does not take is no reason to end: the session alone counts. An agent that
    /// was started again has forgotten the check.
    fn pass_check(&mut self, client: &mut ConsulClient) -> Result<(), LockError> {
        let path = format!("/v1/agent/check/pass/{}", self.service);
        let request = ConsulRequest::put(path, String::new(), self.times.request / 2);
        match client.call_at(self.agent, &request) {
            Ok(reply) if reply.status == 200 => Ok(()),
            Ok(_) => self.register_check(client).or_else(unless_interrupted),
            Err(error) => unless_interrupted(error),
        }
    }

    fn deregister_check(&self, client: &mut ConsulClient) {
        let path = format!("/v1/agent/service/deregister/{}", self.service);
        let request = ConsulRequest::put(path, String::new(), self.times.request / 2);
        // Its check fails soon, and the agent removes it then.
        let _ = client.call_at(self.agent, &request);
    }

    /// Destroys the session and its check.
    ///
    /// # Errors
    ///
    /// When no server answers: the session ends by itself then.
    pub(super) fn destroy(&self, client: &mut ConsulClient) -> Result<(), LockError> {
        let path = format!("/v1/session/destroy/{}", self.id);
        let request = ConsulRequest::put(path, String::new(), self.times.request);
        let reply = client.call_to_the_end(&request)?;
        self.deregister_check(client);
        match reply.is_true() {
            true => Ok(()),
            false => Err(unexpected(client, &reply.shown())),
        }
    }
}

fn unless_interrupted(error: LockError) -> Result<(), LockError> {
    match error {
        LockError::Interrupted => Err(error),
        _ => Ok(()),
    }
}

/// Returns the error for an answer that Consul does not give.
pub(super) fn unexpected(client: &ConsulClient, why: &str) -> LockError {
    LockError::Unreachable {
        place: client.place(),
        why: why.to_owned(),
    }
}

fn seconds(span: Duration) -> String {
    format!("{}ms", span.as_millis())
}
