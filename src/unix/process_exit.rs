//! Ending this process under code that does not end, and what is done when code that is not ours
//! ends it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

/// Ends the process at once: no destructors, no exit handlers, which the code that runs in another
/// thread might need or hold.
pub(crate) fn now(code: u8) -> ! {
    #[expect(unsafe_code, reason = "std has no exit without exit handlers")]
    // SAFETY: _exit(2) may be called at any time; nothing of this process runs after it.
    unsafe {
        libc::_exit(i32::from(code))
    }
}

/// Has `act` called when somebody calls exit(3): the end of `main`, or code that does not know in
/// whose process it is. Only the first call of a process changes anything.
pub(crate) fn at_exit(act: impl Fn() + Send + Sync + 'static) {
    type Act = Box<dyn Fn() + Send + Sync>;
    static ACT: OnceLock<Act> = OnceLock::new();
    extern "C" fn call() {
        if let Some(act) = ACT.get() {
            // A panic must not cross into C.
            let _ = catch_unwind(AssertUnwindSafe(act));
        }
    }
    if ACT.set(Box::new(act)).is_ok() {
        #[expect(unsafe_code, reason = "std knows no exit handlers")]
        // SAFETY: the handler is a function of this program, takes nothing and unwinds nowhere;
        // that there is no room for it changes nothing.
        let _ = unsafe { libc::atexit(call) };
    }
}
