//! The table of states and calls: what each call does in each state of a job, and its answer.

use crate::board::JobState;

/// A state of a job, and whether a step has begun where that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    Waiting,
    WaitingBegun,
    Limited,
    LimitedBegun,
    Running,
    Paused,
    PausedBegun,
    Succeeded,
    Failed,
    Reverted,
    Cancelled,
    Stuck,
}

impl Situation {
    pub(crate) const ALL: [Situation; 12] = [
        Situation::Waiting,
        Situation::WaitingBegun,
        Situation::Limited,
        Situation::LimitedBegun,
        Situation::Running,
        Situation::Paused,
        Situation::PausedBegun,
        Situation::Succeeded,
        Situation::Failed,
        Situation::Reverted,
        Situation::Cancelled,
        Situation::Stuck,
    ];

    pub(crate) fn state(self) -> JobState {
        match self {
            Situation::Waiting | Situation::WaitingBegun => JobState::Waiting,
            Situation::Limited | Situation::LimitedBegun => JobState::Limited,
            Situation::Running => JobState::Running,
            Situation::Paused | Situation::PausedBegun => JobState::Paused,
            Situation::Succeeded => JobState::Succeeded,
            Situation::Failed => JobState::Failed,
            Situation::Reverted => JobState::Reverted,
            Situation::Cancelled => JobState::Cancelled,
            Situation::Stuck => JobState::Stuck,
        }
    }

    pub(crate) fn title(self) -> String {
        match self {
            Situation::WaitingBegun | Situation::LimitedBegun | Situation::PausedBegun => {
                format!("{}, begun", self.state())
            }
            _ => self.state().to_string(),
        }
    }
}

/// A call to the board about a job in some state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableCall {
    PostSamePosting,
    PostKeep,
    PostReplace,
    PostFail,
    Claim,
    Advance,
    AdvanceAgain,
    AdvanceStaleFence,
    AdvanceStaleSeq,
    AdvanceOtherSession,
    GiveBack,
    Leave,
    Reap,
    ReapAtMostCrashes,
    ReapWithStopAsked,
    Stop,
    StopNoRevert,
    Kill,
    Pause,
    Resume,
    Retry,
    Skip,
    Revert,
    Cancel,
    Priority,
    Gc,
}

impl TableCall {
    pub(crate) fn title(self) -> &'static str {
        match self {
            TableCall::PostSamePosting => "`post`, same posting",
            TableCall::PostKeep => "`post`, same key, keep",
            TableCall::PostReplace => "`post`, same key, replace",
            TableCall::PostFail => "`post`, same key, fail",
            TableCall::Claim => "`advance`, claim",
            TableCall::Advance => "`advance` by the last holder",
            TableCall::AdvanceAgain => "the last `advance` again",
            TableCall::AdvanceStaleFence => "`advance`, an older fence",
            TableCall::AdvanceStaleSeq => "`advance`, an older seq",
            TableCall::AdvanceOtherSession => "`advance` by another session",
            TableCall::GiveBack => "`give_back` by the last holder",
            TableCall::Leave => "`leave` of the last holder",
            TableCall::Reap => "`reap` of the last holder",
            TableCall::ReapAtMostCrashes => "the same, with the last crash that is allowed",
            TableCall::ReapWithStopAsked => "the same, after a stop was asked for",
            TableCall::Stop => "stop",
            TableCall::StopNoRevert => "stop without reverts",
            TableCall::Kill => "kill",
            TableCall::Pause => "pause",
            TableCall::Resume => "resume",
            TableCall::Retry => "retry",
            TableCall::Skip => "skip a step",
            TableCall::Revert => "revert",
            TableCall::Cancel => "cancel",
            TableCall::Priority => "priority",
            TableCall::Gc => "`gc`, a long time after",
        }
    }
}

/// What a call does to a job, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    There,
    New,
    Replaced,
    KeyTaken,
    Claimed,
    NotClaimed,
    Accepted,
    Repeated,
    Stale,
    Done(JobState),
    Asked,
    AsBefore,
    Over,
    Impossible,
    Released(JobState),
    NothingTaken,
    Removed,
    Kept,
}

