use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::core::failure::Output;
use crate::unix::clock;

fn redactor(secrets: &[(&str, &str)]) -> Redactor {
    Redactor::new(
        secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

fn shapes_only(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[test]
fn known_values_go_in_every_form() {
    let redactor = redactor(&[("DB_PASSWORD", "p@ss/w0rd \"x\""), ("HOME", "/home/bob")]);
    for text in [
        "login with p@ss/w0rd \"x\" failed in /home/bob",
        "login with p%40ss%2Fw0rd%20%22x%22 failed in /home/bob",
        "login with p%40ss%2fw0rd+%22x%22 failed in /home/bob",
        r#"login with p@ss/w0rd \"x\" failed in /home/bob"#,
        "login with cEBzcy93MHJkICJ4Ig== failed in /home/bob",
        "login with dXNlcjpwQHNzL3cwcmQgIngi failed in /home/bob",
    ] {
        assert_eq!(
            redactor.text(text),
            "login with [redacted] failed in /home/bob",
            "{text}"
        );
    }
}

#[test]
fn short_values_go_only_where_they_stand_alone() {
    let redactor = redactor(&[
        ("PIN_TOKEN", "abcd"),
        ("AUTH_KEY", "abc"),
        ("X_SECRET", "true"),
    ]);
    assert_eq!(
        redactor.text("abcd abcdef (abcd) abc true"),
        "[redacted] abcdef ([redacted]) abc true"
    );
}

#[test]
fn a_password_inside_a_secret_url_goes_alone_too() {
    let redactor = redactor(&[("SENTRY_DSN", "postgres://bob:hunt%40er22@db/x")]);
    assert_eq!(
        redactor.text("denied for hunt@er22"),
        "denied for [redacted]"
    );
}

#[test]
fn text_without_secrets_is_not_copied() {
    assert!(matches!(
        Redactor::default().text("all is well: 3 monkeys"),
        Cow::Borrowed(_)
    ));
}

#[test]
fn redacting_twice_changes_nothing() {
    for text in [
        "password=hunter2 and https://u:p4ss@h/x",
        "Authorization: Basic dXNlcjpwYXNz",
        r#"{"token": "abc"}"#,
        "DB_PASSWORD=a b c",
        "Cookie: a=b; c=d",
    ] {
        let once = shapes_only(text);
        assert!(once.contains(REDACTED), "{text}");
        assert_eq!(shapes_only(&once), once);
    }
}

#[test]
fn a_value_ends_where_the_next_pair_begins() {
    for (text, clean) in [
        ("password=a,b;c&d user=bob", "password=[redacted] user=bob"),
        ("x?token=abc123&page=2", "x?token=[redacted]&page=2"),
        (
            "Server=h;Password=a;b!c;User=bob;",
            "Server=h;Password=[redacted];User=bob;",
        ),
        (
            r#"{"password":"a\"b","user":"bob"}"#,
            r#"{"password":"[redacted]","user":"bob"}"#,
        ),
        (
            r#""{\"password\":\"ab\",\"user\":1}""#,
            r#""{\"password\":\"[redacted]\",\"user\":1}""#,
        ),
        (
            r#"Login { password: "ab", user: 1 }"#,
            r#"Login { password: "[redacted]", user: 1 }"#,
        ),
        (
            "x --password 's e' --user bob",
            "x --password '[redacted]' --user bob",
        ),
        (
            "<Password>ab</Password><User>",
            "<Password>[redacted]</Password><User>",
        ),
        (
            "next=%2F%3Ftoken%3Dab12%26page%3D2",
            "next=%2F%3Ftoken%3D[redacted]%26page%3D2",
        ),
    ] {
        assert_eq!(shapes_only(text), clean);
    }
}

fn cut(head: &str, tail: &str) -> Output {
    Output {
        head: head.to_owned(),
        cut: 100,
        tail: tail.to_owned(),
    }
}

#[test]
fn halves_of_a_secret_that_a_cut_has_split_do_not_show() {
    let redactor = redactor(&[("API_SECRET", "correct-horse-battery-staple")]);
    for (head, tail) in [
        ("using correct-hor", "ery-staple for it"),
        ("password=zebr", "astripes for it"),
        ("ghp_16C7", "e42F292c6912E7710c838347Ae178B4a for it"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1\n",
            "iBzE5rtXyO0w\nEZVUG8T9JVzUh0TT5cHDrNAlJHXL7kZ8K0pH4CEs4xKFy0VIUYTkKfqvYNh3Cmfa\n-----END RSA PRIVATE KEY-----\nfor it",
        ),
    ] {
        let clean = redactor.output(&cut(head, tail));
        assert!(clean.head.trim_end().ends_with(REDACTED), "{clean:?}");
        let rest = clean
            .tail
            .strip_prefix(REDACTED)
            .unwrap_or_else(|| panic!("{clean:?}"));
        assert_eq!(rest.trim(), "for it");
    }
}

#[test]
fn innocent_text_at_a_cut_stays() {
    let redactor = redactor(&[("API_SECRET", "correct-horse-battery-staple")]);
    let output = cut(
        "compiling 12 of 20\nstill ru",
        "nning the tests\ndone 2026-11-22",
    );
    assert_eq!(redactor.output(&output), output);
}

#[test]
fn every_text_of_a_failure_is_redacted() {
    let redactor = redactor(&[("TOKEN", "hunter2hunter2")]);
    let text = "a hunter2hunter2 b".to_owned();
    let failure = Failure {
        class: FailureClass::Vanished(text.clone()),
        message: text.clone(),
        causes: vec![text.clone()],
        place: Some(text.clone()),
        backtrace: Some(text.clone()),
        kind: Some(text.clone()),
        output: Some(Output {
            head: text.clone(),
            cut: 0,
            tail: text.clone(),
        }),
        notes: vec![text],
    };
    let clean = format!("{:?}", redactor.failure(&failure));
    assert!(!clean.contains("hunter2"), "{clean}");
    assert_eq!(clean.matches("a [redacted] b").count(), 9);
}

/// Pieces that the finders stop at, and anything.
fn hostile() -> impl Strategy<Value = String> {
    const MARKS: &[&str] = &[
        "password=",
        "\"token\": \"",
        "://",
        "@",
        ":",
        "=",
        "'",
        "\"",
        "\\",
        "\n",
        " ",
        "-----BEGIN X-----",
        "-----END X-----",
        "--password ",
        "eyJ",
        "ghp_",
        "Bearer ",
        "Basic ",
        "Cookie: ",
        "%3D",
        "<pass>",
        "[",
        "AUTH PLAIN ",
        "zebra-crossing",
        "zebra-cros",
        "emVicmEtY3Jvc3Npbmc=",
        "curl -u ",
        "string(",
        "%22",
        "&quot;",
        "%3A",
        "mysql -p",
        "machine h login u password ",
        "<<EOF\n",
        "define('PASSWORD', ",
        "password  |  ",
        "value=",
        "<![CDATA[",
        "🦓",
        "é",
    ];
    let part = prop_oneof![
        4 => proptest::sample::select(MARKS).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9]{1,30}",
        1 => any::<String>(),
        1 => Just("é".repeat(5000)),
    ];
    proptest::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_breaks_the_redactor_or_hides_a_known_secret_from_it(head in hostile(), tail in hostile()) {
        let redactor = redactor(&[("APP_SECRET", "zebra-crossing")]);
        prop_assert!(!redactor.text(&head).contains("zebra-crossing"));
        let clean = redactor.output(&cut(&head, &tail));
        prop_assert!(!clean.head.ends_with("zebra-cros"), "{clean:?}");
        prop_assert!(!clean.tail.contains("zebra-crossing"), "{clean:?}");
    }
}

#[test]
fn time_grows_with_the_text_only() {
    // Each of these makes a finder look far ahead, in vain. A quadratic one would take minutes, a
    // linear one milliseconds.
    let most = Duration::from_secs(60);
    for part in [
        "password=\"",
        "token='a\\",
        "x://",
        "-----BEGIN X-----\n",
        "-----END X-----",
        "eyJ",
        "Cookie: a=",
        "=",
        "--password ",
        "key: [",
        "Bearer ",
        "a://b:c/",
        "curl -u a",
        "password=a,",
        "zebra-crossin",
        "secret: Some(",
        "AAAA",
        "%22password%22%3A",
        "mysql -p",
        "password <<EOF\n",
        "password <<EOF ",
        "password: |\n",
        "name=password value=",
        "<password>",
        "password ",
        "password\t",
        "x('password','",
        "password=\"\"\"",
        "NzkyNzE1NDU0MTk2MDg4ODQy.",
    ] {
        let redactor = redactor(&[
            ("APP_SECRET", "zebra-crossing"),
            ("B_KEY", &"A".repeat(2000)),
        ]);
        let text = part.repeat(100_000 / part.len());
        let before = clock::mono();
        let _ = redactor.output(&cut(&text, &text));
        assert!(clock::mono().since(before) < most, "{part}");
    }
}

#[test]
fn what_is_not_seen_hides_no_secret() {
    let redactor =
        Redactor::new([("DB_PASSWORD".to_owned(), "correct-horse".to_owned())].into_iter());
    for text in [
        "\u{1b}[33mpassword\u{1b}[0m=\u{1b}[32mHunter4abr\u{1b}[0m",
        "pass\u{0}word=Hunter4abr",
        "pass\u{200b}word=Hunter4abr",
        "passx\u{8}word=Hunter4abr",
        "p\u{8}pa\u{8}as\u{8}ss\u{8}sw\u{8}wo\u{8}or\u{8}rd\u{8}d=Hunter4abr",
        "password=Hunt\u{1b}[1mer4abr",
        "\u{9b}33mpassword\u{9b}0m=Hunter4abr",
        "\u{1b}]0;t\u{7}password\u{1b}(B: Hunter4abr",
        "the pool said corr\u{1b}[7mect-\u{0}horse twice",
    ] {
        let clean = redactor.text(text);
        let seen = crate::text::terminal::plain(&clean);
        for secret in ["Hunter4", "er4abr", "correct", "horse"] {
            assert!(
                !seen.contains(secret) && !clean.contains(secret),
                "{text:?}: {clean:?}"
            );
        }
        assert!(clean.contains(REDACTED), "{text:?}: {clean:?}");
    }
    let text = "\u{1b}[33mname\u{1b}[0m=\u{1b}[32mbob\u{1b}[0m";
    assert_eq!(redactor.text(text), text, "colours stay");
}

#[test]
fn a_known_secret_that_is_a_common_word_is_found_by_its_shape_only() {
    for (name, word) in [
        ("DB_PASSWORD", "root"),
        ("DB_PASSWORD", "Postgres"),
        ("APP_SECRET", "changeme"),
        ("PIN_TOKEN", "8080"),
    ] {
        let redactor = redactor(&[(name, word)]);
        let text = format!("access denied for {word} at {word}@db, in /{word}");
        assert_eq!(redactor.text(&text), text, "{word}");
        assert_eq!(
            redactor.text(&format!("password={word} user=x")),
            "password=[redacted] user=x"
        );
    }
    let redactor = redactor(&[("DB_PASSWORD", "zebra")]);
    assert_eq!(redactor.text("zebra failed"), "[redacted] failed");
}

#[test]
fn the_text_around_an_encoded_or_labelled_value_stays() {
    for (text, clean) in [
        (
            "GET /x?q=%7B%22password%22%3A%22ab%22%2C%22user%22%3A1%7D HTTP/1.1",
            "GET /x?q=%7B%22password%22%3A%22[redacted]%22%2C%22user%22%3A1%7D HTTP/1.1",
        ),
        (
            r#"<property name="password" value="ab"/><property name="x" value="y"/>"#,
            r#"<property name="password" value="[redacted]"/><property name="x" value="y"/>"#,
        ),
        ("mysql -uroot -pab shop", "mysql -uroot -p[redacted] shop"),
        (
            "sshpass -p ab ssh -p 22 host",
            "sshpass -p [redacted] ssh -p 22 host",
        ),
        (
            "machine h login u password ab\nmachine i",
            "machine h login u password [redacted]\nmachine i",
        ),
        (
            "password = <<EOT\nab\ncd\nEOT\nhost = 1",
            "password = <<EOT\n[redacted]\nEOT\nhost = 1",
        ),
        (
            "password: |\n  ab\n  cd\nhost: db",
            "password: |\n  [redacted]\nhost: db",
        ),
        (
            "define('DB_PASSWORD', 'ab'); x()",
            "define('DB_PASSWORD', '[redacted]'); x()",
        ),
    ] {
        assert_eq!(shapes_only(text), clean);
    }
}
