//! Whether this process has what it will need: to be asked before something is given up for it.

use std::fs::File;
use std::io;

/// Returns an error unless `count` more descriptors could be opened now.
///
/// # Errors
///
/// When the limit of this process or of the machine is reached.
pub(crate) fn descriptors(count: usize) -> io::Result<()> {
    let held: io::Result<Vec<File>> = (0..count).map(|_| File::open("/dev/null")).collect();
    held.map(drop)
}
