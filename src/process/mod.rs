//! All that is Unix: pidfile, takeover, signals, child processes. Unsafe code lives here alone.
