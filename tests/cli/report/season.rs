//! Ninety days of three chains, written by the writer of the history itself under a clock of its own.

use std::path::Path;
use std::time::Duration;

use run_functions::__internal::history::MeasuredChain;
use run_functions::__internal::{Failure, FailureClass, Outcome};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const ROOM: u64 = 64 << 20;
/// After how long a task that is down is told of again.
const REMINDER: Duration = Duration::from_secs(12 * 3600);

/// A time in which runs of a task fail.
pub(crate) struct Trouble {
    /// How long before now it begins and ends.
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    /// Exit code and last line of each kind of failure, in turns.
    pub(crate) errors: &'static [(i32, &'static str)],
    /// How long a failed run takes.
    pub(crate) took: Duration,
}

/// A task: how long its runs take, by the day and a random number from 0 to 1, and when they fail.
pub(crate) struct Role {
    pub(crate) label: &'static str,
    pub(crate) cooldown: Duration,
    pub(crate) took: fn(f64, f64) -> f64,
    pub(crate) troubles: Vec<Trouble>,
}

/// What is remembered of an outage while it lasts.
#[derive(Default)]
struct Outage {
    since: Option<Duration>,
    known: Vec<&'static str>,
    reminders: u32,
}

/// Random numbers that are the same each time (Lehmer).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 as f64 / f64::from(0x7fff_ffff)
    }
}

/// Writes the past of a chain from so long ago up to so long ago.
pub(crate) fn write(state_dir: &Path, name: &str, roles: &[Role], from: Duration, until: Duration) {
    let labels = roles.iter().map(|role| role.label.to_owned()).collect();
    let mut chain = MeasuredChain::begun(state_dir, name, labels, ROOM, from);
    let start = chain.now();
    let mut dice = Dice(name.len() as u64 * 7919 + 1);
    let mut outages: Vec<Outage> = roles.iter().map(|_| Outage::default()).collect();
    let mut pause = Duration::ZERO;
    loop {
        for (role, outage) in roles.iter().zip(&mut outages) {
            let passed = chain.now().duration_since(start).unwrap() + pause;
            let Some(ago) = from.checked_sub(passed).filter(|ago| *ago > until) else {
                return;
            };
            let trouble = role
                .troubles
                .iter()
                .find(|trouble| (trouble.until..trouble.from).contains(&ago));
            match trouble {
                Some(trouble) => fail(&mut chain, pause, trouble, outage, ago, dice.next()),
                None => {
                    let days = passed.as_secs_f64() / DAY.as_secs_f64();
                    let took = Duration::from_secs_f64((role.took)(days, dice.next()));
                    chain.run(pause, took, &Outcome::Success);
                    outage.since = None;
                }
            }
            pause = role.cooldown;
        }
    }
}

fn fail(
    chain: &mut MeasuredChain,
    pause: Duration,
    trouble: &Trouble,
    outage: &mut Outage,
    ago: Duration,
    dice: f64,
) {
    let (code, line) = trouble.errors[(dice * trouble.errors.len() as f64) as usize];
    let failure = Failure {
        kind: Some(format!(
            "{:012x}",
            line.bytes().fold(code as u64, |hash, byte| hash
                .wrapping_mul(0x0100_0000_01b3)
                ^ u64::from(byte))
                & 0xffff_ffff_ffff
        )),
        ..Failure::new(FailureClass::Exit(code), line)
    };
    let text = failure.text();
    chain.run(pause, trouble.took, &Outcome::Failure(Box::new(failure)));
    let is_first = outage.known.is_empty();
    let is_new = !outage.known.contains(&line);
    if outage.since.is_none() {
        (outage.since, outage.reminders) = (Some(ago), 0);
    }
    let down = outage.since.unwrap().saturating_sub(ago);
    if is_new {
        outage.known.push(line);
    }
    if is_first {
        chain.mailed("first", &format!("First exception caught: {text}"));
    } else if is_new {
        chain.mailed("new", &format!("New exception caught: {text}"));
    } else if down >= REMINDER * (outage.reminders + 1) {
        outage.reminders += 1;
        let sort = if outage.reminders == 1 {
            "downtime"
        } else {
            "again"
        };
        chain.mailed(sort, "Non recoverable downtime reached");
    } else {
        chain.silent("same kind already mailed; downtime below 12h");
    }
}

