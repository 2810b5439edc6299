//! The stories of jobs, on a board in PostgreSQL: the same tests, at another board.

macro_rules! stories {
    ($way:expr; $($module:ident: $($test:ident),+;)+) => {
        $(mod $module {
            $(
                #[test]
                #[ignore = "needs PostgreSQL and PgBouncer"]
                fn $test() {
                    crate::postgres_place::on_postgres($way, crate::$module::$test);
                }
            )+
        })+
    };
}

mod direct {
    use crate::everywhere::stories_everywhere;

    stories_everywhere!(stories crate::postgres_place::Way::Direct;);
}

mod pooled {
    stories! { crate::postgres_place::Way::Pooled;
        batches:
            each_worker_gets_a_job_and_the_chain_waits_for_all;
        crashes:
            another_worker_goes_on_at_the_step_where_a_killed_one_was,
            a_stopped_worker_loses_its_job_with_its_lease_and_its_late_report_changes_nothing,
            nothing_is_lost_or_doubled_while_workers_are_killed;
        flows:
            a_job_is_done_step_by_step_and_its_results_are_read_by_later_steps,
            what_a_step_prints_is_seen_while_it_runs_and_once;
        limits:
            a_limit_holds_over_all_workers_and_a_job_says_who_has_its_places;
        requests:
            kill_ends_the_step_and_reverts;
        schedules:
            a_worker_posts_and_runs_by_the_clock;
        workers:
            starting_a_worker_again_replaces_it_and_its_step_is_finished;
    }
}
