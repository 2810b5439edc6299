//! The form of the file of mutes, and how it is read. In tests of the form a mute is an `M`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::mute::wish::Mute;
use crate::state::form;
use crate::unix::trusted_paths::PrivateDir;

/// The version that is written. Every older one can be read.
pub(crate) const VERSION: u32 = 1;

/// What the names of these files end with.
pub(crate) const ENDING: &str = ".mutes";

/// Far more than the mutes of all tasks of a long chain take.
const MOST_BYTES: u64 = 1 << 20;

/// The file that is locked by what changes them. Every user who may look into the directory could
/// lock the directory itself.
pub(crate) const LOCK: &str = ".mutes.lock";

#[derive(Serialize, Deserialize)]
struct MutesForm<M> {
    version: u32,
    mutes: Vec<M>,
}

/// Returns the name of the file of a chain.
pub(crate) fn file_name(chain: &str) -> String {
    format!("{chain}{ENDING}")
}

/// Returns the content of the file.
pub(crate) fn encode<M: Serialize>(mutes: Vec<M>) -> Vec<u8> {
    form::encode(&MutesForm {
        version: VERSION,
        mutes,
    })
}

/// Reads the content of the file.
///
/// # Errors
///
/// When it is damaged, or from a newer version: in words.
pub(crate) fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<M>, String> {
    let form: MutesForm<M> = form::decode(bytes, VERSION)?;
    Ok(form.mutes)
}

/// Returns the mutes of a chain; none if there is no file.
///
/// # Errors
///
/// When the file is damaged, or not ours: in words.
pub(crate) fn read(state_dir: &PrivateDir, chain: &str) -> Result<Vec<Mute>, String> {
    let bytes = state_dir.read(&file_name(chain), MOST_BYTES);
    match bytes.map_err(|error| error.to_string())? {
        Some(bytes) => decode(&bytes),
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Mono;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Mute {
        task: String,
        made: Mono,
    }

    fn mutes() -> Vec<Mute> {
        vec![Mute {
            task: "tasks::a".to_owned(),
            made: Mono::from_nanos(7),
        }]
    }

    #[test]
    fn what_is_written_can_be_read() {
        assert_eq!(decode(&encode(mutes())), Ok(mutes()));
    }

    #[test]
    fn the_first_form_can_be_read() {
        let bytes = include_bytes!("../../../tests/data/state/v1/mutes.json");
        assert_eq!(decode(bytes), Ok(mutes()));
    }

    #[test]
    fn damage_and_newer_forms_are_errors() {
        let whole = encode(mutes());
        for end in 0..whole.len() - 1 {
            assert!(decode::<Mute>(&whole[..end]).is_err(), "cut at {end}");
        }
        let newer = br#"{"version":2,"mutes":[]}"#;
        assert!(decode::<Mute>(newer).unwrap_err().contains("form `2`"));
    }
}
