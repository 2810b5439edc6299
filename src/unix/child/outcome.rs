//! From what was seen of a run to what it means. Pure.

use std::time::Duration;

use super::launch_request::{FunctionResult, LaunchReply, beginning};
use super::report::RunReport;
use super::start_failure;
use super::sys::Status;
use crate::core::failure::{Failure, FailureClass, Outcome, Output, signal_name};
use crate::core::settings::ChildSettings;

/// What was seen of a run.
#[derive(Debug)]
pub(super) struct RunObservation<'a> {
    pub(super) settings: &'a ChildSettings,
    pub(super) is_function: bool,
    pub(super) status: Status,
    pub(super) answer: Option<LaunchReply>,
    pub(super) said: RunReport,
    pub(super) ended: Option<Ending>,
    pub(super) output: &'a Output,
}

/// Why the runner ended a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its time was over.
    Timeout(Duration),
    /// The run printed nothing for so long.
    Silence(Duration),
    /// The runner was asked to stop.
    Asked(String),
}

const LONGEST_MESSAGE: usize = 4096;

/// Determines the outcome of a run.
pub(super) fn judge(seen: RunObservation<'_>) -> Outcome {
    let RunObservation { settings, said, .. } = &seen;
    let (kind, notes) = (said.kind.clone(), said.notes.clone());
    let retry_later = said.retry_later.clone();
    let outcome = match (&seen.ended, &seen.answer) {
        (_, Some(LaunchReply::NotStarted(refusal))) => {
            Outcome::Failure(Box::new(start_failure::failure_of(refusal, settings)))
        }
        (Some(Ending::Asked(how)), _) => Outcome::Interrupted { how: how.clone() },
        (Some(Ending::Timeout(limit)), _) => fail(FailureClass::Timeout(*limit), &seen),
        (Some(Ending::Silence(limit)), _) => fail(FailureClass::Silence(*limit), &seen),
        (None, Some(LaunchReply::Returned(returned)))
            if retry_later.is_some() && can_wait(returned, seen.status) =>
        {
            retry(0, &retry_later.unwrap_or_default(), &seen)
        }
        (None, _) if seen.is_function => function(seen),
        (None, _) => match (retry_later, seen.status) {
            (Some(reason), Status::Exited(code)) => retry(code, &reason, &seen),
            _ => command(&seen),
        },
    };
    with(outcome, |failure| {
        failure.kind = failure.kind.take().or(kind);
        failure.notes.extend(notes);
    })
}

/// Who says that it is to be tried again has returned, as it wanted, and has not asked for the end
/// of the runner.
fn can_wait(returned: &FunctionResult, status: Status) -> bool {
    !matches!(returned, FunctionResult::Fatal(_)) && status == Status::Exited(0)
}

fn with(mut outcome: Outcome, change: impl FnOnce(&mut Failure)) -> Outcome {
    if let Outcome::Failure(failure) | Outcome::Fatal(failure) = &mut outcome {
        change(failure);
    }
    outcome
}

fn telling_line(output: &Output) -> String {
    beginning(&output.telling_line().unwrap_or_default(), LONGEST_MESSAGE)
}

fn fail(class: FailureClass, seen: &RunObservation<'_>) -> Outcome {
    Outcome::Failure(Box::new(Failure::new(class, telling_line(seen.output))))
}

fn retry(code: i32, reason: &str, seen: &RunObservation<'_>) -> Outcome {
    let reason = match (reason, telling_line(seen.output)) {
        ("", line) if line.is_empty() => format!("exit {code}"),
        ("", line) => format!("exit {code}: {line}"),
        (reason, _) => reason.to_owned(),
    };
    Outcome::RetryLater { reason }
}

fn command(seen: &RunObservation<'_>) -> Outcome {
    let settings = seen.settings;
    let code = match seen.status {
        Status::Exited(code) => code,
        Status::Signaled { number, core } => return killed(number, core, seen),
    };
    if settings.ok_exit_codes.contains(&code) {
        Outcome::Success
    } else if settings.retry_later_exit_codes.contains(&code) {
        retry(code, "", seen)
    } else if settings.fatal_exit_codes.contains(&code) {
        let failure = Failure::new(FailureClass::Exit(code), telling_line(seen.output));
        Outcome::Fatal(Box::new(failure))
    } else {
        fail(FailureClass::Exit(code), seen)
    }
}

