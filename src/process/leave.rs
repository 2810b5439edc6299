//! Ending this process under code that does not end.

/// Ends the process at once: no destructors, no exit handlers, which the code that runs in another thread might need or hold.
pub(crate) fn now(code: u8) -> ! {
    #[expect(unsafe_code, reason = "std has no exit without exit handlers")]
    // SAFETY: _exit(2) may be called at any time; nothing of this process runs after it.
    unsafe {
        libc::_exit(i32::from(code))
    }
}
