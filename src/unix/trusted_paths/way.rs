//! The way to a directory, walked level by level: a user who may change one level decides what lies
//! below it.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, mkdirat};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use nix::unistd::geteuid;

use super::identity::Identity;
use super::trust;
use super::untrusted_path::{PathProblem, UntrustedPath};

/// As many as the kernel follows.
pub(super) const MOST_LINKS: usize = 40;
const LEVEL: OFlag = OFlag::O_PATH
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// The fate of levels that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The levels are made, for us alone.
    Made,
    /// The way ends above them.
    Left,
}

/// The end of a way.
pub(super) struct WayEnd {
    /// The last level that is there. It can be checked and opened, not read.
    pub(super) dir: OwnedFd,
    pub(super) stat: FileStat,
    /// Whether this is the directory that was asked for: nothing is missing below.
    pub(super) is_whole: bool,
    /// The directories on the way that other users could change, outermost first.
    pub(super) doubts: Vec<UntrustedPath>,
    /// The links on the way.
    pub(super) links: Vec<PathBuf>,
}

impl WayEnd {
    /// Returns the end of a way on which nothing can be changed by others, where that matters: to
    /// root.
    ///
    /// # Errors
    ///
    /// The outermost doubt.
    pub(super) fn beyond_doubt(mut self) -> Result<Self, UntrustedPath> {
        match geteuid().is_root() && !self.doubts.is_empty() {
            true => Err(self.doubts.swap_remove(0)),
            false => Ok(self),
        }
    }
}

struct Level {
    dir: OwnedFd,
    stat: FileStat,
    path: PathBuf,
}

struct WayStep {
    name: OsString,
    /// The target of a link is not made.
    of_link: bool,
}

struct Way<'a> {
    path: &'a Path,
    level: Level,
    ahead: VecDeque<WayStep>,
    doubts: Vec<UntrustedPath>,
    links: Vec<PathBuf>,
}

/// Walks to a directory.
///
/// # Errors
///
/// When a level cannot be opened or made, is no directory, or is a link to nothing.
pub(super) fn walk(path: &Path, missing: Missing) -> Result<WayEnd, UntrustedPath> {
    let mut way = Way::begin(path)?;
    let mut is_whole = true;
    while let Some(step) = way.ahead.pop_front() {
        is_whole = way.go(&step, missing)?;
        if !is_whole {
            way.judge_level(geteuid().as_raw());
            break;
        }
    }
    Ok(WayEnd {
        dir: way.level.dir,
        stat: way.level.stat,
        is_whole,
        doubts: way.doubts,
        links: way.links,
    })
}

impl<'a> Way<'a> {
    fn begin(path: &'a Path) -> Result<Self, UntrustedPath> {
        let start = match path.is_absolute() {
            true => Level::root(),
            false => Level::here(),
        };
        let io = |errno: Errno| UntrustedPath::new(path, PathProblem::Io(errno.into()));
        let mut way = Way {
            path,
            level: start.map_err(io)?,
            ahead: VecDeque::new(),
            doubts: Vec::new(),
            links: Vec::new(),
        };
        if !path.is_absolute() {
            way.judge_above_here();
        }
        way.put_ahead(path, false);
        Ok(way)
    }

