//! The configuration: from command line, environment, file, attributes and defaults to `settings`.
