//! What the race driver leaves to chance, and how often it tries: shared with that of the real
//! binary, `tests/takeover/race.rs`.

/// Xorshift: a race needs no better.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Returns the smaller number of rounds, or with `RUN_FUNCTIONS_LONG_TESTS` the larger one.
pub(super) fn rounds(few: usize, many: usize) -> usize {
    if std::env::var_os("RUN_FUNCTIONS_LONG_TESTS").is_some() {
        many
    } else {
        few
    }
}
