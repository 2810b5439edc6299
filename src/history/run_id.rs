//! The form of the id of a run on disk: the name that the log and the mails have of it.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use crate::core::event::RunId;

pub(super) fn serialize<S: Serializer>(run: &RunId, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(run)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RunId, D::Error> {
    let text = Cow::<str>::deserialize(from)?;
    RunId::parse(&text).ok_or_else(|| D::Error::custom("this is not the name of a run"))
}

/// The same for a record that may have no run.
pub(super) mod optional {
    use super::{Deserializer, RunId, Serializer};

    pub(in crate::history) fn serialize<S: Serializer>(
        run: &Option<RunId>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match run {
            Some(run) => super::serialize(run, out),
            None => out.serialize_none(),
        }
    }

    pub(in crate::history) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<RunId>, D::Error> {
        super::deserialize(from).map(Some)
    }
}
