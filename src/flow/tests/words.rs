//! The words of a journal, which are kept for ever.

use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};

#[test]
fn phases_and_outcomes_are_written_as_they_always_were() {
    let phases = [
        (Phase::When, "when"),
        (Phase::Execute, "execute"),
        (Phase::Check, "check"),
        (Phase::Revert, "revert"),
        (Phase::Round, "round"),
        (Phase::Request, "request"),
        (Phase::Decision, "decision"),
    ];
    for (phase, word) in phases {
        assert_eq!(serde_json::to_value(phase).expect("a word"), word);
    }
    let outcomes = [
        (EntryOutcome::Succeeded, "succeeded"),
        (EntryOutcome::Failed, "failed"),
        (EntryOutcome::RetryLater, "retry_later"),
        (EntryOutcome::Interrupted, "interrupted"),
        (EntryOutcome::Killed, "killed"),
        (EntryOutcome::Skipped, "skipped"),
        (EntryOutcome::Stop, "stop"),
        (EntryOutcome::Kill, "kill"),
        (EntryOutcome::StopNoRevert, "stop_no_revert"),
        (EntryOutcome::Cancel, "cancel"),
        (EntryOutcome::Pause, "pause"),
        (EntryOutcome::Resume, "resume"),
        (EntryOutcome::Retry, "retry"),
        (EntryOutcome::Revert, "revert"),
    ];
    for (outcome, word) in outcomes {
        assert_eq!(serde_json::to_value(outcome).expect("a word"), word);
    }
}

#[test]
fn an_entry_that_was_written_is_read_again() {
    let text = r#"{"seq":3,"fence":7,"step":"a","phase":"execute","attempt":2,"outcome":"failed",
        "started":1,"ended":2,"code":1,"kind":"7be0","error":"x","result":null,"worker":"w"}"#;
    let entry: JournalEntry = serde_json::from_str(text).expect("an entry");
    assert_eq!(
        (entry.seq, entry.attempt, entry.outcome),
        (3, 2, EntryOutcome::Failed)
    );
    let written = serde_json::to_string(&entry).expect("a text");
    assert_eq!(
        serde_json::from_str::<JournalEntry>(&written).expect("an entry"),
        entry
    );
    let doing = r#"{"step":"a","phase":"revert","attempt":1,"since":5}"#;
    let doing: Doing = serde_json::from_str(doing).expect("what is in progress");
    assert_eq!((doing.phase, doing.since), (Phase::Revert, 5));
}
