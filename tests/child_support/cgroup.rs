//! A cgroup around a test. The test must have its process for itself, since that process moves.

use std::fs;
use std::path::{Path, PathBuf};

use super::{own_processes, pin, wait_until};

/// A cgroup of ours, in which this process is as long as it lives.
pub(crate) struct Inside {
    pub(crate) path: PathBuf,
    root: PathBuf,
}

impl Inside {
    /// Enters a new cgroup of the hierarchy whose mount point has `kind` for its type and `option` among its options.
    pub(crate) fn new(kind: &str, option: &str) -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let root = mounts.lines().find_map(|line| {
            let (mount, rest) = line.split_once(" - ")?;
            let fits = rest.starts_with(&format!("{kind} ")) && rest.contains(option);
            fits.then(|| PathBuf::from(mount.split(' ').nth(4).unwrap()))
        });
        let root = root.expect("the hierarchy is mounted");
        pin();
        let path = root.join(format!("run_functions_test_{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let inside = Inside { path, root };
        inside.enter(&inside.path);
        inside
    }

    fn enter(&self, path: &Path) {
        for pid in own_processes() {
            fs::write(path.join("cgroup.procs"), pid.to_string()).unwrap();
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.enter(&self.root);
        // The kernel keeps a group busy until the last of its dead has been released, which takes it moments.
        if !std::thread::panicking() {
            wait_until("the cgroup is empty", || fs::remove_dir(&self.path).is_ok());
        }
    }
}
