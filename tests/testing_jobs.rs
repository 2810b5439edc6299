//! `run_functions::testing::Job`, used as people who write jobs use it.
#![cfg(test)]
#![cfg(feature = "cli")]

use std::time::Duration;

use run_functions::jobs::{Flow, Interrupted, OnFailure, Retry, StepContext};
use run_functions::testing::{Job, JobHistory};
use run_functions::{TaskError, jobs::Secret};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(clap::Args, Serialize, Deserialize)]
struct Trip {
    #[arg(long, default_value_t = 1)]
    seats: u8,
    #[arg(long, default_value = "none")]
    token: Secret,
}

/// Books a trip.
#[run_functions::job(lease = "1m")]
fn trip(flow: &mut Flow<Trip>) {
    let flight = flow.step("flight", flight).revert(cancel_flight);
    let hotel = flow
        .step("hotel", hotel)
        .retry(Retry::times(3).every("10s"));
    let hotel = hotel.revert(|ctx: &StepContext<Trip>, room: Option<String>| {
        ctx.progress(format_args!("{room:?}: {:?}", ctx.error()));
    });
    let car = flow
        .step("car", |_: &StepContext<Trip>| {
            Ok::<_, String>("a car".to_owned())
        })
        .when(|ctx: &StepContext<Trip>| ctx.args().seats > 1)
        .on_failure(OnFailure::Continue);
    flow.step("letter", letter)
        .with(&flight)
        .with(&hotel)
        .with(&car);
}

fn flight(ctx: &StepContext<Trip>) -> Result<u64, String> {
    ctx.progress(format_args!(
        "key {} fence {}",
        ctx.idempotency_key(),
        ctx.fence()
    ));
    std::fs::write(ctx.job_dir().join("flight"), "booked").map_err(|error| error.to_string())?;
    Ok(700)
}

fn cancel_flight(ctx: &StepContext<Trip>, number: u64) -> Result<(), String> {
    ctx.progress(format_args!("flight {number} cancelled"));
    match ctx.job_dir().join("flight").exists() {
        true => Ok(()),
        false => Err("there was no flight".to_owned()),
    }
}

fn hotel(_ctx: &StepContext<Trip>) -> Result<String, TaskError> {
    Ok("room 12".to_owned())
}

fn letter(
    _ctx: &StepContext<Trip>,
    flight: u64,
    hotel: String,
    car: Option<String>,
) -> Result<String, String> {
    Ok(format!("{flight}, {hotel}, {car:?}"))
}

fn played(job: Job) -> JobHistory {
    job.run().unwrap()
}

#[test]
fn results_are_passed_on_and_what_is_skipped_is_none() {
    let history = played(Job::registered("trip"));
    assert_eq!(
        history.lines(),
        [
            "flight: done",
            "hotel: done",
            "car: skipped: its condition does not hold",
            "letter: done"
        ]
    );
    let letter: Option<String> = history.result_of("letter");
    assert_eq!(letter.as_deref(), Some("700, room 12, None"));
    assert_eq!(history.printed(), ["key 1-flight fence 1"]);
    let history = played(Job::registered("trip").args(json!({"seats": 2})));
    let letter: Option<String> = history.result_of("letter");
    assert_eq!(letter.as_deref(), Some("700, room 12, Some(\"a car\")"));
    assert_eq!(history.took(), Duration::ZERO);
}

#[test]
fn what_was_done_is_reverted_with_what_the_steps_gave() {
    let history = played(Job::from("trip").fails("hotel", 3).takes("flight", "1h"));
    assert_eq!(
        history.lines(),
        [
            "flight: done",
            "hotel: failed: it fails",
            "hotel: failed (try 2): it fails",
            "hotel: failed (try 3): it fails",
            "hotel: what was done is reverted",
            "hotel: reverted",
            "flight: reverted",
        ]
    );
    assert_eq!(
        history.printed()[1..],
        ["None: Some(\"it fails\")", "flight 700 cancelled"]
    );
    assert_eq!(
        (history.state(), history.executions("hotel")),
        ("reverted", 3)
    );
    assert_eq!(history.reason().as_deref(), Some("hotel: it fails"));
    let waits = history.took() - Duration::from_secs(3600);
    assert!((18..=22).contains(&waits.as_secs()), "{waits:?}");
}