/// Not by us: else there were an [`Ending`].
fn killed(number: i32, core: bool, seen: &RunObservation<'_>) -> Outcome {
    with(
        fail(FailureClass::Signal { number, core }, seen),
        |failure| {
            if number == libc::SIGKILL {
                let limited = seen.settings.rlimits.contains_key("cpu");
                let why = if limited {
                    "the runner did not send this signal: the kernel does at the limit of CPU time \
                     (`cpu` in `rlimits`), and when memory is out"
                } else {
                    "the runner did not send this signal: often it is the kernel, when memory is \
                     out (`journalctl -k -g 'out of memory'`)"
                };
                failure.notes.push(why.to_owned());
            }
        },
    )
}

fn function(seen: RunObservation<'_>) -> Outcome {
    let returned = match seen.answer {
        Some(LaunchReply::Returned(returned)) => returned,
        _ => return vanished(&seen),
    };
    let after = match seen.status {
        Status::Exited(0) => None,
        Status::Exited(code) => Some(format!(
            "its process ended with exit {code} after it returned"
        )),
        Status::Signaled { number, .. } => Some(format!(
            "its process was killed by signal {number} ({}) after it returned",
            signal_name(number)
        )),
    };
    match (returned, after) {
        (FunctionResult::Success | FunctionResult::RetryLater(_), Some(after)) => fail(
            FailureClass::Vanished(after),
            &RunObservation {
                answer: None,
                ..seen
            },
        ),
        (FunctionResult::Success, None) => Outcome::Success,
        (FunctionResult::RetryLater(reason), None) => Outcome::RetryLater { reason },
        (FunctionResult::Failure(told), after) => {
            with(Outcome::Failure(Box::new(told.into())), |f| {
                f.notes.extend(after);
            })
        }
        (FunctionResult::Fatal(told), after) => with(Outcome::Fatal(Box::new(told.into())), |f| {
            f.notes.extend(after);
        }),
    }
}

/// A function whose process ended without a word.
fn vanished(seen: &RunObservation<'_>) -> Outcome {
    let how = match seen.status {
        Status::Exited(code) => format!("called exit({code}) instead of returning"),
        Status::Signaled { number, .. } if number == libc::SIGABRT => return aborted(seen),
        Status::Signaled { number, core } => return killed(number, core, seen),
    };
    fail(FailureClass::Vanished(how), seen)
}

