//! `[metrics_push]`.

use std::fmt;
use std::path::PathBuf;

/// The InfluxDB that metrics are pushed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetricsPushSettings {
    /// Where it is: `http://` or `https://`, a host, perhaps a port and a path.
    pub address: String,
    /// Whether the server is on this machine.
    pub is_on_this_machine: bool,
    /// What in it is written to.
    pub target: PushTarget,
    /// A PEM file of further trusted authorities.
    pub ca_file: Option<PathBuf>,
}

/// What is written to, by the interface that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PushTarget {
    /// A database of InfluxDB 1.
    Database {
        /// Its name.
        name: String,
        /// The user that logs in.
        username: Option<String>,
        /// The file with the password of the user.
        password_file: Option<PathBuf>,
    },
    /// A bucket of InfluxDB 2.
    Bucket {
        /// Its name.
        name: String,
        /// The organisation that it belongs to.
        org: String,
        /// The file with the token.
        token_file: PathBuf,
    },
}

impl fmt::Display for MetricsPushSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        match &self.target {
            PushTarget::Database { name, .. } => write!(f, "{address}, database {name}"),
            PushTarget::Bucket { name, org, .. } => write!(f, "{address}, bucket {name} of {org}"),
        }
    }
}