#[test]
fn after_a_crash_another_worker_goes_on_at_the_step() {
    let history = played(
        Job::registered("trip")
            .crashes_after("flight")
            .crashes_before("hotel"),
    );
    assert_eq!(
        history.lines()[..4],
        [
            "flight: interrupted",
            "flight: done",
            "hotel: interrupted",
            "hotel: done",
        ]
    );
    assert_eq!(
        history.printed(),
        ["key 1-flight fence 1", "key 1-flight fence 2"],
        "the key stays, the fence rises"
    );
}

#[test]
fn requests_are_carried_out() {
    let history = played(Job::registered("trip").stopped_in("hotel"));
    assert_eq!(history.state(), "cancelled");
    assert_eq!(history.lines()[1], "asked to stop");
    let killed = Job::registered("trip")
        .takes("hotel", "1h")
        .killed_in("hotel");
    let history = played(killed);
    assert!(
        history.lines().contains(&"hotel: killed".to_owned()),
        "{history}"
    );
    assert!(
        history.took() < Duration::from_secs(60),
        "{:?}",
        history.took()
    );
    let left = Job::registered("trip")
        .takes("hotel", "1h")
        .given_back_in("hotel");
    let history = played(left);
    assert_eq!(
        (history.state(), history.executions("hotel")),
        ("succeeded", 2)
    );
}

#[test]
fn a_person_helps_a_stuck_job_on() {
    let stuck = || {
        Job::registered("trip")
            .fails("hotel", 3)
            .revert_fails("flight", 5)
    };
    let history = played(stuck());
    assert_eq!(history.state(), "stuck");
    let reason = history.reason().unwrap();
    assert!(
        reason.starts_with("flight: the revert of `flight` failed 5 times"),
        "{reason}"
    );
    assert_eq!(played(stuck().then_retried()).state(), "reverted");
    assert_eq!(played(stuck().then_skipped("flight")).state(), "reverted");
}

/// Shows everything else that a flow can have.
#[run_functions::job(on_failure = "stop")]
fn everything(flow: &mut Flow<()>) {
    let mirror = flow.step("mirror", |ctx: &StepContext<()>| {
        match ctx.each::<String>().as_str() {
            "de" => Err("de is down".to_owned()),
            each => Ok(each.to_owned()),
        }
    });
    let mirror = mirror.try_each(["de", "us"]).timeout("5m");
    let paid = flow
        .step("pay", |_: &StepContext<()>, _mirror: String| {
            Ok::<_, String>(5)
        })
        .with(&mirror)
        .check(|_: &StepContext<()>, mirror: String| mirror == "us");
    let both = flow.group("both");
    let both = both
        .retry(Retry::times(2).every("1s"))
        .on_failure(OnFailure::Continue);
    let inner = both.sequence(|both| {
        both.step("one", |_: &StepContext<()>| Ok::<_, String>(1u8))
            .revert(|_: &StepContext<()>| ())
            .retry_revert(Retry::times(2))
            .timeout_revert("1m")
            .interrupted(Interrupted::Revert)
    });
    flow.step("sum", sum).with(&paid).with(&inner);
}

fn sum(_ctx: &StepContext<()>, paid: Option<u8>, one: Option<u8>) -> Result<u8, String> {
    Ok(paid.unwrap_or_default() + one.unwrap_or_default())
}

