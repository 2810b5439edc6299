//! What a function finds in a process of its own as in that of the runner: the mail queue, its
//! settings, the name of the machine.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mail;
use crate::task::context;

/// What the process of a function is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackedSurroundings {
    /// What `mail` has packed.
    mail: String,
    host: String,
    settings: Option<Value>,
}

/// Packs what a function is given.
pub(super) fn pack(mail: &str, host: &str, settings: Option<&Value>) -> String {
    let surroundings = PackedSurroundings {
        mail: mail.to_owned(),
        host: host.to_owned(),
        settings: settings.cloned(),
    };
    serde_json::to_string(&surroundings).unwrap_or_default()
}

/// Installs what was packed. A step of a job is given what `mail` has packed alone.
pub(crate) fn unpack(packed: &str) {
    match serde_json::from_str::<PackedSurroundings>(packed) {
        Ok(surroundings) => {
            mail::unpack(&surroundings.mail);
            context::set_host(surroundings.host);
            context::set_settings(surroundings.settings.as_ref());
        }
        Err(_) => mail::unpack(packed),
    }
}
