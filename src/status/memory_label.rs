//! What the task of a memory is called.

use crate::alert::memory::TaskMemory;

/// Returns what the task of a memory is called on the screen.
pub(crate) fn label_of(memory: &TaskMemory) -> String {
    match memory.occurrence {
        0 => memory.name.clone(),
        place => format!("{}#{}", memory.name, place + 1),
    }
}
