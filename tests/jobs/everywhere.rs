//! The stories that are played on every kind of board: `then! { … }` makes a test of each.

/// Hands the list of these stories to a macro, after what the macro needs besides.
macro_rules! stories_everywhere {
    ($then:ident $($besides:tt)*) => {
        $then! { $($besides)*
            batches:
                what_comes_after_a_job_is_posted_when_it_has_succeeded,
                a_file_is_one_batch_and_a_second_run_posts_nothing_twice,
                a_failed_member_is_tried_again_and_then_comes_what_comes_after,
                with_too_many_failures_the_rest_of_a_batch_is_cancelled,
                each_worker_gets_a_job_and_the_chain_waits_for_all,
                a_job_is_posted_after_another_or_after_a_batch;
            capabilities:
                a_job_is_claimed_when_the_command_answers_yes_and_the_command_sees_the_job,
                of_two_workers_the_one_that_can_does_the_job;
            crashes:
                another_worker_goes_on_at_the_step_where_a_killed_one_was,
                a_worker_that_is_started_again_under_the_same_name_goes_on_with_its_job,
                a_stopped_worker_loses_its_job_with_its_lease_and_its_late_report_changes_nothing,
                a_job_whose_workers_die_again_and_again_at_one_step_is_stuck_and_says_so,
                an_interrupted_step_is_treated_as_it_says,
                nothing_is_lost_or_doubled_while_workers_are_killed,
                a_single_pass_does_what_a_killed_worker_has_left;
            flows:
                a_job_is_done_step_by_step_and_its_results_are_read_by_later_steps,
                a_job_that_fails_is_reverted_in_reverse_and_mailed_once,
                wait_prints_what_happens_and_ends_as_the_job_does,
                a_wait_ends_with_75_when_its_time_is_over_and_says_why_the_job_waits,
                a_retry_is_as_written_and_a_try_each_takes_the_next_value,
                groups_run_side_by_side_and_conditions_skip,
                what_a_step_prints_is_seen_while_it_runs_and_once,
                a_secret_argument_is_shown_nowhere;
            known:
                a_worker_that_died_counts_for_nothing,
                status_history_report_and_metrics_know_how_jobs_fare;
            limits:
                a_limit_holds_over_all_workers_and_a_job_says_who_has_its_places,
                each_value_of_an_argument_has_a_limit_of_its_own,
                the_limit_of_the_worker_that_came_last_holds,
                a_job_that_is_killed_with_its_worker_keeps_its_place,
                a_job_behind_a_limit_expires,
                a_job_whose_time_is_over_is_ended_and_undone_and_mailed,
                the_time_of_a_job_goes_on_with_another_worker;
            origin:
                a_failed_job_stays_on_the_board,
                a_job_that_nothing_has_claimed_is_shown,
                a_job_is_claimed_by_one_of_many_workers,
                a_saturated_worker_keeps_its_jobs;
            pauses:
                nothing_of_a_paused_job_is_claimed_but_what_is_wanted_now,
                a_project_is_paused_with_all_its_jobs,
                a_worker_that_was_sent_to_sleep_sleeps_after_a_start_too;
            requests:
                stop_lets_the_step_finish_and_reverts,
                kill_ends_the_step_and_reverts,
                a_stop_without_reverts_leaves_what_was_done,
                a_pause_holds_the_job_until_it_is_resumed,
                a_job_that_waits_is_ended_at_once_and_one_that_is_over_says_so,
                a_revert_that_fails_for_good_is_stuck_until_a_person_decides,
                a_failed_job_goes_on_where_it_failed_or_from_a_step,
                a_priority_is_changed_while_a_job_waits;
            schedules:
                a_worker_posts_and_runs_by_the_clock,
                each_slot_is_posted_once_though_workers_are_killed_and_stopped,
                a_slot_waits_for_the_job_before,
                a_person_pauses_resumes_and_runs,
                a_schedule_posts_with_the_limit_and_the_children_of_its_job;
            schedule_screens:
                status_and_metrics_know_schedules,
                an_old_file_does_not_bring_its_schedules_back,
                failures_in_a_row_pause_a_schedule_which_is_mailed,
                a_job_that_does_not_begin_in_time_is_mailed_with_the_reason;
            workers:
                starting_a_worker_again_replaces_it_and_its_step_is_finished,
                a_worker_that_is_asked_to_end_finishes_its_step_and_gives_the_job_back,
                a_second_term_ends_the_step_which_counts_no_attempt,
                a_draining_worker_still_hears_kill,
                a_sleeping_worker_claims_nothing_until_it_is_woken,
                a_job_is_done_where_its_tags_are_and_says_what_it_misses,
                a_worker_ends_after_what_there_is_where_that_is_asked,
                a_job_that_is_not_due_is_not_claimed,
                the_directory_of_a_job_that_was_cancelled_while_it_waited_is_removed;
        }
    };
}

pub(crate) use stories_everywhere;
