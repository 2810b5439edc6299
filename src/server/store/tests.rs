use super::{NewToken, SecretText, ServerStore, StoreError};
use crate::server::audit_entry::{AuditEntry, AuditTrail};
use crate::server::viewer::{Projects, Role};

fn opened() -> (tempfile::TempDir, ServerStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = ServerStore::open(dir.path()).unwrap();
    (dir, store)
}

fn token(name: &str, expires: Option<i64>) -> NewToken {
    NewToken {
        name: name.to_owned(),
        role: Role::View,
        projects: Projects::Only(vec!["shop".to_owned()]),
        expires,
        made_by: "test".to_owned(),
        is_registered: false,
    }
}

#[test]
fn a_token_is_found_by_its_secret_alone_and_until_it_ends() {
    let (_dir, store) = opened();
    assert!(!store.has_tokens().unwrap());
    let (id, secret) = store.add_token(&token("anna", Some(1000)), 0).unwrap();
    let found = store.token(&secret, 999).unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str()), (id, "anna"));
    assert_eq!(found.projects, Projects::Only(vec!["shop".to_owned()]));
    assert_eq!(store.token(&secret, 1000).unwrap(), None);
    let other = SecretText::random().unwrap();
    assert_eq!(store.token(&other, 0).unwrap(), None);
    assert!(matches!(
        store.add_token(&token("anna", None), 0),
        Err(StoreError::NameTaken(_))
    ));
    // The name of a token that is over is free.
    store.add_token(&token("anna", None), 1000).unwrap();
    assert!(store.has_tokens().unwrap());
}

#[test]
fn a_token_that_another_process_revokes_is_over_at_once() {
    let (dir, store) = opened();
    let (id, secret) = store.add_token(&token("anna", None), 0).unwrap();
    let login = store.add_login(id, 0).unwrap();
    assert!(store.token(&secret, 1).unwrap().is_some());
    assert!(store.login(&login, 1).unwrap().is_some());
    let other = ServerStore::open(dir.path()).unwrap();
    assert!(other.revoke_token("anna", 2).unwrap());
    assert_eq!(store.token(&secret, 3).unwrap(), None);
    assert_eq!(store.login(&login, 3).unwrap(), None);
    assert!(!other.revoke_token("anna", 4).unwrap());
}

#[test]
fn a_login_ends_with_its_time_its_token_and_its_logout() {
    const HOUR: i64 = 3600 * 1000;
    let (_dir, store) = opened();
    let (id, _) = store.add_token(&token("anna", Some(5 * HOUR)), 0).unwrap();
    let login = store.add_login(id, 0).unwrap();
    assert!(store.login(&login, 5 * HOUR - 1).unwrap().is_some());
    assert_eq!(store.login(&login, 5 * HOUR).unwrap(), None);
    let (id, secret) = store.add_token(&token("bert", None), 0).unwrap();
    let login = store.add_login(id, 0).unwrap();
    assert!(store.login(&login, 12 * HOUR - 1).unwrap().is_some());
    assert_eq!(store.login(&login, 12 * HOUR).unwrap(), None);
    assert!(store.token(&secret, 12 * HOUR).unwrap().is_some());
    let login = store.add_login(id, 0).unwrap();
    store.end_login(&login).unwrap();
    assert_eq!(store.login(&login, 1).unwrap(), None);
    // The secrets of tokens and of logins are kept apart.
    assert_eq!(store.token(&login, 1).unwrap(), None);
    assert_eq!(store.login(&secret, 1).unwrap(), None);
}

#[test]
fn a_token_of_a_registration_ends_when_it_is_not_used() {
    const DAY: i64 = 24 * 3600 * 1000;
    let (_dir, store) = opened();
    let of_worker = |name: &str| NewToken {
        is_registered: true,
        ..token(name, None)
    };
    let (used, used_secret) = store.add_token(&of_worker("used"), 0).unwrap();
    let (_, left_secret) = store.add_token(&of_worker("left"), 0).unwrap();
    let (_, own_secret) = store.add_token(&token("own", None), 0).unwrap();
    store.note_use(used, 6 * DAY).unwrap();
    store.add_token(&token("next", None), 8 * DAY).unwrap();
    let is_known = |secret| store.token(secret, 8 * DAY).unwrap().is_some();
    assert!(is_known(&used_secret) && is_known(&own_secret));
    assert!(!is_known(&left_secret));
    let found = store.token(&used_secret, 8 * DAY).unwrap().unwrap();
    assert_eq!(found.last_used, Some(6 * DAY));
    assert!(found.is_use_news(8 * DAY) && !found.is_use_news(6 * DAY + 1));
}

#[test]
fn many_logins_of_one_token_end_the_oldest_ones() {
    let (_dir, store) = opened();
    let (id, _) = store.add_token(&token("anna", None), 0).unwrap();
    let logins: Vec<SecretText> = (0..60).map(|at| store.add_login(id, at).unwrap()).collect();
    let held = logins.iter().map(|login| store.login(login, 60).unwrap());
    let held: Vec<bool> = held.map(|found| found.is_some()).collect();
    assert_eq!(held.iter().filter(|is_held| **is_held).count(), 50);
    assert!(!held[0] && held[59]);
}

#[test]
fn what_was_done_is_read_page_by_page_the_newest_first() {
    let (_dir, store) = opened();
    for number in 1..=5 {
        let entry = AuditEntry {
            id: 0,
            at: 0,
            by: "anna".to_owned(),
            action: "stopped".to_owned(),
            object: format!("job {number}"),
            project: None,
            outcome: String::new(),
            reason: Some("a test".to_owned()),
        };
        store.record(entry).unwrap();
    }
    let first = store.entries(None, 2).unwrap();
    let objects: Vec<&str> = first.iter().map(|entry| entry.object.as_str()).collect();
    assert_eq!(objects, ["job 5", "job 4"]);
    assert!(first[0].at > 0);
    let rest = store.entries(Some(first[1].id), 10).unwrap();
    assert_eq!(rest.len(), 3);
}

#[test]
fn only_the_form_of_a_secret_is_one() {
    let secret = SecretText::random().unwrap();
    assert_eq!(SecretText::parse(secret.reveal()), Some(secret.clone()));
    assert_eq!(format!("{secret:?}"), "SecretText");
    let text = secret.reveal();
    for wrong in ["", "rf_", &text[1..], &text[..66], &format!("{text}0")] {
        assert_eq!(SecretText::parse(wrong), None, "{wrong}");
    }
    assert_ne!(secret.derived("forms"), secret.derived("others"));
}
