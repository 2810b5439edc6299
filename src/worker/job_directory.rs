//! The directory of a job, `$JOB_DIR`: the working directory of its steps, and where they leave
//! their results.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, chown};

use crate::board::JobId;
use crate::job::step_result::{self, CONTROL_DIRECTORY, MOST_BYTES};
use crate::unix::child::find_user;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};

/// The directory below STATE_DIR.
const BELOW: &str = "jobs";
/// Others may go through the directory, and not look into it.
const FOR_PASSING: u32 = 0o711;
/// The directories are for the user of the steps alone.
const FOR_ITS_OWNER: u32 = 0o700;

/// Where the directories of jobs are.
#[derive(Debug)]
pub(crate) struct JobDirectories {
    parent: PrivateDir,
}

/// The directory of one job.
#[derive(Debug)]
pub(crate) struct JobDirectory {
    path: PathBuf,
}

impl JobDirectories {
    /// Opens the directories below STATE_DIR.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used safely.
    pub(crate) fn open(state_dir: &PrivateDir) -> Result<Self, UntrustedPath> {
        let parent = state_dir.below(BELOW)?;
        // The users of steps go through it; what is in it is closed to others.
        let mode = Permissions::from_mode(FOR_PASSING);
        fs::set_permissions(parent.path(), mode)
            .map_err(|error| state_dir.io_error(BELOW, error))?;
        Ok(JobDirectories { parent })
    }

    /// Creates the directory of a job, unless it is there from an earlier claim.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub(crate) fn of(&self, job: JobId) -> io::Result<JobDirectory> {
        let path = self.path_of(job);
        create(&path)?;
        create(&path.join(CONTROL_DIRECTORY))?;
        Ok(JobDirectory { path })
    }

    /// Removes the directory of a job that is over, with all in it.
    ///
    /// # Errors
    ///
    /// When something in it cannot be removed.
    pub(crate) fn remove(&self, job: JobId) -> io::Result<()> {
        match fs::remove_dir_all(self.path_of(job)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns the jobs that have a directory here.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn jobs(&self) -> io::Result<Vec<JobId>> {
        let entries = fs::read_dir(self.parent.path())?;
        let names = entries.flatten().map(|entry| entry.file_name());
        let ids = names.filter_map(|name| name.to_str()?.parse().ok());
        Ok(ids.collect())
    }

    fn path_of(&self, job: JobId) -> PathBuf {
        self.parent.path().join(job.to_string())
    }
}

impl JobDirectory {
    /// Returns the path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Hands the directory to the user of a step, and removes what an earlier attempt of the step
    /// gave. Returns the file for the result.
    ///
    /// # Errors
    ///
    /// When the user is unknown, or the system refuses.
    pub(crate) fn prepare(&self, step: &str, user: Option<&str>) -> io::Result<PathBuf> {
        let file = self.path.join(step_result::path(step));
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Some(name) = user {
            let found = find_user(name)?;
            let found = found.ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("no user is called `{name}`"),
                )
            })?;
            self.check_way(name, found.uid, found.gid)?;
            for path in [&self.path, &self.path.join(CONTROL_DIRECTORY)] {
                hand_over(path, found.uid, found.gid)?;
            }
        }
        Ok(file)
    }

    /// Checks that a user may enter all directories above.
    fn check_way(&self, name: &str, user: Uid, group: Gid) -> io::Result<()> {
        for above in self.path.ancestors().skip(1) {
            let found = fs::metadata(above)?;
            let bit = match (found.uid() == user.as_raw(), found.gid() == group.as_raw()) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if !user.is_root() && found.mode() & bit == 0 {
                let above = above.display();
                return Err(io::Error::other(format!(
                    "`{name}` may not enter `{above}`: `chmod o+x {above}`"
                )));
            }
        }
        Ok(())
    }

    /// Reads what a step has left as its result: without following links, and only if that is a
    /// regular file with one link that belongs to the user of the directory.
    ///
    /// # Errors
    ///
    /// When the file may not be read.
    pub(crate) fn result(&self, step: &str) -> io::Result<Vec<u8>> {
        let path = self.path.join(step_result::path(step));
        let mut options = File::options();
        options.read(true);
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
        let file = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
                return Err(io::Error::other("the result file is a link"));
            }
            opened => opened?,
        };
        let found = file.metadata()?;
        let owner = fs::metadata(&self.path)?.uid();
        if !found.is_file() || found.nlink() != 1 || found.uid() != owner {
            let what = "the result file is no regular file of the step's user with one name";
            return Err(io::Error::other(what));
        }
        let mut content = Vec::new();
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1))
            .read_to_end(&mut content)?;
        Ok(content)
    }
}

fn create(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(FOR_ITS_OWNER).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

fn hand_over(path: &Path, user: Uid, group: Gid) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() || found.uid() == user.as_raw() {
        return Ok(());
    }
    chown(path, Some(user), Some(group)).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, JobDirectories) {
        let place = tempfile::tempdir().unwrap();
        let state = PrivateDir::open(&place.path().join("run")).unwrap();
        let directories = JobDirectories::open(&state).unwrap();
        (place, directories)
    }

    #[test]
    fn a_directory_lives_from_the_first_claim_to_the_end() {
        let (_place, directories) = directory();
        let job = directories.of(JobId(7)).unwrap();
        fs::write(job.path().join("left"), "").unwrap();
        let again = directories.of(JobId(7)).unwrap();
        assert!(again.path().join("left").exists());
        directories.remove(JobId(7)).unwrap();
        assert!(!again.path().exists());
        directories.remove(JobId(7)).unwrap();
    }

    #[test]
    fn only_a_plain_file_of_the_step_is_a_result() {
        let (_place, directories) = directory();
        let job = directories.of(JobId(7)).unwrap();
        assert_eq!(job.result("fetch").unwrap(), b"");
        let file = job.prepare("fetch", None).unwrap();
        fs::write(&file, "{}").unwrap();
        assert_eq!(job.result("fetch").unwrap(), b"{}");
        fs::hard_link(&file, job.path().join("other")).unwrap();
        assert!(job.result("fetch").is_err(), "two names");
        job.prepare("fetch", None).unwrap();
        assert_eq!(
            job.result("fetch").unwrap(),
            b"",
            "removed before each attempt"
        );
        std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
        assert_eq!(
            job.result("fetch").unwrap_err().to_string(),
            "the result file is a link"
        );
    }
}
