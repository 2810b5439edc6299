//! A board in a database of its own, under a clock that the test moves.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::server::shared;
use crate::board::Board;
use crate::board::BoardSettings;
use crate::board::conformance::arena::{BoardArena, VirtualClock};
use crate::board::postgres::lane_marks::LaneMarks;
use crate::board::postgres::pg_board::PostgresBoard;
use crate::board::postgres_settings::PostgresSettings;

/// A board in a database of its own.
pub(super) struct PostgresArena {
    pub(super) board: PostgresBoard,
    pub(super) settings: PostgresSettings,
    clock: VirtualClock,
    database: String,
}

impl PostgresArena {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let database = format!("arena{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        shared()
            .sql(&format!("CREATE DATABASE {database}"))
            .unwrap();
        let settings = shared().settings(&database);
        let clock = VirtualClock::new();
        let opening = BoardSettings {
            clock: clock.board_clock(),
            deadline: Duration::from_secs(60),
            ..BoardSettings::default()
        };
        let mut board =
            PostgresBoard::open(&settings, &opening, Some(clock.board_clock())).unwrap();
        // The clock of the test stands still: a full look would never come.
        board.marks = LaneMarks::with_slow(Duration::MAX);
        PostgresArena {
            board,
            settings,
            clock,
            database,
        }
    }

    /// Executes a statement as the owner.
    #[track_caller]
    pub(super) fn sql(&self, sql: &str) -> Vec<tokio_postgres::Row> {
        let pool = &self.board.calls.pool;
        pool.query(sql, &[], Duration::from_secs(60)).unwrap()
    }
}

impl Drop for PostgresArena {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.database);
        shared().sql(&drop).unwrap();
    }
}

impl BoardArena for PostgresArena {
    fn board(&self) -> &dyn Board {
        &self.board
    }

    fn clock(&self) -> &VirtualClock {
        &self.clock
    }
}
