//! The clocks of this machine. Everybody else takes time as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::time::{Moment, Mono};

/// Reads both clocks.
pub(crate) fn now() -> Moment {
    Moment {
        mono: mono(),
        wall: wall(),
    }
}

/// Reads the boot clock.
pub(crate) fn mono() -> Mono {
    let read =
        clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has had this clock since 2.6.39");
    Mono::from_nanos(read.tv_sec() * 1_000_000_000 + read.tv_nsec())
}

/// Reads the wall clock; the epoch for a clock set before it.
pub(crate) fn wall() -> SystemTime {
    let read = clock_gettime(ClockId::CLOCK_REALTIME).expect("each POSIX system has this clock");
    let secs = u64::try_from(read.tv_sec()).unwrap_or(0);
    let nanos = u32::try_from(read.tv_nsec()).unwrap_or(0);
    UNIX_EPOCH + Duration::new(secs, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_goes_forward() {
        let earlier = mono();
        assert!(mono() >= earlier && earlier > Mono::BOOT);
    }
}
