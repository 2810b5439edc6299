use super::*;

const DAY: Duration = Duration::from_secs(86_400);
const MS: Duration = Duration::from_millis(1);

fn cooldowns(success: Duration, fail: Duration) -> Cooldowns {
    Cooldowns {
        success,
        fail,
        every: None,
    }
}

/// A task with an interval, tried again a minute after a failure.
fn interval(every: Duration) -> Cooldowns {
    Cooldowns {
        success: Duration::ZERO,
        fail: 60_000 * MS,
        every: Some(every),
    }
}

/// A run without length.
fn run_at(at: Mono) -> RunSpan {
    RunSpan {
        started: at,
        ended: at,
    }
}

fn at(nanos: i64) -> Mono {
    Mono::from_nanos(nanos)
}

#[test]
fn tasks_follow_one_another_and_start_again() {
    let mut chain = TaskCycle::new(vec![cooldowns(MS, MS); 3]);
    let mut now = at(5);
    let mut order = Vec::new();
    for _ in 0..7 {
        let Next::Run(step) = chain.next(now) else {
            panic!("not due")
        };
        order.push(step);
        chain.record(step, RunVerdict::Fine, run_at(now));
        now = now + MS;
    }
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0]);
}

#[test]
fn the_cooldown_after_a_success_and_after_a_failure_differ() {
    let mut chain = TaskCycle::new(vec![cooldowns(MS, DAY)]);
    chain.record(0, RunVerdict::Fine, run_at(at(7)));
    assert_eq!(chain.next(at(7)), Next::WaitUntil(at(1_000_007)));
    chain.record(0, RunVerdict::Failed, run_at(at(9)));
    assert_eq!(chain.next(at(10)), Next::WaitUntil(at(9) + DAY));
}

#[test]
fn a_day_is_not_zero_and_half_a_second_is_not_zero() {
    for pause in [DAY, 500 * MS, MS, 400 * DAY, Duration::from_nanos(1)] {
        let mut chain = TaskCycle::new(vec![cooldowns(pause, pause)]);
        chain.record(0, RunVerdict::Fine, run_at(at(1)));
        let due = at(1) + pause;
        assert_eq!(
            chain.next(due - Duration::from_nanos(1)),
            Next::WaitUntil(due)
        );
        assert_eq!(chain.next(due), Next::Run(0));
    }
}

#[test]
fn a_failing_task_does_not_end_the_cycle() {
    let mut chain = TaskCycle::new(vec![cooldowns(MS, MS); 2]);
    chain.record(0, RunVerdict::Failed, run_at(at(0)));
    assert_eq!(chain.next(at(1_000_000)), Next::Run(1));
}

#[test]
fn a_chain_without_cooldowns_waits_after_a_failure() {
    let mut chain = TaskCycle::new(vec![cooldowns(Duration::ZERO, Duration::ZERO); 2]);
    chain.record(0, RunVerdict::Fine, run_at(at(3)));
    assert_eq!(chain.next(at(3)), Next::Run(1));
    chain.record(1, RunVerdict::Failed, run_at(at(3)));
    assert_eq!(chain.next(at(3)), Next::WaitUntil(at(3) + 100 * MS));
}

#[test]
fn a_task_without_fail_cooldown_in_a_chain_that_pauses_elsewhere_does_not_wait() {
    let steps = vec![cooldowns(Duration::ZERO, Duration::ZERO), cooldowns(MS, MS)];
    let mut chain = TaskCycle::new(steps);
    chain.record(0, RunVerdict::Failed, run_at(at(3)));
    assert_eq!(chain.next(at(3)), Next::Run(1));
}

#[test]
fn a_fatal_failure_stops_it() {
    let mut chain = TaskCycle::new(vec![cooldowns(MS, MS)]);
    chain.record(0, RunVerdict::Fatal, run_at(at(0)));
    assert_eq!(chain.next(at(0) + DAY), Next::Stop);
}

#[test]
fn waking_skips_the_rest_of_the_cooldown_and_nothing_else() {
    let mut chain = TaskCycle::new(vec![cooldowns(DAY, DAY); 2]);
    chain.record(0, RunVerdict::Fine, run_at(at(0)));
    chain.wake(at(5));
    assert_eq!(chain.next(at(5)), Next::Run(1));
    chain.wake(at(9));
    assert_eq!(chain.upcoming(), (1, at(5)));
}

#[test]
fn a_resumed_chain_honours_what_was_due() {
    let chain = TaskCycle::resumed(vec![cooldowns(MS, MS); 2], 1, at(100));
    assert_eq!(chain.next(at(99)), Next::WaitUntil(at(100)));
    assert_eq!(chain.next(at(100)), Next::Run(1));
    assert_eq!(
        TaskCycle::resumed(vec![cooldowns(MS, MS)], 7, at(1)).upcoming(),
        (0, at(1))
    );
}

#[test]
fn a_task_without_cooldowns_starts_ten_times_a_second_at_most() {
    for fail in [Duration::ZERO, DAY] {
        let mut chain = TaskCycle::new(vec![cooldowns(Duration::ZERO, fail)]);
        chain.record(0, RunVerdict::Fine, run_at(at(3)));
        assert_eq!(chain.next(at(3)), Next::WaitUntil(at(3) + 100 * MS));
    }
    // A pause after successes alone keeps no failing task from spinning.
    let mut chain = TaskCycle::new(vec![cooldowns(DAY, Duration::ZERO)]);
    chain.record(0, RunVerdict::Failed, run_at(at(3)));
    assert_eq!(chain.next(at(3)), Next::WaitUntil(at(3) + 100 * MS));
    // A run that took longer is followed at once.
    let mut chain = TaskCycle::new(vec![cooldowns(Duration::ZERO, DAY)]);
    let (started, ended) = (at(0), at(0) + DAY);
    chain.record(0, RunVerdict::Fine, RunSpan { started, ended });
    assert_eq!(chain.next(ended), Next::Run(0));
}

#[test]
fn an_interval_counts_from_start_to_start_and_an_overrun_is_not_caught_up() {
    let mut chain = TaskCycle::new(vec![interval(DAY)]);
    let run = |started: Mono, takes: Duration| RunSpan {
        started,
        ended: started + takes,
    };
    chain.record(0, RunVerdict::Fine, run(at(5), DAY / 2));
    assert_eq!(chain.upcoming(), (0, at(5) + DAY));
    let late = at(5) + DAY;
    chain.record(0, RunVerdict::Fine, run(late, 3 * DAY + DAY / 2));
    let ended = late + 3 * DAY + DAY / 2;
    assert_eq!(chain.next(ended), Next::Run(0));
    chain.record(0, RunVerdict::Fine, run(ended, Duration::ZERO));
    assert_eq!(chain.upcoming(), (0, ended + DAY));
}

#[test]
fn an_interval_is_of_its_own_task_and_a_failure_has_its_own_pause() {
    let mut chain = TaskCycle::new(vec![interval(DAY), cooldowns(MS, MS)]);
    chain.record(0, RunVerdict::Fine, run_at(at(0)));
    assert_eq!(chain.next(at(0)), Next::Run(1));
    chain.record(1, RunVerdict::Fine, run_at(at(0)));
    assert_eq!(chain.upcoming(), (0, at(0) + DAY));
    chain.record(0, RunVerdict::Failed, run_at(at(0) + DAY));
    assert_eq!(chain.upcoming(), (1, at(0) + DAY + 60_000 * MS));
}
