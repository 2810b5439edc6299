//! What all files of state have in common that are read whole: JSON on one line, and the version of
//! its form in it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Returns the content of a file.
pub(crate) fn encode(form: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(form).expect("no form has a map with keys other than text");
    bytes.push(b'\n');
    bytes
}

/// Reads the content of a file, of any version up to `newest`.
///
/// # Errors
///
/// When it is damaged, or from a newer version: in words.
pub(crate) fn decode<F: DeserializeOwned>(bytes: &[u8], newest: u32) -> Result<F, String> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if version > newest {
        return Err(format!(
            "it is of form `{version}`, and this program knows no form after `{newest}`"
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}