#[test]
fn everything_that_a_flow_can_have_is_played() {
    let history = played(Job::registered("everything"));
    assert_eq!(
        history.lines(),
        [
            "mirror: failed: de is down",
            "mirror: done (try 2)",
            "pay: done",
            "one: done",
            "sum: done",
        ]
    );
    assert_eq!(history.result_of("sum"), Some(6u8));
    let history = played(Job::registered("everything").crashes_after("pay"));
    let lines = history.lines();
    assert_eq!(
        lines[2..4],
        ["pay: interrupted", "pay: it was done before the crash"]
    );
    assert_eq!(
        history.result_of("sum"),
        Some(1u8),
        "a checked step gives nothing"
    );
    let history = played(Job::registered("everything").fails("one", 1));
    let lines = history.lines();
    assert!(
        lines.contains(&"both: round 2 begins".to_owned()),
        "{history}"
    );
    let history = played(
        Job::registered("everything")
            .gives("mirror", "eu")
            .fails("one", 9),
    );
    assert_eq!(history.state(), "succeeded", "{history}");
    assert_eq!(history.result_of("sum"), Some(5u8));
}

/// Ends in many ways.
#[run_functions::job]
fn ends(flow: &mut Flow<Trip>) {
    flow.step("end", end).retry(Retry::times(2));
}

fn end(ctx: &StepContext<Trip>) -> Result<String, TaskError> {
    match (ctx.args().seats, ctx.attempt()) {
        (1, _) => panic!("out of cheese"),
        (2, _) => Err(TaskError::fatal("the licence has expired")),
        (3, _) => Ok("x".repeat(70_000)),
        (4, 1) => Err(TaskError::new("no route")),
        _ => Ok(ctx.args().token.expose().to_owned()),
    }
}

#[test]
fn panics_fatal_errors_and_long_results_are_failures() {
    let of = |seats| played(Job::registered("ends").args(json!({ "seats": seats })));
    for (seats, tries, reason) in [
        (1, 2, "end: panic: out of cheese"),
        (2, 1, "end: the licence has expired"),
        (3, 2, "end: the result has more than 64 KiB"),
    ] {
        let history = of(seats);
        assert_eq!(
            (history.state(), history.executions("end")),
            ("failed", tries)
        );
        let found = history.reason().unwrap();
        assert!(
            found.contains(reason.split(": ").last().unwrap()),
            "{found}"
        );
    }
    assert_eq!(of(4).result_of::<String>("end").as_deref(), Some("none"));
}

#[test]
fn what_cannot_be_played_is_explained() {
    let refused = |job: Job| job.run().unwrap_err().to_string();
    let unknown = refused(Job::registered("tripp"));
    assert_eq!(
        unknown,
        "no job is registered as `tripp`; did you mean `trip`? (registered: ends, everything, trip, wrong)"
    );
    let step = refused(Job::registered("trip").fails("hotle", 1));
    assert!(step.contains("has no step `hotle` (its steps are flight, hotel, car, letter)"));
    let args = refused(Job::registered("trip").args(json!({"seats": 300})));
    assert!(args.contains("the arguments do not fit"), "{args}");
    let args = refused(Job::registered("trip").args(json!({"seat": 3})));
    assert!(args.contains("seat: unknown argument"), "{args}");
    let span = refused(Job::registered("trip").takes("hotel", "5"));
    assert!(span.contains("`5` is no duration"), "{span}");
}

/// Has everything wrong that the compiler cannot see.
#[run_functions::job]
fn wrong(flow: &mut Flow<()>) {
    let first = flow.step("first step", |_: &StepContext<()>| ());
    let may_fail = flow.step("may-fail", |_: &StepContext<()>| Ok::<_, String>(1));
    let may_fail = may_fail.on_failure(OnFailure::Continue).after(&first);
    let reads = |_: &StepContext<()>, _number: i32| ();
    flow.step("forgets", reads);
    flow.step("reads", reads)
        .with(&may_fail)
        .retry(Retry::times(2).every("2 fortnights"))
        .timeout("soon")
        .interrupted(Interrupted::Check);
}

#[test]
fn everything_that_is_wrong_with_a_flow_is_listed() {
    let error = Job::registered("wrong").run().unwrap_err().to_string();
    for expected in [
        "`first step` cannot be the name of a step or a group",
        "step `forgets` has a function that reads results; name each by `.with(&step)`",
        "`retry` of `reads`: `2 fortnights` is no duration",
        "`timeout` of `reads`: `soon` is no duration",
        "step `reads` is to be checked after a crash, by nothing; add `.check(function)`",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}
