//! A text in Consul: a key without a session.

use std::time::Duration;

use super::consul_client::{ConsulClient, ConsulRequest};
use super::consul_session::unexpected;
use crate::core::settings::LockSettings;
use crate::lock::error::LockError;
use crate::lock::stored_value::StoredValue;

/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// A text in Consul.
pub(super) struct ConsulValue {
    client: ConsulClient,
    key: String,
}

impl ConsulValue {
    /// Creates the access to a key. Nothing is sent.
    ///
    /// # Errors
    ///
    /// When the file of authorities is unfit.
    pub(super) fn new(settings: &LockSettings, key: &str) -> Result<Self, LockError> {
        Ok(ConsulValue {
            client: ConsulClient::new(settings, key)?,
            key: format!("run_functions/{key}"),
        })
    }
}

impl StoredValue for ConsulValue {
    fn store(&mut self, text: &str) -> Result<(), LockError> {
        let path = format!("/v1/kv/{}", self.key);
        let request = ConsulRequest::put(path, text.to_owned(), DEADLINE);
        let reply = self.client.call(&request)?;
        match reply.is_true() {
            true => Ok(()),
            false => Err(unexpected(&self.client, &reply.shown())),
        }
    }

    fn load(&mut self) -> Result<Option<String>, LockError> {
        let path = format!("/v1/kv/{}?consistent&raw", self.key);
        let reply = self.client.call(&ConsulRequest::get(path, DEADLINE))?;
        match reply.status {
            200 => Ok(Some(reply.body)),
            404 => Ok(None),
            _ => Err(unexpected(&self.client, &reply.shown())),
        }
    }

    fn place(&self) -> String {
        self.client.place()
    }
}
