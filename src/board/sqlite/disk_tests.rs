use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::board::conformance::arena::{TestWorker, doing, fresh, lane, post};
use crate::board::sqlite::maintenance::check;
use crate::board::sqlite::sqlite_board::SqliteBoard;
use crate::board::{Board, BoardError, BoardSettings, LaneWish, Post};
use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// A small file system in memory; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = SmallDisk(dir);
        disk.run("mount", &["-t", "tmpfs", "-o", "size=2m,mode=0700", "none"]);
        disk
    }

    fn run(&self, program: &str, args: &[&str]) {
        let status = Command::new(program).args(args).arg(self.0.path()).status();
        assert!(status.unwrap().success(), "{program} {args:?}");
    }

    fn open(&self) -> Result<SqliteBoard, BoardError> {
        let path = self.0.path().join("board.sqlite");
        SqliteBoard::open(&path, &BoardSettings::default())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn large_post() -> Post {
    Post::new("d", json!({"text": "x".repeat(100_000)}), fresh("posting"))
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_refuses_what_it_cannot_keep_and_the_board_goes_on_when_there_is_room() {
    let disk = SmallDisk::mount();
    let board = disk.open().unwrap();
    let kept = post(&board, "d");
    let mut posted = Vec::new();
    let error = loop {
        match board.post(&large_post()) {
            Ok(receipt) => posted.push(receipt.id),
            Err(error) => break error,
        }
        assert!(posted.len() < 100, "the disk is small");
    };
    assert!(matches!(error, BoardError::Unavailable { .. }), "{error:?}");
    // What was acknowledged is there, and the file is whole.
    for id in posted.iter().chain([&kept]) {
        assert!(board.job(*id).unwrap().is_some());
    }
    disk.run("mount", &["-o", "remount,size=32m"]);
    let receipt = board.post(&large_post()).unwrap();
    assert!(receipt.is_new);
    assert_eq!(check(board.path()).unwrap().problems, [""; 0]);
}

#[test]
#[ignore = "needs root"]
fn a_read_only_disk_refuses_writes_in_words() {
    let disk = SmallDisk::mount();
    let board = disk.open().unwrap();
    post(&board, "d");
    drop(board);
    disk.run("mount", &["-o", "remount,ro"]);
    let refused = disk.open().map(drop).unwrap_err();
    assert!(
        matches!(refused, BoardError::Unavailable { .. }),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(text.to_lowercase().contains("read-only"), "{text}");
    disk.run("mount", &["-o", "remount,rw"]);
    post(&disk.open().unwrap(), "d");
}

#[test]
fn the_files_of_a_board_are_for_its_user_alone() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("state");
    let board = SqliteBoard::open(&place.join("board.sqlite"), &BoardSettings::default()).unwrap();
    post(&board, "d");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    let files: Vec<_> = std::fs::read_dir(&place)
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

#[test]
fn a_post_rings_for_who_waits_and_the_job_can_be_seen_then() {
    let dir = tempfile::tempdir().unwrap();
    let open = || SqliteBoard::open(&dir.path().join("board.sqlite"), &BoardSettings::default());
    let (board, other) = (open().unwrap(), open().unwrap());
    let worker = TestWorker::join(&board).knows(&["d"]);
    let bell = board.bell().unwrap();
    let mut waiter = Waiter::new().unwrap();
    bell.clear();
    assert_eq!(worker.claim("d"), None);
    // Nothing that makes no job due rings, such as this look.
    assert_eq!(
        waiter.wait([Some(bell.as_fd())], Mono::BOOT).unwrap(),
        [false]
    );
    let id = post(&other, "d");
    assert_eq!(
        waiter.wait([Some(bell.as_fd())], Mono::NEVER).unwrap(),
        [true]
    );
    bell.clear();
    assert_eq!(worker.claim("d").unwrap().position.id, id);
    assert_eq!(
        waiter.wait([Some(bell.as_fd())], Mono::BOOT).unwrap(),
        [false]
    );
}

#[test]
fn two_boards_of_one_file_never_claim_the_same_job() {
    let dir = tempfile::tempdir().unwrap();
    let open = || SqliteBoard::open(&dir.path().join("board.sqlite"), &BoardSettings::default());
    let boards = [open().unwrap(), open().unwrap(), open().unwrap()];
    let posts: Vec<Post> = (0..200)
        .map(|_| Post::new("d", json!({}), fresh("posting")))
        .collect();
    boards[0].post_all(&posts).unwrap();
    let claimed = std::thread::scope(|scope| {
        let claim = |board| {
            let worker = TestWorker::join(board).knows(&["d"]);
            let mut claimed = Vec::new();
            loop {
                let first = vec![doing("a")];
                let jobs = worker.look(LaneWish { first, ..lane("d") }, 7);
                if jobs.is_empty() {
                    return claimed;
                }
                claimed.extend(jobs.into_iter().map(|job| job.position.id));
            }
        };
        let threads: Vec<_> = boards
            .iter()
            .map(|board| scope.spawn(move || claim(board)))
            .collect();
        let claimed = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        claimed.collect::<Vec<_>>()
    });
    let distinct: std::collections::BTreeSet<_> = claimed.iter().collect();
    assert_eq!((claimed.len(), distinct.len()), (200, 200));
    assert_eq!(check(boards[0].path()).unwrap().problems, [""; 0]);
}

#[test]
fn a_call_returns_at_its_deadline_while_another_process_writes() {
    let dir = tempfile::tempdir().unwrap();
    let settings = BoardSettings {
        deadline: Duration::from_millis(200),
        ..BoardSettings::default()
    };
    let board = SqliteBoard::open(&dir.path().join("board.sqlite"), &settings).unwrap();
    let other = rusqlite::Connection::open(board.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let post = Post::new("d", json!({}), fresh("posting"));
    let begun = clock::mono();
    let error = board.post(&post).unwrap_err();
    assert!(error.may_pass(), "{error}");
    let waited = clock::mono().since(begun);
    assert!(waited >= Duration::from_millis(150), "{waited:?}");
    assert!(waited < Duration::from_secs(20), "{waited:?}");
    other.execute_batch("COMMIT").unwrap();
    // A call that was given up is not carried out later.
    let id = board.post(&post).unwrap();
    assert!(id.is_new);
}

#[test]
fn the_library_is_the_bundled_one_without_the_defect_of_write_ahead_logs() {
    // A reset of the log could corrupt the file up to 3.51.2.
    assert!(
        rusqlite::version_number() >= 3_051_003,
        "{}",
        rusqlite::version()
    );
}
