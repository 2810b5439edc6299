//! The log: text in the words that people grep for, or JSON lines.
