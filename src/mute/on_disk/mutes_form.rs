//! Which mails somebody does not want for a while: `NAME.mutes` in STATE_DIR. Written by the command, read by the runner and by `status`.
//!
//! What a mute is, is not known here: it is `M`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::form;

/// The version that is written. Every older one can be read.
pub(crate) const VERSION: u32 = 1;

/// What the names of these files end with.
pub(crate) const ENDING: &str = ".mutes";

#[derive(Serialize, Deserialize)]
struct Form<M> {
    version: u32,
    mutes: Vec<M>,
}

/// Returns the name of the file of a chain.
pub(crate) fn file_name(chain: &str) -> String {
    format!("{chain}{ENDING}")
}

/// Returns the content of the file.
pub(crate) fn encode<M: Serialize>(mutes: Vec<M>) -> Vec<u8> {
    form::encode(&Form {
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
    let form: Form<M> = form::decode(bytes, VERSION)?;
    Ok(form.mutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Mono;

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
        let bytes = include_bytes!("../../tests/data/state/v1/mutes.json");
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
