//! The file that is read, with its text: what places in it refer to.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::origin::{FilePlace, Origin};
use super::places::LineIndex;

/// A configuration file in memory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourceFile {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// As people read it: relative to the working directory when it is in there.
    pub(crate) shown: Arc<str>,
    /// The text.
    pub(crate) text: Arc<str>,
    places: Arc<LineIndex>,
}

impl SourceFile {
    /// Creates the source of what was read from `path`. Its lines end as on Unix, whatever editor
    /// has written it: no shell takes the lines of a `shell = """…"""` otherwise (TOML leaves that
    /// open).
    pub(crate) fn new(path: PathBuf, cwd: &Path, text: &str) -> Self {
        let shown = path.strip_prefix(cwd).unwrap_or(&path);
        let text = text.replace("\r\n", "\n");
        SourceFile {
            places: Arc::new(LineIndex::of(&text)),
            shown: shown.display().to_string().into(),
            text: text.into(),
            path,
        }
    }

    /// Returns the directory that relative paths in it start from.
    pub(crate) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Returns the place of some bytes of it.
    pub(crate) fn origin(&self, span: Range<usize>) -> Origin {
        let (line, column) = self.places.position(&self.text, span.start);
        Origin::File(FilePlace {
            file: Arc::clone(&self.shown),
            line,
            column,
            span,
        })
    }
}
