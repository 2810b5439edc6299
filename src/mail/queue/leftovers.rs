//! What a process that was killed in the middle has left beside messages.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::defer::remove_companions;
use super::{Queue, QueuePlace, file_of};
use crate::unix::trusted_paths::PrivateDir;

/// A message that all its recipients have, on its way out: its companions go, then it goes itself.
const SENT: &str = ".sent";
/// How long an envelope may wait for its message: a program may write it first.
const LONGEST_ALONE: Duration = Duration::from_secs(3600);

impl Queue {
    /// Removes a message that all its recipients have.
    ///
    /// # Errors
    ///
    /// When the disk refuses: it would be sent again.
    pub(crate) fn remove(&self, stem: &OsStr) -> io::Result<()> {
        let queue = self.open(QueuePlace::Queue)?;
        queue.rename(file_of(stem, ".eml"), file_of(stem, SENT))?;
        queue.sync()?;
        remove_sent(&queue, stem);
        Ok(())
    }

    /// Removes what killed processes have left in a place. Called by the holder of the lock.
    pub(crate) fn sweep(&self, place: QueuePlace, now: SystemTime) {
        let Ok(directory) = self.open(place) else {
            return;
        };
        for name in directory.names().unwrap_or_default() {
            let path = Path::new(&name);
            let stem = path.file_stem().unwrap_or_default();
            match path.extension().and_then(OsStr::to_str) {
                Some("sent") => remove_sent(&directory, stem),
                Some("json" | "state") => {
                    let age = now.duration_since(directory.written(path)).ok();
                    let is_old = age.is_some_and(|age| age > LONGEST_ALONE);
                    if is_old && matches!(directory.stat(file_of(stem, ".eml")), Ok(None)) {
                        let _ = directory.remove(path);
                    }
                }
                _ => {}
            }
        }
    }
}

fn remove_sent(directory: &PrivateDir, stem: &OsStr) {
    remove_companions(directory, stem);
    let _ = directory.remove(file_of(stem, SENT));
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn queue() -> (tempfile::TempDir, Queue) {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::of(dir.path());
        queue.prepare().unwrap();
        (dir, queue)
    }

    fn names(queue: &Queue) -> Vec<String> {
        let entries = fs::read_dir(queue.directory(QueuePlace::Queue)).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_process_that_died_while_it_removed_a_message_leaves_nothing() {
        let (_dir, queue) = queue();
        for name in ["a.sent", "a.json", "a.state"] {
            fs::write(queue.directory(QueuePlace::Queue).join(name), "x").unwrap();
        }
        queue.sweep(QueuePlace::Queue, SystemTime::UNIX_EPOCH);
        assert_eq!(names(&queue), [""; 0]);
    }

    #[test]
    fn an_envelope_may_be_there_before_its_message_but_not_for_ever() {
        let (_dir, queue) = queue();
        let path = queue.directory(QueuePlace::Queue).join("a.json");
        fs::write(&path, "x").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        queue.sweep(QueuePlace::Queue, written + Duration::from_secs(60));
        assert_eq!(names(&queue), ["a.json"]);
        queue.sweep(QueuePlace::Queue, written + Duration::from_secs(3601));
        assert_eq!(names(&queue), [""; 0]);
    }

    #[test]
    fn what_belongs_to_a_message_stays() {
        let (_dir, queue) = queue();
        for name in ["a.eml", "a.json", "a.state"] {
            fs::write(queue.directory(QueuePlace::Queue).join(name), "x").unwrap();
        }
        let later = fs::metadata(queue.directory(QueuePlace::Queue))
            .unwrap()
            .modified()
            .unwrap();
        queue.sweep(QueuePlace::Queue, later + Duration::from_secs(86_400));
        assert_eq!(names(&queue).len(), 3);
        queue.remove(OsStr::new("a")).unwrap();
        assert_eq!(names(&queue), [""; 0]);
    }
}
