//! What stands in the place of a pidfile, and what is written in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use nix::unistd::mkfifo;

use super::*;
use crate::core::exit;
use crate::unix::trusted_paths::UntrustedPath;

#[test]
fn a_chain_that_nobody_holds_is_taken_and_the_pid_written() {
    let ground = Ground::new();
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), None);
    assert_eq!(attempt.told, ["Wrote pidfile x"]);
    let text = fs::read_to_string(ground.path("x.pid")).unwrap();
    assert_eq!(text, format!("{}\n", std::process::id()));
    let mode = fs::metadata(ground.path("x.pid"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = fs::metadata(ground.root()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_pidfile_of_a_dead_process_is_wiped_in_the_words_of_the_origin() {
    let pid = dead_pid();
    let ground = on_ground(|path| fs::write(path, format!("{pid}\n")).unwrap());
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), None);
    let words = [
        format!("Found pidfile x containing: {pid}"),
        format!("Could not find /proc/{pid}, wiping pidfile x"),
        "Wrote pidfile x".to_owned(),
    ];
    assert_eq!(attempt.told, words);
}

#[test]
fn a_process_that_a_pidfile_merely_names_survives() {
    let child = innocent();
    let pid = child.id();
    let ground = on_ground(|path| fs::write(path, pid.to_string()).unwrap());
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), None);
    assert!(attempt.told[1].starts_with(&format!("Process {pid} does not hold")));
    end(child);
}

#[test]
fn whatever_is_written_in_a_pidfile_does_not_stop_a_start() {
    let huge = vec![b'7'; 1 << 20];
    let texts: [&[u8]; 8] = [
        b"",
        b"\n",
        b"-1",
        b"0",
        b"abc\n",
        b"\0\0\0\0\0",
        b"\xff\xfe\x00",
        &huge,
    ];
    for text in texts {
        let ground = on_ground(|path| fs::write(path, text).unwrap());
        assert_eq!(Attempt::plain(&ground).replaced(), None);
        let now = fs::read_to_string(ground.path("x.pid")).unwrap();
        assert_eq!(now, format!("{}\n", std::process::id()));
    }
}

#[test]
fn an_unreadable_pidfile_is_used_by_root_and_refused_to_others_untouched() {
    let ground = on_ground(|path| {
        fs::write(path, "1\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    });
    let attempt = Attempt::plain(&ground);
    if nix::unistd::geteuid().is_root() {
        assert_eq!(attempt.replaced(), None);
    } else {
        assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
        assert_eq!(fs::metadata(ground.path("x.pid")).unwrap().len(), 2);
    }
}

/// Both locks are files of ours; what stands in the place of either is refused, named, and left as
/// it is.
#[track_caller]
fn refused(words: &str, prepare: impl Fn(&Path)) {
    for file in ["x.pid", "x.next"] {
        let ground = on_ground(|_| {});
        prepare(&ground.path(file));
        let before = fs::symlink_metadata(ground.path(file)).unwrap();
        let attempt = Attempt::plain(&ground);
        assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
        assert!(attempt.error().contains(words), "{}", attempt.error());
        assert!(attempt.error().contains(file), "{}", attempt.error());
        let after = fs::symlink_metadata(ground.path(file)).unwrap();
        assert_eq!(
            (before.len(), before.modified().unwrap()),
            (after.len(), after.modified().unwrap())
        );
    }
}

#[test]
fn a_symlink_in_the_place_of_a_lock_is_never_followed() {
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    fs::write(elsewhere.path(), "precious").unwrap();
    refused("is a symbolic link", |path| {
        symlink(elsewhere.path(), path).unwrap();
    });
    refused("is a symbolic link", |path| {
        symlink(path.with_file_name("nowhere"), path).unwrap();
        assert!(!path.with_file_name("nowhere").exists());
    });
    assert_eq!(fs::read(elsewhere.path()).unwrap(), b"precious");
}

#[test]
fn a_fifo_in_the_place_of_a_lock_does_not_hang_a_start() {
    let mode = nix::sys::stat::Mode::S_IRWXU;
    refused("is a fifo", |path| mkfifo(path, mode).unwrap());
}

#[test]
fn a_hard_link_in_the_place_of_a_lock_is_refused() {
    refused("has 2 names", |path| {
        let precious = path.with_file_name("precious");
        fs::write(&precious, "precious").unwrap();
        fs::hard_link(precious, path).unwrap();
    });
}

#[test]
fn a_directory_and_a_socket_in_the_place_of_a_lock_are_refused() {
    refused("is a directory", |path| fs::create_dir(path).unwrap());
    refused("is a socket", |path| {
        drop(UnixListener::bind(path).unwrap())
    });
}

#[test]
#[ignore = "needs root"]
fn a_foreign_file_in_the_place_of_a_lock_is_refused() {
    refused("belongs to uid 12345", |path| {
        fs::write(path, "1\n").unwrap();
        std::os::unix::fs::chown(path, Some(12345), None).unwrap();
    });
}

#[test]
#[ignore = "needs root"]
fn a_foreign_directory_is_refused() {
    let ground = on_ground(|_| {});
    std::os::unix::fs::chown(ground.root(), Some(12345), None).unwrap();
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
    assert!(!ground.path("x.pid").exists());
}

#[test]
fn a_directory_that_others_can_write_is_refused_a_sticky_one_too() {
    for (mode, is_safe) in [
        (0o777, false),
        (0o770, false),
        (0o702, false),
        (0o1777, false),
        (0o755, true),
    ] {
        let ground = on_ground(|_| {});
        fs::set_permissions(ground.root(), fs::Permissions::from_mode(mode)).unwrap();
        let attempt = Attempt::plain(&ground);
        assert_eq!(attempt.result.is_ok(), is_safe, "{mode:o}");
        if !is_safe {
            assert_eq!(attempt.exit_code(), exit::UNSAFE_DIRECTORY);
            assert!(
                attempt.error().contains("chmod go-w"),
                "{}",
                attempt.error()
            );
            assert!(!ground.path("x.pid").exists());
        }
    }
}

#[test]
fn a_path_that_cannot_be_a_directory_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), file.path().join("below")] {
        let error: UntrustedPath = PrivateDir::open(&path).unwrap_err();
        assert!(error.to_string().starts_with("cannot use"), "{error}");
    }
}

#[test]
fn a_state_that_cannot_be_written_does_not_keep_a_chain_from_running() {
    let ground = on_ground(|_| {});
    fs::create_dir(ground.path("x.state")).unwrap();
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), None);
    assert!(attempt.told[0].starts_with("Could not write pidfile x, but hold it"));
    assert!(ground.path("x.state").is_dir());
}
