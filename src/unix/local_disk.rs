//! Whether a database may lie at a path: the file system and the file, looked at without opening
//! the file.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::stat::{Mode, SFlag, mknod};
use nix::sys::statfs::{FsType, statfs};
use nix::unistd::{AccessFlags, access, geteuid};

/// File systems whose locks do not reach all hosts, or not through crashes: the number of
/// statfs(2), and the name for people.
const UNFIT: [(i64, &str); 14] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9p"),
    (0x6A65_6A63, "virtiofs"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x7461_636F, "OCFS2"),
];

/// Returns the name of the file system at a path, when locks cannot be relied on there.
///
/// # Errors
///
/// When the path is missing.
pub(crate) fn unfit_file_system(path: &Path) -> io::Result<Option<&'static str>> {
    Ok(name_of(statfs(path)?.filesystem_type()))
}

fn name_of(kind: FsType) -> Option<&'static str> {
    // The type is signed on some machines: the upper half of a number is negative there.
    let number = kind.0 as u32;
    let unfit = UNFIT.iter().find(|(unfit, _)| *unfit as u32 == number);
    unfit.map(|(_, name)| *name)
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileLook {
    /// Nothing.
    Missing,
    /// A regular file with one name that belongs to us; other users cannot open it (any more).
    Ours,
    /// Something else, in words.
    Foreign(String),
}

/// Looks at a path without opening what is there.
///
/// # Errors
///
/// When the directory cannot be read, or the mode of a file of ours not be set.
pub(crate) fn look(path: &Path) -> io::Result<FileLook> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileLook::Missing),
        Err(error) => return Err(error),
    };
    if !meta.is_file() {
        return Ok(FileLook::Foreign("it is no regular file".to_owned()));
    }
    if meta.uid() != geteuid().as_raw() {
        let owner = meta.uid();
        return Ok(FileLook::Foreign(format!(
            "it belongs to the user with the number {owner}"
        )));
    }
    if meta.nlink() > 1 {
        return Ok(FileLook::Foreign("it has a second name".to_owned()));
    }
    if meta.mode() & 0o077 != 0 {
        use std::os::unix::fs::PermissionsExt;
        // On a read-only disk the mode stays, and so does all else.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    }
    Ok(FileLook::Ours)
}

/// Checks that files can be created in a directory and changed.
///
/// # Errors
///
/// Those of access(2): `EROFS` on a read-only disk, `EACCES` where the user may not.
pub(crate) fn check_writable(directory: &Path) -> io::Result<()> {
    Ok(access(directory, AccessFlags::W_OK)?)
}

/// Creates an empty file with mode 0600 without a descriptor of it.
///
/// # Errors
///
/// Those of mknod(2), but for a file that is there.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    match mknod(path, SFlag::S_IFREG, mode, 0) {
        Ok(()) | Err(nix::errno::Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_created_for_its_user_alone_and_seen_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("board.sqlite");
        assert_eq!(look(&path).unwrap(), FileLook::Missing);
        create_private(&path).unwrap();
        create_private(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(
            (mode & 0o777, look(&path).unwrap()),
            (0o600, FileLook::Ours)
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(look(&path).unwrap(), FileLook::Ours);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::hard_link(&path, dir.path().join("second")).unwrap();
        assert!(matches!(look(&path).unwrap(), FileLook::Foreign(_)));
        assert!(matches!(look(dir.path()).unwrap(), FileLook::Foreign(_)));
    }

    #[test]
    fn network_file_systems_are_unfit_and_local_ones_are_not() {
        assert_eq!(name_of(FsType(0x6969)), Some("NFS"));
        assert_eq!(name_of(FsType(0x6573_5546)), Some("FUSE"));
        assert_eq!(name_of(FsType(0xFF53_4D42_u32 as i32 as _)), Some("CIFS"));
        // ext4 and tmpfs.
        assert_eq!(name_of(FsType(0xEF53)), None);
        assert_eq!(name_of(FsType(0x0102_1994)), None);
        assert_eq!(unfit_file_system(Path::new("/proc")).unwrap(), None);
    }
}
