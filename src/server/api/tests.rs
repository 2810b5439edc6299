//! The conformance suite, through a server.

mod arena;
mod clocks;
mod roles;

use crate::board::conformance::{random_calls, table_cases};
use arena::HttpArena;

#[test]
fn each_call_does_in_each_state_what_the_table_has() {
    table_cases::all(|| Box::new(HttpArena::new()));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn random_calls_are_answered_as_by_the_model(calls in random_calls::calls()) {
        random_calls::run(&HttpArena::new(), &calls);
    }
}

/// The rules of a subject, as a test each.
macro_rules! rules {
    ($module:ident, $($rules:ident :: $tests:ident),*) => {
        mod $module {
            $(
                crate::board::conformance::$rules::$tests!(super::HttpArena::new());
            )*
        }
    };
}

rules!(protocol, protocol_rules::protocol_rule_tests);
rules!(schedules, schedule_rules::schedule_rule_tests);
rules!(
    claims,
    claim_rules::claim_rule_tests,
    end_rules::end_rule_tests
);
rules!(limits, limit_rules::limit_rule_tests);
rules!(batches, batch_rules::batch_rule_tests);
rules!(alerts, alert_rules::alert_rule_tests);
