//! When a delivery is tried again. Pure.

use std::time::{Duration, SystemTime};

use super::delivery_error::{DeliveryError, ErrorClass};

/// The first pause after a failed attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause; and the only one where somebody has to change something.
const LONGEST_PAUSE: Duration = Duration::from_secs(30 * 60);
/// The least pause when a message may have arrived.
pub(super) const UNANSWERED_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The pause where this process lacked something, or the disk refused a mail: that may be over
/// in a moment.
pub(super) const SHORTAGE_PAUSE: Duration = Duration::from_secs(3);
/// The longest pause of a user's deferred message.
const LONGEST_DEFERRAL: Duration = Duration::from_secs(3600);
/// How long a mail is kept.
const LIFETIME: Duration = Duration::from_secs(5 * 86_400);
/// A machine that slept for a week, or whose clock jumped, has not tried for five days.
const LEAST_ATTEMPTS_OF_A_LIFE: u32 = 16;
/// How far jitter goes, as a part of the whole.
const JITTER_PARTS: u64 = 5;

/// Returns the pause after the `attempts`-th failed attempt (from 1), ±20 % by `dice`, any number.
pub(crate) fn pause(class: ErrorClass, attempts: u32, dice: u64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    let pause = doubled.min(LONGEST_PAUSE);
    match class {
        ErrorClass::Setup | ErrorClass::Sender | ErrorClass::Relay => LONGEST_PAUSE,
        ErrorClass::Unanswered => jittered(pause.max(UNANSWERED_PAUSE), dice).max(UNANSWERED_PAUSE),
        _ => jittered(pause, dice),
    }
}

/// As [`pause`], but shorter where nothing but this process was the trouble.
pub(crate) fn pause_after(trouble: &DeliveryError, attempts: u32, dice: u64) -> Duration {
    match trouble.is_shortage {
        true => SHORTAGE_PAUSE,
        false => pause(trouble.class, attempts, dice),
    }
}

fn jittered(pause: Duration, dice: u64) -> Duration {
    let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    let reach = millis / JITTER_PARTS;
    Duration::from_millis(millis - reach + dice % (2 * reach + 1))
}

/// Returns whether a time that was set as "not before" has come. One that is further away than any
/// pause was set by a clock that has since been turned back: it has come.
pub(crate) fn is_due(not_before: SystemTime, now: SystemTime) -> bool {
    match not_before.duration_since(now) {
        Err(_) => true,
        Ok(left) => left.is_zero() || left > LONGEST_PAUSE * 2,
    }
}

/// Returns whether a mail has been tried for long enough.
pub(crate) fn is_expired(created: SystemTime, attempts: u32, now: SystemTime) -> bool {
    match now.duration_since(created) {
        Ok(age) => age > LIFETIME && attempts >= LEAST_ATTEMPTS_OF_A_LIFE,
        Err(_) => fills_a_life(attempts, LONGEST_PAUSE),
    }
}

/// Returns whether a user's deferred message, whose attempts began at `since`, has been tried for
/// long enough.
pub(crate) fn is_deferred_too_long(since: SystemTime, attempts: u32, now: SystemTime) -> bool {
    match now.duration_since(since) {
        Ok(age) => age > LIFETIME,
        Err(_) => fills_a_life(attempts, LONGEST_DEFERRAL),
    }
}

/// Returns whether so many attempts take as long as a mail is kept. They count where the clock was
/// ahead at the first.
fn fills_a_life(attempts: u32, pause: Duration) -> bool {
    pause.saturating_mul(attempts) > LIFETIME
}

/// Returns the pause before a user's deferred message is brought back: 1 min · 2ⁿ up to 1 h.
pub(crate) fn deferral(attempts: u32) -> Duration {
    const FIRST: Duration = Duration::from_secs(60);
    FIRST
        .saturating_mul(1 << attempts.saturating_sub(1).min(16))
        .min(LONGEST_DEFERRAL)
}

/// Returns whether an error of this count is logged: the 1st, 2nd, 4th, 8th …
pub(crate) fn is_told(count: u64) -> bool {
    count.is_power_of_two()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn pauses_double_up_to_half_an_hour_give_or_take_a_fifth() {
        for (attempts, seconds) in [(1, 30), (2, 60), (3, 120), (7, 1800), (4_000_000, 1800)] {
            for dice in [0, 1, 7_919, u64::MAX] {
                let pause = pause(ErrorClass::Path, attempts, dice).as_secs_f64();
                let expected = f64::from(seconds);
                assert!(
                    (expected * 0.8..=expected * 1.2).contains(&pause),
                    "{attempts} {dice}"
                );
            }
        }
    }

    #[test]
    fn what_may_have_arrived_rests_for_five_minutes_and_what_needs_a_person_for_thirty() {
        for dice in [0, 3, u64::MAX] {
            assert!(pause(ErrorClass::Unanswered, 1, dice) >= 5 * MINUTE);
            assert_eq!(pause(ErrorClass::Setup, 1, dice), 30 * MINUTE);
            assert_eq!(pause(ErrorClass::Sender, 9, dice), 30 * MINUTE);
        }
    }

    #[test]
    fn a_clock_turned_back_by_ten_years_delays_nothing() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        assert!(is_due(now, now));
        assert!(!is_due(now + 29 * MINUTE, now));
        assert!(is_due(now + Duration::from_secs(10 * 365 * 86_400), now));
    }

    #[test]
    fn a_clock_turned_forward_by_ten_years_expires_nothing() {
        let created = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let later = created + Duration::from_secs(10 * 365 * 86_400);
        assert!(!is_expired(created, 3, later));
        assert!(is_expired(created, 240, later));
        assert!(!is_expired(
            created,
            240,
            created + Duration::from_secs(4 * 86_400)
        ));
    }

    #[test]
    fn a_mail_of_a_clock_that_was_ahead_is_tried_for_no_longer_than_another() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let ahead = now + Duration::from_secs(400 * 86_400);
        assert!(!is_expired(ahead, 240, now) && is_expired(ahead, 241, now));
        assert!(!is_deferred_too_long(ahead, 120, now) && is_deferred_too_long(ahead, 121, now));
    }

    #[test]
    fn deferred_messages_come_back_after_a_minute_and_at_least_hourly() {
        assert_eq!(deferral(1), MINUTE);
        assert_eq!(deferral(2), 2 * MINUTE);
        assert_eq!(deferral(99), 60 * MINUTE);
    }

    #[test]
    fn errors_are_told_ever_more_rarely() {
        let told: Vec<u64> = (1..=20).filter(|count| is_told(*count)).collect();
        assert_eq!(told, [1, 2, 4, 8, 16]);
    }
}
