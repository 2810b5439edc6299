use super::faults::fault_of;
use crate::board::board_error::BoardError;
use crate::board::call_reply::CallFault;
use crate::board::http::into_error;
use crate::board::job_id::{BatchId, JobId, SessionId};
use crate::board::job_state::JobState;

#[test]
fn what_the_rules_of_the_board_refuse_reads_the_same_on_the_other_side() {
    let errors = [
        BoardError::SessionOver(SessionId(7)),
        BoardError::NoSuchJob(JobId(8)),
        BoardError::NoSuchBatch(BatchId(9)),
        BoardError::NoWorker("resize".to_owned()),
        BoardError::Malformed("a gap".to_owned()),
        BoardError::KeyTaken {
            id: JobId(1),
            state: JobState::Running,
        },
    ];
    for error in errors {
        let sent = serde_json::to_string(&fault_of(&error)).unwrap();
        let read: CallFault = serde_json::from_str(&sent).unwrap();
        assert_eq!(into_error(read, "there"), error);
    }
}
