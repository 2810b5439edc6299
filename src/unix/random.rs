//! Names that no other instance has.

use std::fs::File;
use std::io::{self, Read};

/// Returns 32 random hexadecimal digits.
///
/// # Errors
///
/// When the system gives no random bytes.
pub(crate) fn hex_id() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
