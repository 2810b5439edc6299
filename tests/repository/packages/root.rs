//! Directories that become `/`: a fresh Debian, or nothing at all.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use crate::support::{stderr, stdout};

/// Mounts what a program needs of `/`, for itself alone, and becomes the program.
const ENTER: &str =
    "root=$1; shift; mount -t proc proc \"$root/proc\"; exec chroot $FLAGS \"$root\" \"$@\"";
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// What a package manager keeps for itself, and what programs only borrow.
const NOT_COMPARED: [&str; 6] = [
    "var/lib/dpkg",
    "var/log",
    "var/cache",
    "proc",
    "tmp",
    "run/lock",
];

/// A directory that is `/` for those inside, and is deleted with the test.
pub(crate) struct Root {
    top: PathBuf,
    _kept: tempfile::TempDir,
}

impl Root {
    /// Makes one with nothing but what each container has: `/proc`, `/tmp`, `/dev/null`.
    pub(crate) fn empty() -> Self {
        let kept = temporary();
        let root = Root {
            top: kept.path().to_owned(),
            _kept: kept,
        };
        for name in ["proc", "tmp", "dev", "etc", "usr/bin"] {
            fs::create_dir_all(root.path(name)).unwrap();
        }
        let null = root.path("dev/null");
        let mut mknod = Command::new("mknod");
        succeed(mknod.args(["-m", "666"]).arg(null).args(["c", "1", "3"]));
        root
    }

    /// Makes a fresh Debian, of the release of this machine.
    pub(crate) fn debian() -> Self {
        let kept = temporary();
        let top = kept.path().join("debian");
        let mut copy = Command::new("cp");
        succeed(copy.args(["-a", "--reflink=auto"]).arg(base()).arg(&top));
        Root { top, _kept: kept }
    }

    /// Returns where a path inside is outside.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.top.join(inside.trim_start_matches('/'))
    }

    /// Writes a file.
    pub(crate) fn write(&self, inside: &str, content: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Puts a file of this machine there.
    #[track_caller]
    pub(crate) fn put(&self, file: &Path, inside: &str) {
        let copied = fs::copy(file, self.path(inside));
        copied.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// Returns a command that runs there, and becomes its first word.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.command_as(words, "")
    }

    /// The same with options of `chroot`.
    pub(crate) fn command_as(&self, words: &[&str], options: &str) -> Command {
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-ec",
            ENTER,
            "enter",
        ]);
        command.arg(&self.top).args(words);
        command.current_dir("/").env_clear().env("PATH", PATH);
        command.env("FLAGS", options).env("HOME", "/tmp");
        command
            .env("TZ", "UTC")
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Runs a command there to its end, which has to be a good one.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str]) -> String {
        stdout(&succeed(&mut self.command(words)))
    }

    /// Returns all that is there, less what is not ours to compare.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let mut find = Command::new("find");
        find.arg(&self.top).args(["-xdev", "-printf", "%P\\n"]);
        let found = stdout(&succeed(&mut find));
        let compared = found
            .lines()
            .filter(|path| !NOT_COMPARED.iter().any(|prefix| path.starts_with(prefix)));
        compared.map(str::to_owned).collect()
    }
}

/// Runs a command that has to succeed.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the command can be started");
    let (out, err) = (stdout(&output), stderr(&output));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{out}{err}",
        output.status
    );
    output
}

/// Makes a directory on the disk of the build: `/tmp` may be small, or refuse devices.
fn temporary() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // Others than root live in it.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Returns the fresh Debian that all are copies of, made the first time.
fn base() -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let (release, mirror) = release_and_mirror();
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("debian-{release}"));
    if made.exists() {
        return made;
    }
    let begun = temporary().keep();
    let mut debootstrap = Command::new("debootstrap");
    debootstrap
        .args(["--variant=minbase", &release])
        .arg(&begun)
        .arg(mirror);
    succeed(debootstrap.env("PATH", PATH));
    fs::rename(&begun, &made).unwrap();
    made
}

/// Asks apt for what this machine runs, and where it comes from.
fn release_and_mirror() -> (String, String) {
    let release = fs::read_to_string("/etc/os-release").unwrap();
    let release = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let release = release
        .expect("a release with a name")
        .trim_matches('"')
        .to_owned();
    let format = "$(CODENAME) $(COMPONENT) $(REPO_URI)";
    let arguments = ["indextargets", "--format", format, "Created-By: Packages"];
    let targets = stdout(&succeed(
        Command::new("apt-get").args(arguments.map(OsStr::new)),
    ));
    let wanted = format!("{release} main ");
    let mirror = targets.lines().find_map(|line| line.strip_prefix(&wanted));
    (
        release,
        mirror
            .expect("apt knows where main of this release is")
            .to_owned(),
    )
}
