//! What the opening of a directory will come to, told before: nothing is made, nothing is changed.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::statfs::{
    BPF_FS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, DEVPTS_SUPER_MAGIC,
    FsType, PROC_SUPER_MAGIC, SECURITYFS_MAGIC, SYSFS_MAGIC, TRACEFS_MAGIC, fstatfs,
};
use nix::unistd::{AccessFlags, faccessat};

use super::RunRoot;
use super::unsafe_path::{Problem, UnsafePath};

/// To root nothing in these is forbidden, and yet nothing can be made: permissions do not tell.
const OF_THE_KERNEL: [FsType; 9] = [
    BPF_FS_MAGIC,
    CGROUP_SUPER_MAGIC,
    CGROUP2_SUPER_MAGIC,
    DEBUGFS_MAGIC,
    DEVPTS_SUPER_MAGIC,
    PROC_SUPER_MAGIC,
    SECURITYFS_MAGIC,
    SYSFS_MAGIC,
    TRACEFS_MAGIC,
];

/// What will become of a directory that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreseen {
    /// It is there, and will be used as it is.
    IsThere,
    /// It is not there, and will be made.
    WillBeMade,
}

/// Tells what [`RunRoot::open`] will come to, and whether files can be made there then.
///
/// # Errors
///
/// See [`RunRoot::open`]; and when nothing can be made in the directory, or in the nearest one above it that is there.
pub(crate) fn foresee(path: &Path) -> Result<Foreseen, UnsafePath> {
    let wrong = |problem| UnsafePath::new(path, problem);
    if let Some(root) = RunRoot::open_existing(path)? {
        takes_files(&root.dir).map_err(wrong)?;
        return Ok(Foreseen::IsThere);
    }
    let above = nearest_above(path).map_err(|error| wrong(Problem::Io(error)))?;
    takes_files(&above).map_err(wrong)?;
    Ok(Foreseen::WillBeMade)
}

/// Opens the nearest directory of a path that is there.
fn nearest_above(path: &Path) -> io::Result<File> {
    for directory in path.ancestors() {
        let directory = match directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => directory,
        };
        match directory.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(_) => return open_to_look(directory),
        }
    }
    Err(Errno::ENOENT.into())
}

fn open_to_look(directory: &Path) -> io::Result<File> {
    let mut options = File::options();
    // O_PATH: a directory that may be written and not be read is good enough.
    let options = options
        .read(true)
        .custom_flags(libc::O_DIRECTORY | libc::O_PATH);
    options.open(directory).map_err(|error| match error.kind() {
        // A link to nothing: what has its name cannot be made.
        io::ErrorKind::NotFound => Errno::EEXIST.into(),
        _ => error,
    })
}

fn takes_files(directory: &impl std::os::fd::AsFd) -> Result<(), Problem> {
    let io = |errno: Errno| Problem::Io(errno.into());
    let wanted = AccessFlags::W_OK | AccessFlags::X_OK;
    faccessat(directory, ".", wanted, AtFlags::AT_EACCESS).map_err(io)?;
    let kind = fstatfs(directory).map_err(io)?.filesystem_type();
    match OF_THE_KERNEL.contains(&kind) {
        true => Err(Problem::KeepsNoFiles),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_can_be_made_is_told_and_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        assert_eq!(foresee(&deep).unwrap(), Foreseen::WillBeMade);
        assert!(!dir.path().join("a").exists());
        RunRoot::open(&deep).unwrap();
        assert_eq!(foresee(&deep).unwrap(), Foreseen::IsThere);
    }

    #[test]
    fn it_says_no_wherever_opening_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("file"), "").unwrap();
        symlink("nothing", path("dangling")).unwrap();
        std::fs::create_dir(path("open")).unwrap();
        let mode = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(path("open"), mode).unwrap();
        let cases = [
            path("file"),
            path("file/below"),
            path("dangling"),
            path("dangling/below"),
            path("open"),
            "/dev/null/y".into(),
            "/proc/x".into(),
            "/proc/self/x/y".into(),
        ];
        for case in cases {
            let why = foresee(&case).expect_err(&case.display().to_string());
            assert!(RunRoot::open(&case).is_err(), "{}: {why}", case.display());
        }
    }

    #[test]
    fn a_directory_of_the_kernel_is_there_and_keeps_nothing() {
        let why = foresee(Path::new("/proc")).unwrap_err().to_string();
        assert!(why.contains("/proc"), "{why}");
    }
}
