//! A lane, as the functions of the board have it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::lane_marks::ClassMarks;
use crate::board::advance::LaneWish;
use crate::core::time::whole_millis;
use crate::flow::journal::{Doing, Phase};

/// A lane, as the functions of the board have it.
#[derive(Debug, Serialize)]
pub(super) struct LaneCall<'a> {
    definition: &'a str,
    lease: i64,
    max_crashes: u32,
    is_bound: bool,
    time_limit: Option<i64>,
    first: &'a [Doing],
    has_begun: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marks_at: Option<[i64; 5]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marks_id: Option<[u64; 5]>,
}

impl<'a> LaneCall<'a> {
    /// Turns lanes into what is sent, with where a look begins in each; `None`: at the first job.
    pub(super) fn of_all(
        lanes: &'a [LaneWish],
        marks: Option<&BTreeMap<String, ClassMarks>>,
    ) -> Vec<Self> {
        let mark = |lane: &LaneWish| marks.and_then(|marks| marks.get(&lane.definition).copied());
        lanes
            .iter()
            .map(|lane| LaneCall::of(lane, mark(lane)))
            .collect()
    }

    fn of(lane: &'a LaneWish, marks: Option<ClassMarks>) -> Self {
        LaneCall {
            definition: &lane.definition,
            lease: whole_millis(lane.lease),
            max_crashes: lane.max_crashes,
            is_bound: lane.is_bound_to_host,
            time_limit: lane.time_limit.map(whole_millis),
            first: &lane.first,
            has_begun: lane.first.iter().any(|doing| doing.phase == Phase::Execute),
            marks_at: marks.map(|marks| marks.at),
            marks_id: marks.map(|marks| marks.id),
        }
    }
}
