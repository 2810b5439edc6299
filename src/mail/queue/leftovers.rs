//! What a process that was killed in the middle has left beside messages.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Place, Queue};
use crate::process::files;

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
        let message = self.path(Place::Queue, stem, ".eml");
        let sent = self.path(Place::Queue, stem, SENT);
        fs::rename(&message, &sent)?;
        files::sync_dir(&self.directory(Place::Queue))?;
        self.remove_sent(stem);
        Ok(())
    }

    /// Removes what killed processes have left in a place. Called by the holder of the lock.
    pub(crate) fn sweep(&self, place: Place, now: SystemTime) {
        let entries = fs::read_dir(self.directory(place)).into_iter().flatten();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let path = Path::new(&name);
            let stem = path.file_stem().unwrap_or_default();
            match path.extension().and_then(OsStr::to_str) {
                Some("sent") => self.remove_sent(stem),
                Some("json" | "state") => {
                    let written = entry.metadata().and_then(|meta| meta.modified());
                    let age = written
                        .ok()
                        .and_then(|written| now.duration_since(written).ok());
                    let is_old = age.is_some_and(|age| age > LONGEST_ALONE);
                    if is_old && !self.path(place, stem, ".eml").exists() {
                        let _ = files::remove(&entry.path());
                    }
                }
                _ => {}
            }
        }
    }

    fn remove_sent(&self, stem: &OsStr) {
        self.remove_companions(Place::Queue, stem);
        let _ = files::remove(&self.path(Place::Queue, stem, SENT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> (tempfile::TempDir, Queue) {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::of(dir.path());
        queue.prepare().unwrap();
        (dir, queue)
    }

    fn names(queue: &Queue) -> Vec<String> {
        let entries = fs::read_dir(queue.directory(Place::Queue)).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_process_that_died_while_it_removed_a_message_leaves_nothing() {
        let (_dir, queue) = queue();
        for name in ["a.sent", "a.json", "a.state"] {
            fs::write(queue.directory(Place::Queue).join(name), "x").unwrap();
        }
        queue.sweep(Place::Queue, SystemTime::UNIX_EPOCH);
        assert_eq!(names(&queue), [""; 0]);
    }

    #[test]
    fn an_envelope_may_be_there_before_its_message_but_not_for_ever() {
        let (_dir, queue) = queue();
        let path = queue.directory(Place::Queue).join("a.json");
        fs::write(&path, "x").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        queue.sweep(Place::Queue, written + Duration::from_secs(60));
        assert_eq!(names(&queue), ["a.json"]);
        queue.sweep(Place::Queue, written + Duration::from_secs(3601));
        assert_eq!(names(&queue), [""; 0]);
    }

    #[test]
    fn what_belongs_to_a_message_stays() {
        let (_dir, queue) = queue();
        for name in ["a.eml", "a.json", "a.state"] {
            fs::write(queue.directory(Place::Queue).join(name), "x").unwrap();
        }
        let later = fs::metadata(queue.directory(Place::Queue))
            .unwrap()
            .modified()
            .unwrap();
        queue.sweep(Place::Queue, later + Duration::from_secs(86_400));
        assert_eq!(names(&queue).len(), 3);
        queue.remove(OsStr::new("a")).unwrap();
        assert_eq!(names(&queue), [""; 0]);
    }
}
