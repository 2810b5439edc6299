//! `[lock]`, its variables, and `--lock`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::Setup;
use crate::core::settings::{LockEngine, LockSettings};

fn lock_of(setup: &Setup) -> LockSettings {
    setup.load().settings.lock
}

#[test]
fn without_a_word_a_file_is_the_lock_and_none_was_asked_for() {
    let setup = Setup::bare();
    let lock = lock_of(&setup);
    assert_eq!(lock.engine, LockEngine::File);
    assert!(!lock.adds_to_pidfile() && !lock.keep && !lock.release_on_error);
    assert_eq!((lock.ttl, lock.key), (Duration::from_secs(15), None));
    assert_eq!(lock.directory, setup.inputs.cwd.join("run"));
}

#[test]
fn everything_can_be_written() {
    let setup = Setup::with(
        r#"
        [lock]
        backend = "consul"
        address = ["a", "https://b:1"]
        key = "shop/nightly"
        ttl = "5s"
        keep = true
        release_on_error = true
        token_file = "token"
        ca_file = "ca.pem"
        "#,
    );
    let token = setup.write("token", "abc");
    fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
    let lock = lock_of(&setup);
    assert_eq!(lock.engine, LockEngine::Consul);
    assert_eq!(lock.addresses, ["http://a:8500", "https://b:1"]);
    assert_eq!(lock.key.as_deref(), Some("shop/nightly"));
    assert!(lock.keep && lock.release_on_error && lock.adds_to_pidfile());
    assert_eq!(lock.token_file, Some(token));
    assert_eq!(lock.ca_file, Some(setup.inputs.cwd.join("ca.pem")));
}

#[test]
fn one_address_needs_no_list_and_a_file_starts_from_the_configuration() {
    let text = "[lock]\nbackend = \"postgres\"\naddress = \"postgres://u@h/d\"";
    assert_eq!(lock_of(&Setup::with(text)).addresses, ["postgres://u@h/d"]);
    let setup = Setup::with("[lock]\naddress = \"x.lock\"");
    let path = setup.inputs.cwd.join("x.lock");
    assert_eq!(lock_of(&setup).addresses, [path.to_str().unwrap()]);
}

#[test]
fn the_environment_and_the_command_line_overrule_the_file() {
    let text = "[lock]\nbackend = \"consul\"\naddress = \"a\"\nkey = \"k\"";
    let mut setup = Setup::with(text)
        .set("RUN_FUNCTIONS_LOCK_ADDRESS", "b:1,c")
        .set("RUN_FUNCTIONS_LOCK_TTL", "20s");
    let lock = lock_of(&setup);
    assert_eq!(lock.addresses, ["http://b:1", "http://c:8500"]);
    assert_eq!(lock.ttl, Duration::from_secs(20));
    setup.inputs.command_line.lock = Some("postgres://u@h/d".to_owned());
    setup.inputs.command_line.keep_lock = true;
    let lock = lock_of(&setup);
    assert_eq!(lock.engine, LockEngine::Postgres);
    assert_eq!(lock.addresses, ["postgres://u@h/d"]);
    assert!(lock.key.is_none() && lock.keep);
    setup.inputs.command_line.no_lock = true;
    assert_eq!(lock_of(&setup).engine, LockEngine::None);
}

#[test]
fn an_engine_of_the_program_is_known() {
    let setup = Setup::with("[lock]\nbackend = \"etcd\"\naddress = \"http://h:2379\"");
    let lock = lock_of(&setup);
    assert_eq!(lock.engine, LockEngine::Registered("etcd".to_owned()));
    assert_eq!(lock.addresses, ["http://h:2379"]);
}

#[test]
fn all_that_is_wrong_is_shown_at_once_and_no_secret() {
    let setup = Setup::with(
        r#"
        [lock]
        backend = "postgres"
        address = ["postgres://u:hunter2@h/d", "h:5432"]
        key = "a b"
        ttl = "1s"
        token_file = "token"
        "#,
    );
    let shown = setup.refusal();
    for wrong in [
        "`address` has a password",
        "`address` is not a URL",
        "`key` has a key",
        "`ttl` is from 2s to 1h",
        "`token_file` has no effect with `backend = \"postgres\"`",
    ] {
        assert!(shown.contains(wrong), "{wrong}:\n{shown}");
    }
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_is_wrong_is_shown_with_the_remedy() {
    for (text, wrong, help) in [
        (
            "backend = \"consol\"",
            "`backend` is unknown: `consol`",
            "consul",
        ),
        ("backend = \"postgres\"", "needs an address", "postgres://"),
        ("backend = \"consul\"\nttl = \"2m\"", "from 2s to 1m", "15s"),
        ("address = [\"a\", \"b\"]", "several files", "one of them"),
        (
            "username = \"u\"",
            "no effect with `backend = \"file\"`",
            "postgres",
        ),
    ] {
        let shown = Setup::with(&format!("[lock]\n{text}")).refusal();
        assert!(shown.contains(wrong) && shown.contains(help), "{shown}");
    }
    let mut setup = Setup::bare();
    setup.inputs.command_line.lock = Some("consul://".to_owned());
    assert!(setup.refusal().contains("`--lock` names no host"));
}

#[test]
fn an_engine_that_is_left_out_is_refused_with_its_feature() {
    let text = "[lock]\nbackend = \"consul\"";
    let mut setup = Setup::with(text);
    setup.inputs.lock_engines.clear();
    let shown = setup.refusal();
    assert!(
        shown.contains("needs the cargo feature `lock-consul`"),
        "{shown}"
    );
    assert!(shown.contains("cargo add run_functions --features lock-consul"));
}

#[test]
fn a_token_in_the_clear_is_a_warning() {
    let warnings = |address: &str| {
        let text =
            format!("[lock]\nbackend = \"consul\"\naddress = {address}\ntoken_file = \"token\"");
        let setup = Setup::with(&text);
        let token = setup.write("token", "abc");
        fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
        setup.warnings()
    };
    let shown = warnings("[\"127.0.0.1\", \"10.0.0.1\"]");
    assert!(
        shown.contains("`http://10.0.0.1:8500` in the clear"),
        "{shown}"
    );
    assert_eq!(
        warnings("[\"localhost\", \"[::1]:1\", \"https://10.0.0.1\"]"),
        ""
    );
}

#[test]
fn a_token_that_others_can_read_is_a_warning() {
    let setup = Setup::with("[lock]\nbackend = \"consul\"\ntoken_file = \"token\"");
    setup.write("token", "hunter2");
    let shown = setup.warnings();
    assert!(shown.contains("can be read by others"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
