//! How simulated runs end: `F*40 S F:"disk full" R*2`.

use std::fmt;
use std::time::Duration;

use super::played::MOST_RUNS;
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::task::{self, Registration};

/// How the runs of a task end, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// In turn as listed; with success when the list is at its end.
    Outcomes(Outcomes),
    /// With the same failure for so long, then with one success.
    FailFor {
        /// How long.
        span: Duration,
        /// Whether the success has come.
        healed: bool,
    },
    /// As a function really ends that is called so often; then with success.
    Called {
        /// Which one.
        function: &'static Registration,
        /// How many runs.
        runs: u64,
        /// How many have been.
        done: u64,
    },
    /// With a failure each, whose text a function makes of the number of the run, from 0; then with
    /// success.
    #[cfg(test)]
    Each {
        /// How many runs.
        runs: u64,
        /// The text of the failure of each.
        text: fn(u64) -> String,
        /// How many have been.
        done: u64,
    },
}

/// A list of ends, each with how often it is repeated.
#[derive(Clone, Debug)]
pub(crate) struct Outcomes {
    parts: Vec<Part>,
    part: usize,
    done: u64,
}

#[derive(Clone, Debug)]
struct Part {
    end: ScriptedEnd,
    times: u64,
}

#[derive(Clone, Debug)]
enum ScriptedEnd {
    Success,
    RetryLater,
    Failure(String),
}

/// A script that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidScript {
    part: String,
    why: &'static str,
}

impl fmt::Display for InvalidScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no outcome: {}; write `F` (fails), `F:\"disk full\"` (fails so), `S` (succeeds) or `R` (retry later), each \
             perhaps with `*40`",
            self.part, self.why
        )
    }
}

impl std::error::Error for InvalidScript {}

impl Script {
    /// Reads a list of outcomes: `F*40 S F`.
    ///
    /// # Errors
    ///
    /// When it is empty, has an invalid part, or more than a million runs.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidScript> {
        let parts: Vec<Part> = words(text).map(part).collect::<Result<_, _>>()?;
        let runs = parts
            .iter()
            .map(|part| part.times)
            .fold(0, u64::saturating_add);
        let why = match runs {
            0 => Some("there is none"),
            1..=MOST_RUNS => None,
            _ => Some("more than a million runs"),
        };
        match why {
            Some(why) => Err(invalid(text, why)),
            None => Ok(Script::Outcomes(Outcomes {
                parts,
                part: 0,
                done: 0,
            })),
        }
    }

    /// Creates a script that always succeeds, and is at its end from the beginning.
    pub(crate) fn succeeds() -> Self {
        Script::Outcomes(Outcomes {
            parts: Vec::new(),
            part: 0,
            done: 0,
        })
    }

    /// Creates a script that fails for so long, then succeeds.
    pub(crate) fn fail_for(span: Duration) -> Self {
        Script::FailFor {
            span,
            healed: false,
        }
    }

    /// Creates a script that calls a function so often, then succeeds.
    pub(crate) fn called(function: &'static Registration, runs: u64) -> Self {
        Script::Called {
            function,
            runs,
            done: 0,
        }
    }

    /// Creates a script in which each of so many runs fails with a text of its own.
    #[cfg(test)]
    pub(crate) fn each(runs: u64, text: fn(u64) -> String) -> Self {
        Script::Each {
            runs,
            text,
            done: 0,
        }
    }

    /// Returns whether it has nothing more to say.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Script::Outcomes(list) => list.part >= list.parts.len(),
            Script::FailFor { healed, .. } => *healed,
            Script::Called { runs, done, .. } => done >= runs,
            #[cfg(test)]
            Script::Each { runs, done, .. } => done >= runs,
        }
    }

    /// Returns how the run ends that begins so long after the start.
    pub(super) fn next(&mut self, passed: Duration) -> Outcome {
        match self {
            Script::Outcomes(list) => list.next(),
            Script::FailFor { span, .. } if passed < *span => failure("it fails"),
            Script::FailFor { healed, .. } => {
                *healed = true;
                Outcome::Success
            }
            #[cfg(test)]
            Script::Each { runs, text, done } if *done < *runs => {
                *done += 1;
                failure(&text(*done - 1))
            }
            Script::Called {
                function,
                runs,
                done,
            } if *done < *runs => {
                *done += 1;
                task::call(function)
            }
            Script::Called { .. } => Outcome::Success,
            #[cfg(test)]
            Script::Each { .. } => Outcome::Success,
        }
    }
}

impl Outcomes {
    fn next(&mut self) -> Outcome {
        let Some(part) = self.parts.get(self.part) else {
            return Outcome::Success;
        };
        self.done += 1;
        if self.done >= part.times {
            self.part += 1;
            self.done = 0;
        }
        match &part.end {
            ScriptedEnd::Success => Outcome::Success,
            ScriptedEnd::RetryLater => Outcome::RetryLater {
                reason: "as the script says".to_owned(),
            },
            ScriptedEnd::Failure(text) => failure(text),
        }
    }
}

fn failure(text: &str) -> Outcome {
    let class = FailureClass::Error {
        type_name: "simulated".to_owned(),
    };
    Outcome::Failure(Box::new(Failure::new(class, text)))
}

/// Splits at blanks that are not between quotes.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    })
    .filter(|word| !word.is_empty())
}

fn part(word: &str) -> Result<Part, InvalidScript> {
    let (end, times) = match word.rsplit_once('*') {
        Some((end, times)) if !times.contains('"') => {
            let times = times.parse().ok().filter(|times| *times > 0);
            let why = "after `*` there must be a number from 1 on";
            (end, times.ok_or_else(|| invalid(word, why))?)
        }
        _ => (word, 1),
    };
    let end = match end.split_once(':') {
        None if end.eq_ignore_ascii_case("f") => ScriptedEnd::Failure("it fails".to_owned()),
        None if end.eq_ignore_ascii_case("s") => ScriptedEnd::Success,
        None if end.eq_ignore_ascii_case("r") => ScriptedEnd::RetryLater,
        Some((letter, text)) if letter.eq_ignore_ascii_case("f") => {
            ScriptedEnd::Failure(unquoted(word, text)?)
        }
        _ => return Err(invalid(word, "it begins with none of `F`, `S`, `R`")),
    };
    Ok(Part { end, times })
}

fn unquoted(word: &str, text: &str) -> Result<String, InvalidScript> {
    let inner = match text.strip_prefix('"') {
        Some(rest) => rest
            .strip_suffix('"')
            .ok_or_else(|| invalid(word, "a quote is not closed"))?,
        None => text,
    };
    if inner.is_empty() || inner.contains('"') {
        return Err(invalid(word, "the text is empty, or has a quote in it"));
    }
    Ok(inner.to_owned())
}

fn invalid(part: &str, why: &'static str) -> InvalidScript {
    InvalidScript {
        part: part.to_owned(),
        why,
    }
}