fn trouble(
    from: Duration,
    long: Duration,
    took: Duration,
    errors: &'static [(i32, &'static str)],
) -> Trouble {
    Trouble {
        from,
        until: from.saturating_sub(long),
        errors,
        took,
    }
}

/// Writes the past of a machine that sends mail, imports orders and makes backups. Something is down now.
pub(crate) fn of_a_shop(state_dir: &Path) {
    let secs = Duration::from_secs;
    let mail = [
        Role {
            label: "tasks::send_mail",
            cooldown: 10 * MINUTE,
            took: |days, dice| {
                1.4 + (days * std::f64::consts::TAU).sin().max(0.0) * 1.5
                    + dice * dice * 1.2
                    + days / 120.0
            },
            troubles: vec![
                trouble(
                    52 * DAY + 3 * HOUR,
                    3 * HOUR + 20 * MINUTE,
                    secs(60),
                    &[(
                        1,
                        "the mail server mail.example.org:465 does not answer: connection timed out",
                    )],
                ),
                trouble(
                    13 * DAY + 9 * HOUR,
                    38 * HOUR,
                    secs(2),
                    &[
                        (
                            1,
                            "the certificate of mail.example.org has expired (notAfter=Nov  9 23:59:59 2026 GMT)",
                        ),
                        (
                            1,
                            "421 4.7.0 mail.example.org Error: too many connections from 192.0.2.17",
                        ),
                    ],
                ),
            ],
        },
        Role {
            label: "tasks::retry_deferred",
            cooldown: 10 * MINUTE,
            took: |_, dice| 0.08 + dice * 0.05 + if dice > 0.995 { 2.5 } else { 0.0 },
            troubles: vec![trouble(
                52 * DAY + 3 * HOUR,
                3 * HOUR + 20 * MINUTE,
                secs(60),
                &[(
                    75,
                    "the mail server mail.example.org:465 does not answer: connection timed out",
                )],
            )],
        },
    ];
    write(
        state_dir,
        "send_mail_retry_deferred",
        &mail,
        88 * DAY,
        11 * MINUTE,
    );
    let imports = [Role {
        label: "tasks::import_orders",
        cooldown: 4 * MINUTE,
        took: |days, dice| {
            (0.4 + dice * 0.5) * if days > 61.0 { 2.6 } else { 1.0 }
                + if dice > 0.9996 { 95.0 } else { 0.0 }
        },
        troubles: vec![
            trouble(
                70 * DAY,
                12 * MINUTE,
                secs(1),
                &[(
                    3,
                    "HTTP 502 Bad Gateway at https://shop.example.org/api/orders",
                )],
            ),
            trouble(
                69 * DAY,
                9 * MINUTE,
                secs(1),
                &[(
                    3,
                    "HTTP 502 Bad Gateway at https://shop.example.org/api/orders",
                )],
            ),
            trouble(
                31 * DAY,
                30 * MINUTE,
                secs(30),
                &[(
                    3,
                    "HTTP 504 Gateway Timeout at https://shop.example.org/api/orders",
                )],
            ),
            trouble(
                30 * DAY,
                10 * MINUTE,
                secs(30),
                &[(
                    3,
                    "HTTP 504 Gateway Timeout at https://shop.example.org/api/orders",
                )],
            ),
            trouble(
                24 * DAY,
                70 * MINUTE,
                secs(1),
                &[
                    (
                        3,
                        "HTTP 502 Bad Gateway at https://shop.example.org/api/orders",
                    ),
                    (4, "KeyError: 'vat_id' in order 202611-48113"),
                ],
            ),
            trouble(
                5 * HOUR + 12 * MINUTE,
                DAY,
                secs(1),
                &[
                    (4, "KeyError: 'vat_id' in order 202611-48213"),
                    (
                        1,
                        "psycopg.OperationalError: connection to server at \"db1\" (10.0.0.5), port 5432 failed: FATAL: too many connections for role \"shop\"",
                    ),
                ],
            ),
        ],
    }];
    write(state_dir, "import_orders", &imports, 88 * DAY, MINUTE);
    let nightly = [Role {
        label: "tasks::backup_database",
        cooldown: DAY - 20 * MINUTE,
        took: |days, dice| 840.0 + days * 5.0 + dice * 120.0,
        troubles: vec![trouble(
            40 * DAY + HOUR,
            DAY,
            secs(31),
            &[(
                1,
                "pg_dump: error: could not write to output file: No space left on device",
            )],
        )],
    }];
    write(state_dir, "backup_database", &nightly, 75 * DAY, HOUR);
}
