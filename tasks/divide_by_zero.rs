//! A task that always fails, to see what a failing task looks like: in the log, in the inbox, in `status`.

use std::hint::black_box;

/// Divides by zero, which panics. Short pauses, so that nobody has to wait for what comes next.
#[run_functions::task(fail_cooldown = "1s", non_recoverable_downtime = "3s")]
fn divide_by_zero() {
    // The compiler would refuse a division that it can see through.
    let (dividend, divisor) = (black_box(1_i32), black_box(0_i32));
    black_box(dividend / divisor);
}
