//! The launcher of a program and the keeper begin before `main`.
//!
//! What the runtime does before `main` (it reads `/proc/self/maps` to find the end of the stack,
//! and makes handlers for signals) takes as long as all that the launcher does itself, and a
//! program that is about to be replaced needs none of it. So the C library calls us while it
//! initialises this process, with the arguments, as it calls the constructors of C++. Where it
//! passes none (musl), or the linker drops the entry, `main` does the same work.
//!
//! The keeper begins here because what a user's `main` does before it calls ours (threads, large
//! tables) is not to be done, and kept in memory, a second time.
//!
//! Functions wait for `main`: they are promised a whole runtime, with its word about an overflow of
//! the stack.

use std::ffi::{CStr, c_char, c_int};

use super::super::keeper;
use super::super::self_exe::{KEEPER, LAUNCHER, OF_A_PROGRAM};
use super::launcher::{self, FunctionHooks};

/// Called with the number of arguments, these, and the environment.
type Constructor = extern "C" fn(c_int, *const *const c_char, *const *const c_char);

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[used]
#[expect(unsafe_code, reason = "the section has a meaning to the C library")]
// SAFETY: the section holds addresses of functions of this type, which the GNU C library calls
// once, in the only thread.
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: Constructor = before_main;

extern "C" fn before_main(
    count: c_int,
    arguments: *const *const c_char,
    _environment: *const *const c_char,
) {
    if is(count, arguments, 1, LAUNCHER) && is(count, arguments, 2, OF_A_PROGRAM) {
        leave(launcher::obey(FunctionHooks::NONE));
    }
    if is(count, arguments, 1, KEEPER) {
        leave(keeper::obey());
    }
}

#[expect(unsafe_code, reason = "arguments as C has them")]
fn is(count: c_int, arguments: *const *const c_char, index: u8, expected: &str) -> bool {
    if c_int::from(index) >= count {
        return false;
    }
    // SAFETY: there are `count` of them, each ends with NUL, and they live as long as the process.
    let argument = unsafe { CStr::from_ptr(*arguments.add(usize::from(index))) };
    argument.to_bytes() == expected.as_bytes()
}

/// Ends the process: there is no `main` that could return.
#[expect(
    unsafe_code,
    reason = "nothing is to be flushed or called at the end of a process that has not begun"
)]
fn leave(code: u8) -> ! {
    // SAFETY: the call takes a number and does not return.
    unsafe { libc::_exit(c_int::from(code)) }
}
