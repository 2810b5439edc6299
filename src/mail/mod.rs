//! How mail leaves the machine: outbox on disk, worker process, transports.
