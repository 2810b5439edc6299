//! `[board]` and its variables.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::Setup;
use crate::core::settings::{BoardLocation, BoardServer};

fn board_of(setup: &Setup) -> BoardLocation {
    setup.load().settings.board
}

fn server_of(setup: &Setup) -> BoardServer {
    match board_of(setup) {
        BoardLocation::Postgres(server) => server,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_word_the_board_is_in_the_state_directory() {
    assert_eq!(board_of(&Setup::bare()), BoardLocation::InStateDir);
}

#[test]
fn a_path_starts_from_the_configuration() {
    let setup = Setup::with("[board]\naddress = \"shared/board.sqlite\"");
    let path = setup.inputs.cwd.join("shared/board.sqlite");
    assert_eq!(board_of(&setup), BoardLocation::File(path));
}

#[test]
fn everything_of_a_server_can_be_written() {
    let setup = Setup::with(
        r#"
        [board]
        address = "postgresql://h:6432/d"
        listen = "postgres://h:5432/d"
        username = "u"
        password_file = "password"
        ca_file = "ca.pem"
        "#,
    );
    let password = setup.write("password", "abc");
    fs::set_permissions(&password, Permissions::from_mode(0o600)).unwrap();
    let server = BoardServer {
        address: "postgres://h:6432/d".to_owned(),
        listen: Some("postgres://h:5432/d".to_owned()),
        username: Some("u".to_owned()),
        password_file: Some(password),
        ca_file: Some(setup.inputs.cwd.join("ca.pem")),
    };
    assert_eq!(board_of(&setup), BoardLocation::Postgres(server));
    assert_eq!(setup.warnings(), "");
}

#[test]
fn variables_overrule_the_file() {
    let setup = Setup::with("[board]\naddress = \"a.sqlite\"")
        .set("RUN_FUNCTIONS_BOARD_ADDRESS", "postgres://u@h/d")
        .set("RUN_FUNCTIONS_BOARD_LISTEN", "postgres://u@direct/d");
    let server = server_of(&setup);
    assert_eq!(server.address, "postgres://u@h/d");
    assert_eq!(server.listen.as_deref(), Some("postgres://u@direct/d"));
}

#[test]
fn all_that_is_wrong_is_shown_at_once_and_no_secret() {
    let setup = Setup::with(
        r#"
        [board]
        address = "postgres://u:hunter2@h/d"
        listen = "postgres://h/d?options=-c%20x"
        adress = "x"
        "#,
    );
    let shown = setup.refusal();
    for wrong in [
        "`address` has a password, which others can read; write `password_file`",
        "`listen` has `options`, which PgBouncer refuses",
        "did you mean `address`?",
    ] {
        assert!(shown.contains(wrong), "{wrong}:\n{shown}");
    }
    assert!(!shown.contains("hunter2"), "{shown}");
    let shown = Setup::with("[board]\naddress = \"mysql://h/d\"").refusal();
    assert!(shown.contains("`address` is not a URL"), "{shown}");
}

#[test]
fn what_is_of_a_server_has_no_effect_on_a_file() {
    let setup = Setup::with("[board]\naddress = \"b.sqlite\"\nlisten = \"postgres://h/d\"");
    let shown = setup.refusal();
    assert!(
        shown.contains("`listen` has no effect on a board in a file"),
        "{shown}"
    );
}

#[test]
fn a_board_in_postgres_needs_its_feature() {
    let mut setup = Setup::with("[board]\naddress = \"postgres://u@h/d\"");
    setup.inputs.has_board_postgres = false;
    let shown = setup.refusal();
    assert!(
        shown.contains("needs the cargo feature `board-postgres`"),
        "{shown}"
    );
    assert!(shown.contains("cargo add run_functions --features board-postgres"));
}

#[test]
fn a_password_that_others_can_read_is_a_warning() {
    let setup =
        Setup::with("[board]\naddress = \"postgres://u@h/d\"\npassword_file = \"password\"");
    setup.write("password", "hunter2");
    let shown = setup.warnings();
    assert!(shown.contains("can be read by others"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
