//! What the opening of a directory will come to, told before: nothing is made, nothing is changed.

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::statfs::{
    BPF_FS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, DEVPTS_SUPER_MAGIC,
    FsType, PROC_SUPER_MAGIC, SECURITYFS_MAGIC, SYSFS_MAGIC, TRACEFS_MAGIC, fstatfs,
};
use nix::unistd::{AccessFlags, faccessat};

use super::absolute::absolute;
use super::private_dir::PrivateDir;
use super::untrusted_path::{PathProblem, UntrustedPath};
use super::way::{self, Missing};

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
#[derive(Debug)]
pub(crate) enum ForeseenDir {
    /// The directory is there, and will be used as it is.
    IsThere(PrivateDir),
    /// The directory is not there, and will be made.
    WillBeMade,
}

/// Returns what [`PrivateDir::open`] will come to, and whether files can be made there then.
///
/// # Errors
///
/// See [`PrivateDir::open`]; and when nothing can be made in the directory, or in the nearest one
/// above it that is there.
pub(crate) fn foresee(path: &Path) -> Result<ForeseenDir, UntrustedPath> {
    let wrong = |problem| UntrustedPath::new(path, problem);
    if let Some(root) = PrivateDir::open_existing(path)? {
        takes_files(&root.dir).map_err(wrong)?;
        return Ok(ForeseenDir::IsThere(root));
    }
    let above = way::walk(path, Missing::Left)?.beyond_doubt()?;
    takes_files(&above.dir).map_err(wrong)?;
    Ok(ForeseenDir::WillBeMade)
}

/// Returns what [`PrivateDir::open_to_drop`] will come to.
///
/// # Errors
///
/// See [`foresee`].
pub(crate) fn foresee_drop(path: &Path) -> Result<(), UntrustedPath> {
    let end = way::walk(path, Missing::Left)?.beyond_doubt()?;
    takes_files(&end.dir).map_err(|problem| UntrustedPath::new(path, problem))?;
    match end.is_whole {
        true => PrivateDir::at(path, end).map(drop),
        false => Ok(()),
    }
}

/// Returns the directories above a path that other users could change. To root each is an error
/// already.
pub(crate) fn doubts(path: &Path) -> Vec<UntrustedPath> {
    let end = way::walk(path, Missing::Left);
    end.map(|end| end.doubts).unwrap_or_default()
}

/// Returns the links that a path goes through.
pub(crate) fn links_on_the_way(path: &Path) -> Vec<PathBuf> {
    let path = absolute(path);
    let end = path.and_then(|path| way::walk(&path, Missing::Left).ok());
    end.map(|end| end.links).unwrap_or_default()
}

fn takes_files(directory: &impl std::os::fd::AsFd) -> Result<(), PathProblem> {
    let io = |errno: Errno| PathProblem::Io(errno.into());
    let wanted = AccessFlags::W_OK | AccessFlags::X_OK;
    faccessat(directory, ".", wanted, AtFlags::AT_EACCESS).map_err(io)?;
    let kind = fstatfs(directory).map_err(io)?.filesystem_type();
    match OF_THE_KERNEL.contains(&kind) {
        true => Err(PathProblem::KeepsNoFiles),
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
        assert!(matches!(foresee(&deep).unwrap(), ForeseenDir::WillBeMade));
        assert!(!dir.path().join("a").exists());
        PrivateDir::open(&deep).unwrap();
        assert!(matches!(foresee(&deep).unwrap(), ForeseenDir::IsThere(_)));
    }

    #[test]
    fn it_says_no_wherever_opening_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("file"), "").unwrap();
        symlink("nothing", path("dangling")).unwrap();
        symlink("loop", path("loop")).unwrap();
        std::fs::create_dir(path("open")).unwrap();
        let mode = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(path("open"), mode).unwrap();
        let cases = [
            path("file"),
            path("file/below"),
            path("dangling"),
            path("dangling/below"),
            path("loop"),
            path("loop/below"),
            path("open"),
            "/dev/null/y".into(),
            "/proc/x".into(),
            "/proc/self/x/y".into(),
        ];
        for case in cases {
            let why = foresee(&case).expect_err(&case.display().to_string());
            assert!(
                PrivateDir::open(&case).is_err(),
                "{}: {why}",
                case.display()
            );
        }
    }

    #[test]
    fn links_and_steps_upwards_are_gone_as_the_kernel_goes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(path("deep/er")).unwrap();
        symlink("deep/er", path("link")).unwrap();
        symlink(path("link"), path("again")).unwrap();
        let root = PrivateDir::open(&path("again/../made/./run")).unwrap();
        let there = PrivateDir::open(&path("deep/made/run")).unwrap();
        assert_eq!(root.identity().unwrap(), there.identity().unwrap());
        assert!(root.is_in_its_place());
        assert_eq!(
            links_on_the_way(&path("again/x")),
            [path("again"), path("link")]
        );
        std::fs::rename(path("deep"), path("moved")).unwrap();
        assert!(!root.is_in_its_place());
    }

    #[test]
    fn a_link_of_the_kernel_leads_where_it_leads_and_not_where_its_text_does() {
        let dir = tempfile::tempdir().unwrap();
        let moved = dir.path().join("moved");
        std::fs::create_dir(&moved).unwrap();
        let held = std::fs::File::open(&moved).unwrap();
        std::fs::remove_dir(&moved).unwrap();
        std::fs::create_dir(&moved).unwrap();
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held));
        let by_link = PrivateDir::open(Path::new(&path))
            .unwrap()
            .identity()
            .unwrap();
        let by_path = PrivateDir::open(&moved).unwrap().identity().unwrap();
        assert_ne!(by_link, by_path);
    }

    #[test]
    fn a_directory_of_the_kernel_is_there_and_keeps_nothing() {
        let why = foresee(Path::new("/proc")).unwrap_err().to_string();
        assert!(why.contains("/proc"), "{why}");
    }
}
