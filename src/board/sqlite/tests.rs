use std::sync::Arc;

use tempfile::TempDir;

use crate::board::conformance::arena::{BoardArena, VirtualClock};
use crate::board::conformance::{random_calls, table_cases};
use crate::board::sqlite::sqlite_board::SqliteBoard;
use crate::board::{Board, BoardSettings};

/// A board in a directory of its own.
pub(super) struct SqliteArena {
    pub(super) board: Arc<SqliteBoard>,
    clock: VirtualClock,
    _dir: TempDir,
}

impl SqliteArena {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new();
        let settings = BoardSettings {
            clock: clock.board_clock(),
            ..BoardSettings::default()
        };
        let board = SqliteBoard::open(&dir.path().join("board.sqlite"), &settings).unwrap();
        SqliteArena {
            board: Arc::new(board),
            clock,
            _dir: dir,
        }
    }
}

impl BoardArena for SqliteArena {
    fn board(&self) -> &dyn Board {
        &*self.board
    }

    fn clock(&self) -> &VirtualClock {
        &self.clock
    }
}

#[test]
fn each_call_does_in_each_state_what_the_table_has() {
    table_cases::all(|| Box::new(SqliteArena::new()));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn random_calls_are_answered_as_by_the_model(calls in random_calls::calls()) {
        random_calls::run(&SqliteArena::new(), &calls);
    }
}

mod protocol {
    crate::board::conformance::protocol_rules::protocol_rule_tests!(super::SqliteArena::new());
}

mod schedules {
    crate::board::conformance::schedule_rules::schedule_rule_tests!(super::SqliteArena::new());
}

mod claims {
    crate::board::conformance::claim_rules::claim_rule_tests!(super::SqliteArena::new());

    crate::board::conformance::end_rules::end_rule_tests!(super::SqliteArena::new());
}

mod limits {
    crate::board::conformance::limit_rules::limit_rule_tests!(super::SqliteArena::new());
}

mod batches {
    crate::board::conformance::batch_rules::batch_rule_tests!(super::SqliteArena::new());
}

mod alerts {
    crate::board::conformance::alert_rules::alert_rule_tests!(super::SqliteArena::new());
}