    fn put_ahead(&mut self, path: &Path, of_link: bool) {
        let names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        });
        for (at, name) in names.enumerate() {
            self.ahead.insert(at, WayStep { name, of_link });
        }
    }

    /// Goes one level on. Returns whether that level exists.
    fn go(&mut self, step: &WayStep, missing: Missing) -> Result<bool, UntrustedPath> {
        let next = match self.level.next(&step.name) {
            Err(Errno::ENOENT) if step.of_link => {
                return Err(self.wrong(PathProblem::LinkToNothing));
            }
            Err(Errno::ENOENT) if missing == Missing::Left => return Ok(false),
            Err(Errno::ENOENT) => self.make(&step.name)?,
            Err(errno) => {
                let problem = PathProblem::of_opening(errno.into(), || None);
                return Err(self.wrong(problem));
            }
            Ok(next) => next,
        };
        if step.name != ".." {
            self.judge_level(next.stat.st_uid);
        }
        match SFlag::from_bits_truncate(next.stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFDIR => self.level = next,
            SFlag::S_IFLNK => self.follow(&step.name, next)?,
            _ => return Err(self.wrong(PathProblem::Io(Errno::ENOTDIR.into()))),
        }
        Ok(true)
    }

    fn make(&mut self, name: &OsStr) -> Result<Level, UntrustedPath> {
        if geteuid().is_root() {
            // Nothing is made where it would not be used.
            self.judge_level(0);
            if !self.doubts.is_empty() {
                return Err(self.doubts.swap_remove(0));
            }
        }
        let io = |errno: Errno| self.wrong(PathProblem::Io(errno.into()));
        match mkdirat(&self.level.dir, name, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => self.level.next(name).map_err(io),
            Err(errno) => Err(io(errno)),
        }
    }

    fn follow(&mut self, name: &OsStr, link: Level) -> Result<(), UntrustedPath> {
        let io = |errno: Errno| UntrustedPath::new(self.path, PathProblem::Io(errno.into()));
        if fstatfs(&link.dir).is_ok_and(|kind| kind.filesystem_type() == PROC_SUPER_MAGIC) {
            // Its text says what the directory is called elsewhere: `/proc/PID/root`. The kernel
            // alone knows the way.
            let through = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            self.level = Level::with(&self.level.dir, name, through, link.path).map_err(io)?;
            return Ok(());
        }
        if self.links.len() == MOST_LINKS {
            return Err(io(Errno::ELOOP));
        }
        let target = readlinkat(&link.dir, "").map_err(io)?;
        let target = Path::new(&target);
        if target.is_absolute() {
            self.level = Level::root().map_err(io)?;
        }
        self.links.push(link.path);
        self.put_ahead(target, true);
        Ok(())
    }

    /// Checks the levels above the working directory, where a relative path begins.
    fn judge_above_here(&mut self) {
        let mut paths = self.level.path.clone();
        let mut below = self.level.stat;
        let mut above = self.level.next(OsStr::new(".."));
        // What is closed to us is no matter: root may look everywhere, and for others a doubt is a
        // warning.
        while let Ok(level) = above {
            if Identity::of(&level.stat) == Identity::of(&below) {
                break;
            }
            paths.pop();
            self.doubts
                .extend(doubt(&level.stat, &paths, below.st_uid, self.path));
            below = level.stat;
            above = level.next(OsStr::new(".."));
        }
        self.doubts.reverse();
    }

    /// Checks the present level, above one that belongs to this user.
    fn judge_level(&mut self, below: u32) {
        let Level { stat, path, .. } = &self.level;
        self.doubts.extend(doubt(stat, path, below, self.path));
    }

    fn wrong(&self, problem: PathProblem) -> UntrustedPath {
        UntrustedPath::new(self.path, problem)
    }
}

impl Level {
    fn root() -> nix::Result<Self> {
        Level::open(AT_FDCWD, OsStr::new("/"), "/".into())
    }

    fn here() -> nix::Result<Self> {
        let path = std::env::current_dir().unwrap_or_else(|_| ".".into());
        Level::open(AT_FDCWD, OsStr::new("."), path)
    }

    fn next(&self, name: &OsStr) -> nix::Result<Self> {
        let path = match name.as_bytes() {
            b".." => self.path.parent().unwrap_or(&self.path).to_owned(),
            _ => self.path.join(name),
        };
        Level::open(&self.dir, name, path)
    }

    fn open(from: impl AsFd, name: &OsStr, path: PathBuf) -> nix::Result<Self> {
        // As a directory first: else an automount would not be triggered.
        match Level::with(&from, name, LEVEL | OFlag::O_DIRECTORY, path.clone()) {
            Err(Errno::ENOTDIR) => Level::with(&from, name, LEVEL, path),
            opened => opened,
        }
    }

    fn with(from: impl AsFd, name: &OsStr, flags: OFlag, path: PathBuf) -> nix::Result<Self> {
        let dir = openat(from, name, flags, Mode::empty())?;
        let stat = fstat(&dir)?;
        Ok(Level { dir, stat, path })
    }
}

/// Returns the doubt about a directory that another user owns or may write to. In a sticky one, a
/// level below that is ours is safe.
fn doubt(above: &FileStat, at: &Path, below: u32, path: &Path) -> Option<UntrustedPath> {
    if !trust::is_trusted_above(above.st_uid) {
        let problem = PathProblem::ForeignAbove(above.st_uid, path.to_owned());
        return Some(UntrustedPath::new(at, problem));
    }
    let (is_open, is_sticky) = (trust::is_open(above), above.st_mode & 0o1000 != 0);
    if is_open && !(is_sticky && trust::is_trusted_above(below)) {
        let problem = PathProblem::OpenAbove(above.st_mode & 0o7777, path.to_owned());
        return Some(UntrustedPath::new(at, problem));
    }
    None
}
