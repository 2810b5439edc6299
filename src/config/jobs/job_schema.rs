//! The settings of a job, of a file or of an attribute.

use super::nodes;
use crate::config::layer::Layer;
use crate::flow::definition::{FlowDefinition, Group};
use crate::job::{ArgumentSchema, JobSchema, OverlapMode, ResumeMode, ThenIf};

/// Returns what a program needs to know of a job to post it. The defaults are filled in.
pub(super) fn of_layer(layer: &Layer, args: ArgumentSchema, limit_by: Option<String>) -> JobSchema {
    let small = |key| {
        layer
            .get::<i64>(key)
            .and_then(|number| number.try_into().ok())
    };
    JobSchema {
        to: None,
        cc: Vec::new(),
        help: layer.get("help").unwrap_or_default(),
        limit_by,
        args,
        resume: match layer.need::<String>("resume").as_str() {
            "restart" => ResumeMode::Restart,
            "same-host" => ResumeMode::SameHost,
            _ => ResumeMode::Anywhere,
        },
        needs: layer.get("needs").unwrap_or_default(),
        priority: i8::try_from(layer.need::<i64>("priority")).unwrap_or_default(),
        limit: small("limit"),
        overlap: match layer.need::<String>("overlap").as_str() {
            "skip" => OverlapMode::Skip,
            "allow" => OverlapMode::Allow,
            _ => OverlapMode::Wait,
        },
        lease: layer.get("lease"),
        expires: layer.get("expires"),
        time_limit: layer.get("time_limit"),
        waiting_for_at_most: layer.get("waiting_for_at_most"),
        max_crashes: small("max_crashes").unwrap_or_default(),
        project: layer.get("project"),
        every_worker: layer.need("every_worker"),
        then: layer.get("then").unwrap_or_default(),
        then_if: match layer.need::<String>("then_if").as_str() {
            "ended" => ThenIf::Ended,
            _ => ThenIf::Succeeded,
        },
        fails_at: layer
            .get::<i64>("fails_at")
            .and_then(|most| most.try_into().ok()),
    }
}

/// Returns the flow of a job. The defaults are filled in.
pub(super) fn flow(name: &str, root: Group, layer: &Layer) -> FlowDefinition {
    FlowDefinition {
        name: name.to_owned(),
        root: Group {
            parallel: layer.need("parallel"),
            on_failure: nodes::on_failure(layer),
            ..root
        },
    }
}
