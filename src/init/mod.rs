//! What `init` writes: a configuration or a crate to begin with, from templates. No file that is
//! there is replaced.

pub(crate) mod new_file;
pub(crate) mod template;