impl Cell {
    /// What stands in the table.
    pub(crate) fn title(self) -> String {
        match self {
            Cell::There => "there".to_owned(),
            Cell::New => "new".to_owned(),
            Cell::Replaced => "new → cancelled".to_owned(),
            Cell::KeyTaken => "refused".to_owned(),
            Cell::Claimed => "claimed → running".to_owned(),
            Cell::NotClaimed => "–".to_owned(),
            Cell::Accepted => "accepted → as reported".to_owned(),
            Cell::Repeated => "repeated".to_owned(),
            Cell::Stale => "stale".to_owned(),
            Cell::Done(state) => format!("done → {state}"),
            Cell::Asked => "asked".to_owned(),
            Cell::AsBefore => "as before".to_owned(),
            Cell::Over => "over".to_owned(),
            Cell::Impossible => "impossible".to_owned(),
            Cell::Released(state) => format!("taken → {state}"),
            Cell::NothingTaken => "–".to_owned(),
            Cell::Removed => "removed".to_owned(),
            Cell::Kept => "kept".to_owned(),
        }
    }

    /// The state of the job after the call; `None`: the job is gone.
    pub(crate) fn after(self, before: JobState) -> Option<JobState> {
        match self {
            Cell::Replaced => Some(JobState::Cancelled),
            Cell::Claimed => Some(JobState::Running),
            Cell::Accepted => Some(JobState::Succeeded),
            Cell::Done(state) | Cell::Released(state) => Some(state),
            Cell::Removed => None,
            _ => Some(before),
        }
    }

    /// Whether the job is exactly as before.
    pub(crate) fn changes_nothing(self) -> bool {
        use Cell::{Accepted, Asked, Claimed, Done, Released, Removed, Replaced};
        !matches!(
            self,
            Accepted | Asked | Claimed | Done(_) | Released(_) | Removed | Replaced
        )
    }
}

/// The words of the table, each with what it means.
pub(crate) const LEGEND: [(&str, &str); 17] = [
    (
        "there",
        "the answer names the job of the table, `is_new: false`",
    ),
    ("new", "another job is posted, `is_new: true`"),
    (
        "new → cancelled",
        "another job is posted, the one of the table is cancelled",
    ),
    (
        "refused",
        "`BoardError::KeyTaken` with the job and its state; nothing is posted",
    ),
    ("claimed", "the session holds the job under a higher fence"),
    (
        "accepted",
        "entries are appended; a state but running ends the hold",
    ),
    (
        "repeated",
        "was recorded by an earlier call; nothing changes",
    ),
    ("stale", "too late; nothing changes, and it is counted"),
    (
        "taken",
        "the holder is gone: `interrupted` for each attempt in progress (and a crash, if it \
     was reaped); then a request that was left for it is carried out",
    ),
    (
        "done",
        "carried out at once, with an entry in the journal (priority: without)",
    ),
    (
        "asked",
        "left for the holder, which writes the entry; a stronger request replaces a weaker",
    ),
    ("as before", "it is so already; nothing changes"),
    ("over", "the job is over; nothing changes"),
    ("impossible", "not in this state; nothing changes"),
    (
        "removed",
        "the job, its journal and its output are gone, its posting may be used again",
    ),
    ("kept", "the job stays as it is, whatever its age"),
    ("–", "the call does nothing to the job"),
];

type Row = (TableCall, [Cell; 12]);

const CANCELLED: Cell = Cell::Done(JobState::Cancelled);
const WAITING: Cell = Cell::Done(JobState::Waiting);
const LIMITED: Cell = Cell::Done(JobState::Limited);
const PAUSED: Cell = Cell::Done(JobState::Paused);

