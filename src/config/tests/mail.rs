//! How mail leaves, and what must not be configured.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::{Setup, titles};
use crate::core::settings::{Login, MailSettings, PasswordSource, Tls, Transport};

fn mail(text: &str) -> MailSettings {
    Setup::with(&format!("[mail]\n{text}")).load().settings.mail
}

fn refused(text: &str) -> String {
    let refusal = Setup::with(&format!("[mail]\n{text}")).refusal();
    titles(&refusal).join("\n")
}

const SERVER: &str = "to = [\"ops@example.org\"]\nserver = \"mail.example.org\"\n";

#[test]
fn without_a_recipient_each_mail_is_a_file() {
    let setup = Setup::bare();
    let mail = setup.load().settings.mail;
    let directory = setup.inputs.cwd.join("run/mail");
    assert_eq!(mail.transport, Transport::File { directory });
    assert_eq!(mail.to, ["root@web1.example.org"]);
    assert_eq!(mail.from, "run_functions@web1.example.org");
    assert_eq!(mail.max_per_hour, 20);
    assert_eq!(mail.timeout, Duration::from_secs(60));
}

#[test]
fn the_port_follows_tls_unless_written() {
    let port = |text: &str| match mail(&format!("to = [\"a@b.example\"]\n{text}")).transport {
        Transport::Smtp(smtp) => (smtp.port, smtp.tls),
        other => panic!("{other:?}"),
    };
    assert_eq!(port("server = \"m.example\"\n"), (465, Tls::Implicit));
    assert_eq!(
        port("server = \"m.example\"\ntls = \"starttls\"\n"),
        (587, Tls::StartTls)
    );
    assert_eq!(
        port("server = \"localhost\"\ntls = \"none\"\n"),
        (25, Tls::None)
    );
    assert_eq!(
        port("server = \"::1\"\ntls = \"none\"\nport = 2525\n"),
        (2525, Tls::None)
    );
}

#[test]
fn tls_can_only_be_left_out_on_this_machine_and_without_a_login() {
    assert_eq!(
        refused(&format!("{SERVER}tls = \"none\"\n")),
        "error: mail to `mail.example.org` would leave this machine in the clear"
    );
    let text = "to = [\"a@b.example\"]\nserver = \"127.0.0.1\"\ntls = \"none\"\nusername = \"u\"\npassword_env = \"HOME\"\n";
    assert_eq!(
        refused(text),
        "error: a login without TLS would show the password"
    );
}

#[test]
fn half_a_configuration_is_refused() {
    let one = |text: &str, title: &str| assert_eq!(refused(text), title);
    one(
        "to = [\"a@b.example\"]\n",
        "error: `server` is missing in `[mail]`",
    );
    one(
        "server = \"x\"\n",
        "error: nobody is mailed: `to` is missing in `[mail]`",
    );
    one(
        "transport = \"sendmail\"\n",
        "error: nobody is mailed: `to` is missing in `[mail]`",
    );
    one(
        &format!("{SERVER}username = \"u\"\n"),
        "error: `username` has no password",
    );
    one(
        &format!("{SERVER}password_env = \"HOME\"\n"),
        "error: there is a password, but no `username`",
    );
    one(
        &format!("transport = \"sendmail\"\n{SERVER}"),
        "error: `server` has no effect with `transport = \"sendmail\"`",
    );
    one(
        &format!("{SERVER}to_ = 1\n"),
        "error: unknown key `to_` in `[mail]`",
    );
    // A slip in the key does not make it missing as well.
    one(
        "to = [\"a@b.example\"]\nsever = \"x\"\n",
        "error: unknown key `sever` in `[mail]`",
    );
}

#[test]
fn a_transport_can_be_overruled_for_now() {
    let setup =
        Setup::with(&format!("[mail]\n{SERVER}")).set("RUN_FUNCTIONS_MAIL_TRANSPORT", "print");
    assert_eq!(setup.load().settings.mail.transport, Transport::Print);
    let local = mail("transport = \"print\"\n");
    assert_eq!(local.transport, Transport::Print);
}

#[test]
fn a_password_is_for_its_owner_only() {
    let text =
        format!("[mail]\n{SERVER}username = \"runner@example.org\"\npassword_file = \"secret\"\n");
    let setup = Setup::with(&text);
    assert!(setup.warnings().contains("`password_file` does not exist"));
    assert_eq!(setup.load().warnings.warned_exit_code(), None);
    let path = setup.write("secret", "hunter2\n");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    insta::assert_snapshot!(setup.warnings(), @r#"
    warning: the password in `ROOT/cwd/secret` can be read by others
     --> run_functions.toml:5:17
      |
    5 | password_file = "secret"
      |                 ^^^^^^^^
    help: chmod 600 ROOT/cwd/secret
    "#);
    let code = setup.load().warnings.warned_exit_code();
    assert_eq!(code, Some(crate::core::exit::NO_PERMISSION));
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let mail = setup.load().settings.mail;
    let Transport::Smtp(smtp) = mail.transport else {
        panic!()
    };
    let password = PasswordSource::File(path);
    let username = "runner@example.org".to_owned();
    assert_eq!(smtp.login, Some(Login { username, password }));
    assert_eq!(mail.from, "runner@example.org");
}

#[test]
fn a_password_that_this_machine_lacks_is_a_warning() {
    let text = format!("[mail]\n{SERVER}username = \"u\"\npassword_env = \"NOT_SET\"\n");
    let told = Setup::with(&text).warnings();
    let expected = "warning: `password_env` names `NOT_SET`, which is not set";
    assert_eq!(titles(&told), [expected]);
}

#[test]
fn the_variable_of_the_password_is_no_unknown_setting() {
    let text = format!(
        "[mail]\n{SERVER}username = \"u\"\npassword_env = \"RUN_FUNCTIONS_MAIL_PASSWORD\"\n"
    );
    let setup = Setup::with(&text).set("RUN_FUNCTIONS_MAIL_PASSWORD", "hunter2");
    assert_eq!(setup.warnings(), "");
    let setup = Setup::bare().set("RUN_FUNCTIONS_MAIL_PASSWORD", "hunter2");
    assert!(
        setup.warnings().contains("password_env = "),
        "{}",
        setup.warnings()
    );
    assert!(!setup.warnings().contains("hunter2"));
}

#[test]
fn a_port_that_speaks_the_other_way_is_a_warning() {
    let setup = Setup::with(&format!("[mail]\n{SERVER}port = 587\n"));
    assert!(
        setup.warnings().contains("tls = \"starttls\""),
        "{}",
        setup.warnings()
    );
}