/// The words of std tell why, from its handler of SIGSEGV and of a failed allocation. What is
/// printed after them says less.
fn aborted(seen: &RunObservation<'_>) -> Outcome {
    let reasons = [
        ("has overflowed its stack", "stack overflow"),
        ("memory allocation of ", "out of memory"),
    ];
    let lines = [&seen.output.tail, &seen.output.head];
    let lines = lines.into_iter().flat_map(|text| text.lines().rev());
    let told = lines.take(100).find_map(|line| {
        let (_, how) = reasons.iter().find(|(words, _)| line.contains(words))?;
        Some((*how, beginning(line.trim(), LONGEST_MESSAGE)))
    });
    match told {
        Some((how, line)) => {
            let class = FailureClass::Vanished(how.to_owned());
            Outcome::Failure(Box::new(Failure::new(class, line)))
        }
        None => fail(FailureClass::Vanished("aborted (SIGABRT)".to_owned()), seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: Status, change: impl FnOnce(&mut RunObservation<'_>)) -> Outcome {
        let settings = ChildSettings {
            fatal_exit_codes: vec![99],
            ..ChildSettings::default()
        };
        let output = Output {
            head: "\u{1b}[31mno such table\u{1b}[0m\n\n".to_owned(),
            ..Output::default()
        };
        let mut seen = RunObservation {
            settings: &settings,
            is_function: false,
            status,
            answer: None,
            said: RunReport::default(),
            ended: None,
            output: &output,
        };
        change(&mut seen);
        judge(seen)
    }

    fn text(outcome: &Outcome) -> String {
        outcome.failure().unwrap().text()
    }

    #[test]
    fn the_text_of_a_command_is_its_exit_class_and_its_last_line() {
        let outcome = judged(Status::Exited(1), |_| {});
        assert_eq!(text(&outcome), "exit 1: no such table");
        let killed = Status::Signaled {
            number: 11,
            core: true,
        };
        let expected = "killed by signal 11 (SIGSEGV, core dumped): no such table";
        assert_eq!(text(&judged(killed, |_| {})), expected);
    }

    #[test]
    fn each_exit_code_means_what_its_list_says() {
        for code in 0..=255 {
            let outcome = judged(Status::Exited(code), |_| {});
            let as_listed = match code {
                0 => matches!(outcome, Outcome::Success),
                75 => matches!(outcome, Outcome::RetryLater { .. }),
                99 => matches!(outcome, Outcome::Fatal(_)),
                _ => outcome.failure().unwrap().class == FailureClass::Exit(code),
            };
            assert!(as_listed, "{code}: {outcome:?}");
        }
    }

    #[test]
    fn every_signal_is_named() {
        for number in 1..=64 {
            let outcome = judged(
                Status::Signaled {
                    number,
                    core: false,
                },
                |_| {},
            );
            let class = FailureClass::Signal {
                number,
                core: false,
            };
            assert_eq!(outcome.failure().unwrap().class, class);
        }
    }

    #[test]
    fn a_run_that_the_runner_ended_is_judged_by_the_reason() {
        let limit = Duration::from_secs(60);
        let term = Status::Signaled {
            number: 15,
            core: false,
        };
        let outcome = judged(term, |seen| seen.ended = Some(Ending::Timeout(limit)));
        assert_eq!(text(&outcome), "timed out after 1m: no such table");
        let asked = Ending::Asked("SIGTERM".to_owned());
        let outcome = judged(Status::Exited(0), |seen| seen.ended = Some(asked));
        assert!(matches!(outcome, Outcome::Interrupted { .. }));
    }

    #[test]
    fn what_a_run_said_of_itself_counts() {
        let said = RunReport {
            kind: Some("db down".to_owned()),
            ..RunReport::default()
        };
        let outcome = judged(Status::Exited(1), |seen| seen.said = said);
        assert_eq!(outcome.failure().unwrap().kind.as_deref(), Some("db down"));
        let said = RunReport {
            retry_later: Some("locked".to_owned()),
            ..RunReport::default()
        };
        let outcome = judged(Status::Exited(1), |seen| seen.said = said.clone());
        assert!(matches!(outcome, Outcome::RetryLater { reason } if reason == "locked"));
        let killed = Status::Signaled {
            number: 9,
            core: false,
        };
        let outcome = judged(killed, |seen| seen.said = said);
        assert!(matches!(outcome, Outcome::Failure(_)));
    }

    #[test]
    fn a_function_can_say_of_itself_what_a_command_can() {
        let returned = |outcome: Outcome, said: RunReport| {
            judged(Status::Exited(0), |seen| {
                seen.is_function = true;
                seen.said = said;
                seen.answer = Some(LaunchReply::Returned(outcome.into()));
            })
        };
        let failed = || Box::new(Failure::new(FailureClass::Panic, "no"));
        let kind = || RunReport {
            kind: Some("db down".to_owned()),
            ..RunReport::default()
        };
        let outcome = returned(Outcome::Failure(failed()), kind());
        assert_eq!(outcome.failure().unwrap().kind.as_deref(), Some("db down"));
        let own = Failure {
            kind: Some("its own".to_owned()),
            ..*failed()
        };
        let outcome = returned(Outcome::Failure(Box::new(own)), kind());
        assert_eq!(outcome.failure().unwrap().kind.as_deref(), Some("its own"));
        let later = || RunReport {
            retry_later: Some("locked".to_owned()),
            ..RunReport::default()
        };
        let outcome = returned(Outcome::Failure(failed()), later());
        assert!(matches!(outcome, Outcome::RetryLater { reason } if reason == "locked"));
        let outcome = returned(Outcome::Fatal(failed()), later());
        assert!(matches!(outcome, Outcome::Fatal(_)));
    }

    #[test]
    fn the_limit_of_cpu_time_kills_with_a_signal_that_says_nothing() {
        let killed = Status::Signaled {
            number: libc::SIGKILL,
            core: false,
        };
        let limited = ChildSettings {
            rlimits: [("cpu".to_owned(), 1)].into(),
            ..ChildSettings::default()
        };
        let output = Output::default();
        let seen = RunObservation {
            settings: &limited,
            is_function: false,
            status: killed,
            answer: None,
            said: RunReport::default(),
            ended: None,
            output: &output,
        };
        let outcome = judge(seen);
        let note = &outcome.failure().unwrap().notes[0];
        assert!(note.contains("limit of CPU time"), "{note}");
    }

    #[test]
    fn a_function_that_did_not_return_is_named_by_how_it_went() {
        let gone = |status| text(&judged(status, |seen| seen.is_function = true));
        let expected = "called exit(0) instead of returning: no such table";
        assert_eq!(gone(Status::Exited(0)), expected);
        let abort = Status::Signaled {
            number: 6,
            core: false,
        };
        assert_eq!(gone(abort), "aborted (SIGABRT): no such table");
    }

    #[test]
    fn a_crash_after_a_function_returned_is_a_failure() {
        let crash = Status::Signaled {
            number: 11,
            core: false,
        };
        let outcome = judged(crash, |seen| {
            seen.is_function = true;
            seen.answer = Some(LaunchReply::Returned(FunctionResult::Success));
        });
        assert!(text(&outcome).contains("(SIGSEGV) after it returned"));
    }
}
