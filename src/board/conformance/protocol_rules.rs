//! The rules of the protocol that a board keeps, each with the story that follows without it.