/// The table. Columns: as `Situation::ALL`.
#[rustfmt::skip]
pub(crate) const TABLE: [Row; 26] = {
    use Cell::{Accepted, AsBefore, Asked, Claimed, Done, Impossible, Kept, KeyTaken, New, NotClaimed,
        NothingTaken, Over, Released, Removed, Repeated, Replaced, Stale, There};
    use JobState as S;
    [
        // waiting, waiting+, limited, limited+, running, paused, paused+, succeeded, failed,
        // reverted, cancelled, stuck
        (TableCall::PostSamePosting, [There; 12]),
        (TableCall::PostKeep, [There, There, There, There, There, There, There, New, New, New, New, There]),
        (TableCall::PostReplace, [Replaced, KeyTaken, Replaced, KeyTaken, KeyTaken, Replaced, KeyTaken, New, New, New, New, KeyTaken]),
        (TableCall::PostFail, [KeyTaken, KeyTaken, KeyTaken, KeyTaken, KeyTaken, KeyTaken, KeyTaken, New, New, New, New, KeyTaken]),
        (TableCall::Claim, [Claimed, Claimed, NotClaimed, NotClaimed, NotClaimed, NotClaimed, NotClaimed, NotClaimed, NotClaimed, NotClaimed, NotClaimed, NotClaimed]),
        (TableCall::Advance, [Stale, Stale, Stale, Stale, Accepted, Stale, Stale, Stale, Stale, Stale, Stale, Stale]),
        (TableCall::AdvanceAgain, [Stale, Repeated, Stale, Stale, Repeated, Stale, Stale, Repeated, Repeated, Repeated, Repeated, Repeated]),
        (TableCall::AdvanceStaleFence, [Stale; 12]),
        (TableCall::AdvanceStaleSeq, [Stale; 12]),
        (TableCall::AdvanceOtherSession, [Stale; 12]),
        (TableCall::GiveBack, [Stale, Stale, Stale, Stale, Released(S::Waiting), Stale, Stale, Stale, Stale, Stale, Stale, Stale]),
        (TableCall::Leave, [NothingTaken, NothingTaken, NothingTaken, NothingTaken, Released(S::Waiting), NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken]),
        (TableCall::Reap, [NothingTaken, NothingTaken, NothingTaken, NothingTaken, Released(S::Waiting), NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken]),
        (TableCall::ReapAtMostCrashes, [NothingTaken, NothingTaken, NothingTaken, NothingTaken, Released(S::Stuck), NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken]),
        (TableCall::ReapWithStopAsked, [NothingTaken, NothingTaken, NothingTaken, NothingTaken, Released(S::Waiting), NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken, NothingTaken]),
        (TableCall::Stop, [CANCELLED, WAITING, CANCELLED, LIMITED, Asked, CANCELLED, WAITING, Over, Over, Over, Over, Impossible]),
        (TableCall::StopNoRevert, [CANCELLED, CANCELLED, CANCELLED, CANCELLED, Asked, CANCELLED, CANCELLED, Over, Over, Over, Over, Impossible]),
        (TableCall::Kill, [CANCELLED, WAITING, CANCELLED, LIMITED, Asked, CANCELLED, WAITING, Over, Over, Over, Over, Impossible]),
        (TableCall::Pause, [PAUSED, PAUSED, PAUSED, PAUSED, Asked, AsBefore, AsBefore, Over, Over, Over, Over, Impossible]),
        (TableCall::Resume, [AsBefore, AsBefore, AsBefore, AsBefore, AsBefore, WAITING, WAITING, Over, Over, Over, Over, Impossible]),
        (TableCall::Retry, [AsBefore, AsBefore, AsBefore, AsBefore, Impossible, Impossible, Impossible, Over, WAITING, Over, Over, WAITING]),
        (TableCall::Skip, [Impossible, Impossible, Impossible, Impossible, Impossible, Impossible, Impossible, Over, Over, Over, Over, WAITING]),
        (TableCall::Revert, [Impossible, Impossible, Impossible, Impossible, Impossible, Impossible, Impossible, Over, WAITING, Over, Over, WAITING]),
        (TableCall::Cancel, [CANCELLED, CANCELLED, CANCELLED, CANCELLED, Asked, CANCELLED, CANCELLED, Over, Over, Over, Over, CANCELLED]),
        (TableCall::Priority, [Done(S::Waiting), Done(S::Waiting), Done(S::Limited), Done(S::Limited), Done(S::Running), Done(S::Paused), Done(S::Paused), Over, Over, Over, Over, Done(S::Stuck)]),
        (TableCall::Gc, [Kept, Kept, Kept, Kept, Kept, Kept, Kept, Removed, Removed, Removed, Removed, Kept]),
    ]
};
