//! How often logins may fail: five times a minute from one address, six hundred times in all. Pure.

use std::collections::HashMap;
use std::time::Duration;

use crate::core::time::Mono;

/// How long failures are remembered.
const WINDOW: Duration = Duration::from_secs(60);
/// How many failures one address has in a window.
const MOST_OF_ONE: u32 = 5;
/// How many failures there are in a window.
const MOST_OF_ALL: u32 = 600;
/// How many addresses are remembered.
const MOST_ADDRESSES: usize = 1024;

/// The answer to one more login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThrottleVerdict {
    /// The token of the login is looked up.
    Open,
    /// The login is refused for so long, whatever its token is.
    Wait(Duration),
}

#[derive(Clone, Copy, Debug)]
struct FailureWindow {
    since: Mono,
    failures: u32,
}

/// Counts failed logins.
#[derive(Debug, Default)]
pub(crate) struct LoginThrottle {
    of_addresses: HashMap<u64, FailureWindow>,
    of_all: Option<FailureWindow>,
}

impl FailureWindow {
    fn is_over(&self, now: Mono) -> bool {
        now.since(self.since) >= WINDOW
    }

    fn rest(&self, now: Mono) -> Duration {
        WINDOW.saturating_sub(now.since(self.since))
    }
}

impl LoginThrottle {
    /// Returns the answer to a login from an address.
    pub(crate) fn look(&self, address: u64, now: Mono) -> ThrottleVerdict {
        let of_one = self.of_addresses.get(&address);
        let of_one = of_one.filter(|window| window.failures >= MOST_OF_ONE);
        let of_all = self.of_all.as_ref();
        let of_all = of_all.filter(|window| window.failures >= MOST_OF_ALL);
        let closed = [of_one, of_all].into_iter().flatten();
        let rest = closed
            .filter(|window| !window.is_over(now))
            .map(|window| window.rest(now))
            .max();
        rest.map_or(ThrottleVerdict::Open, ThrottleVerdict::Wait)
    }

    /// Takes note of a failure; returns how many more the address has.
    pub(crate) fn failed(&mut self, address: u64, now: Mono) -> u32 {
        self.make_room(address, now);
        let fresh = FailureWindow {
            since: now,
            failures: 0,
        };
        let windows = [
            self.of_addresses.entry(address).or_insert(fresh),
            self.of_all.get_or_insert(fresh),
        ];
        for window in windows {
            if window.is_over(now) {
                *window = fresh;
            }
            window.failures += 1;
        }
        let failures = self.of_addresses.get(&address).map_or(0, |it| it.failures);
        MOST_OF_ONE.saturating_sub(failures)
    }

    /// Forgets what an address has failed: its login has succeeded.
    pub(crate) fn succeeded(&mut self, address: u64) {
        self.of_addresses.remove(&address);
    }

    fn make_room(&mut self, address: u64, now: Mono) {
        let is_new = !self.of_addresses.contains_key(&address);
        if !is_new || self.of_addresses.len() < MOST_ADDRESSES {
            return;
        }
        self.of_addresses.retain(|_, window| !window.is_over(now));
        if self.of_addresses.len() >= MOST_ADDRESSES {
            let least = self.of_addresses.iter().min_by_key(|(_, it)| it.failures);
            if let Some(least) = least.map(|(address, _)| *address) {
                self.of_addresses.remove(&least);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Mono {
        Mono::BOOT + Duration::from_secs(1000 + secs)
    }

    #[test]
    fn the_sixth_try_in_a_minute_waits_and_others_do_not() {
        let mut throttle = LoginThrottle::default();
        for left in (0..5).rev() {
            assert_eq!(throttle.look(1, at(0)), ThrottleVerdict::Open);
            assert_eq!(throttle.failed(1, at(0)), left);
        }
        let wait = ThrottleVerdict::Wait(Duration::from_secs(50));
        assert_eq!(throttle.look(1, at(10)), wait);
        assert_eq!(throttle.look(2, at(10)), ThrottleVerdict::Open);
        assert_eq!(throttle.look(1, at(60)), ThrottleVerdict::Open);
        assert_eq!(throttle.failed(1, at(60)), 4);
        throttle.succeeded(1);
        assert_eq!(throttle.failed(1, at(60)), 4);
    }

    #[test]
    fn many_addresses_take_bounded_memory_and_wait_together() {
        let mut throttle = LoginThrottle::default();
        for address in 0..100_000 {
            throttle.failed(address, at(0));
        }
        assert!(throttle.of_addresses.len() <= MOST_ADDRESSES);
        assert!(matches!(
            throttle.look(1 << 50, at(1)),
            ThrottleVerdict::Wait(_)
        ));
        assert_eq!(throttle.look(1 << 50, at(61)), ThrottleVerdict::Open);
    }
}
