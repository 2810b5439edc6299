//! Where records are: a file in STATE_DIR, and a value on a server.

use crate::core::settings::{LivenessSettings, Settings};
use crate::lock::{self, LockError, StoredValue};
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};

use super::liveness_record::LivenessRecord;

/// What the file of a record ends with, behind the name of its chain.
pub(crate) const ENDING: &str = ".alive";
/// Far more than a record is.
const MOST_BYTES: u64 = 64 << 10;

/// What was found of a chain.
#[derive(Debug, Default)]
pub(crate) struct FoundRecord {
    /// The latest record of all places.
    pub(crate) record: Option<LivenessRecord>,
    /// What is there and no record: where, and why.
    pub(crate) damaged: Option<String>,
    /// Why the server could not be asked.
    pub(crate) unasked: Option<LockError>,
}

/// Returns the name of the file of a chain.
pub(super) fn file_name(chain: &str) -> String {
    format!("{chain}{ENDING}")
}

/// Opens the place of a chain on the server, if there is one.
///
/// # Errors
///
/// When the settings name nothing that could be opened.
pub(super) fn open(
    settings: &LivenessSettings,
    chain: &str,
) -> Result<Option<Box<dyn StoredValue>>, LockError> {
    let Some(server) = &settings.server else {
        return Ok(None);
    };
    lock::open_value(server, &format!("{chain}:alive")).map(Some)
}

/// Looks for the record of a chain in all places.
///
/// # Errors
///
/// When STATE_DIR is unfit.
pub(crate) fn find(settings: &Settings, chain: &str) -> Result<FoundRecord, UntrustedPath> {
    let mut found = FoundRecord::default();
    if let Some(state_dir) = PrivateDir::open_existing(&settings.state_dir)? {
        let name = file_name(chain);
        if let Some(bytes) = state_dir.read(&name, MOST_BYTES)? {
            let place = state_dir.path().join(name);
            found.add(&String::from_utf8_lossy(&bytes), &place.display());
        }
    }
    match open(&settings.liveness, chain) {
        Ok(None) => {}
        Ok(Some(mut value)) => match value.load() {
            Ok(None) => {}
            Ok(Some(text)) => found.add(&text, &value.place()),
            Err(error) => found.unasked = Some(error),
        },
        Err(error) => found.unasked = Some(error),
    }
    Ok(found)
}

impl FoundRecord {
    fn add(&mut self, text: &str, place: &dyn std::fmt::Display) {
        match LivenessRecord::parse(text) {
            Ok(record)
                if self
                    .record
                    .as_ref()
                    .is_none_or(|former| former.at() < record.at()) =>
            {
                self.record = Some(record);
            }
            Ok(_) => {}
            Err(why) => self.damaged = Some(format!("{place}: {why}")),
        }
    }
}
