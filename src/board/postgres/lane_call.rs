//! A lane, as the functions of the board have it.

use serde::Serialize;

use super::pg_board::whole_millis;
use crate::board::advance::LaneWish;
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
}

impl<'a> LaneCall<'a> {
    /// Turns lanes into what is sent.
    pub(super) fn of_all(lanes: &'a [LaneWish]) -> Vec<Self> {
        lanes.iter().map(LaneCall::of).collect()
    }

    fn of(lane: &'a LaneWish) -> Self {
        LaneCall {
            definition: &lane.definition,
            lease: whole_millis(lane.lease),
            max_crashes: lane.max_crashes,
            is_bound: lane.is_bound_to_host,
            time_limit: lane.time_limit.map(whole_millis),
            first: &lane.first,
            has_begun: lane.first.iter().any(|doing| doing.phase == Phase::Execute),
        }
    }
}
