//! What the file of the server promises.
