//! Tokens: what each role may do, and when a token is over.

use serde_json::json;

use crate::exchange::{call, get, send};
use crate::served::Served;
use crate::support::{eventually, stderr, stdout};

const CONFIG: &str = r#"
[jobs.hello]
steps = [{ name = "say", command = ["true"] }]
[jobs.shop_mail]
project = "shop"
steps = [{ name = "say", command = ["true"] }]
[jobs.press_mail]
project = "press"
steps = [{ name = "say", command = ["true"] }]
"#;

const FILTER: &str = r#"{"filter":{"states":[],"definition":null,"key":null,"owner":null,"batch":null,"project":null,"kind":null,"before":null,"limit":10}}"#;

#[test]
fn no_call_is_answered_without_a_token_that_is_known() {
    let served = Served::with(CONFIG);
    let address = served.address;
    let admin = served.admin();
    let almost = format!("{}{}", &admin[..admin.len() - 1], 'x');
    let longer = format!("{admin}0");
    for authorization in [
        String::new(),
        "Authorization: Bearer".to_owned(),
        "Authorization: Bearer ".to_owned(),
        format!("Authorization: Basic {admin}"),
        format!("Authorization: {admin}"),
        format!("Authorization: Bearer {almost}"),
        format!("Authorization: Bearer {longer}"),
        format!("Authorization: Bearer {admin}\r\nAuthorization: Bearer {admin}"),
        format!("Authorization: Bearer {}", "a".repeat(8000)),
        format!(
            "Cookie: {}",
            served.log_in(&admin).trim_start_matches("Cookie: ")
        ),
    ] {
        let mut headers = vec!["Content-Type: application/json"];
        headers.extend((!authorization.is_empty()).then_some(authorization.as_str()));
        let answer = send(address, "POST /api/v1/workers", &headers, "{}");
        assert_eq!(answer.status, 401, "{authorization}: {answer:?}");
        assert_eq!(answer.code(), "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("bearer"));
        let board = answer.json()["board"].as_str().unwrap().to_owned();
        assert!(!board.is_empty() && !board.contains('/'), "{board}");
    }
    assert_eq!(call(address, &admin, "workers", "{}").status, 200);
}

#[test]
fn each_role_may_do_what_is_its_own_and_no_more() {
    let served = Served::with(CONFIG);
    let address = served.address;
    let pause = r#"{"scope":{"definition":"hello"},"by":"x"}"#;
    let register = r#"{"name":"edge-1"}"#;
    // Of each: a call of who looks, of who operates, of a registration, and a login.
    let table = [
        ("register", [false, false, true, false]),
        ("worker", [true, false, false, false]),
        ("view", [true, false, false, true]),
        ("post", [true, false, false, true]),
        ("operate", [true, true, false, true]),
        ("admin", [true, true, true, true]),
    ];
    for (role, [looks, operates, registers, logs_in]) in table {
        let token = served.token(&[&format!("of_{role}"), "--role", role]);
        let may = |name: &str, body: &str| match call(address, &token, name, body).status {
            403 => false,
            401 => panic!("{role} is unknown"),
            _ => true,
        };
        assert_eq!(may("counts", "{}"), looks, "{role} looks");
        assert_eq!(may("set_pause", pause), operates, "{role} operates");
        assert_eq!(may("register", register), registers, "{role} registers");
        let login = served.try_log_in(&token);
        assert_eq!(login.status == 303, logs_in, "{role}: {login:?}");
    }
}

#[test]
fn a_token_of_a_project_sees_the_jobs_of_it_alone() {
    let served = Served::with(CONFIG);
    for job in ["shop_mail", "press_mail", "hello"] {
        let output = served.place.run(&["post", job]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let seen = |token: &str, project: &str| {
        let filter = FILTER.replace("\"project\":null", &format!("\"project\":{project}"));
        let answer = call(served.address, token, "jobs", &filter);
        assert_eq!(answer.status, 200, "{answer:?}");
        let jobs = answer.json()["answer"]["jobs"].as_array().unwrap().clone();
        let names = jobs
            .iter()
            .map(|job| job["definition"].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    let shop = served.token(&["anna", "--role", "operate", "--project", "shop"]);
    assert_eq!(seen(&shop, "null"), ["shop_mail"]);
    assert_eq!(seen(&shop, "\"shop\""), ["shop_mail"]);
    let press = FILTER.replace("\"project\":null", "\"project\":\"press\"");
    assert_eq!(call(served.address, &shop, "jobs", &press).status, 403);
    let args = [
        "bert",
        "--role",
        "view",
        "--project",
        "shop",
        "--project",
        "press",
    ];
    let both = served.token(&args);
    assert_eq!(seen(&both, "\"press\""), ["press_mail"]);
    assert_eq!(seen(&served.admin(), "null").len(), 3);
}

#[test]
fn a_revoked_token_is_over_at_once_and_its_logins_with_it() {
    let served = Served::with(CONFIG);
    let token = served.token(&["anna", "--role", "operate"]);
    let other = served.token(&["bert", "--role", "operate"]);
    let cookie = served.log_in(&token);
    let page = || send(served.address, "GET /jobs", &[&cookie], "");
    assert_eq!(call(served.address, &token, "counts", "{}").status, 200);
    assert_ne!(page().header("location"), Some("/login?next=/jobs"));
    let output = served.revoke("anna");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(call(served.address, &token, "counts", "{}").status, 401);
    assert_eq!(page().header("location"), Some("/login?next=/jobs"));
    assert_eq!(call(served.address, &other, "counts", "{}").status, 200);
    let again = served.revoke("anna");
    assert_eq!(again.status.code(), Some(2));
    // The name is free again, and the old secret stays over.
    served.token(&["anna", "--role", "view"]);
    assert_eq!(call(served.address, &token, "counts", "{}").status, 401);
}

#[test]
fn a_token_ends_when_its_time_is_over_and_so_does_its_login() {
    let served = Served::with(CONFIG);
    let token = served.token(&["guest", "--role", "view", "--expires", "3s"]);
    let cookie = served.log_in(&token);
    assert_eq!(call(served.address, &token, "counts", "{}").status, 200);
    let is_over = || call(served.address, &token, "counts", "{}").status == 401;
    assert!(eventually(is_over));
    let page = send(served.address, "GET /jobs", &[&cookie], "");
    assert_eq!(page.header("location"), Some("/login?next=/jobs"));
    let list = stdout(&served.place.run(&["serve", "token", "list"]));
    assert!(!list.contains("guest"), "{list}");
}

#[test]
fn tokens_are_listed_without_their_secrets() {
    let served = Served::with(CONFIG);
    let token = served.token(&[
        "anna",
        "--role",
        "post",
        "--project",
        "shop",
        "--expires",
        "90d",
    ]);
    let list = stdout(&served.place.run(&["serve", "token", "list"]));
    let line = list.lines().find(|line| line.starts_with("anna ")).unwrap();
    assert!(
        line.contains("post") && line.contains("shop, until "),
        "{list}"
    );
    let data = stdout(&served.place.run(&["serve", "token", "list", "--json"]));
    let all: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(all[1]["name"], json!("anna"));
    assert_eq!(all[1]["projects"], json!(["shop"]));
    for text in [&list, &data] {
        assert!(!text.contains(&token[3..20]), "{text}");
    }
    let taken = served
        .place
        .run(&["serve", "token", "add", "anna", "--role", "view"]);
    assert_eq!(taken.status.code(), Some(1), "{}", stderr(&taken));
}

#[test]
fn a_registration_gives_each_worker_a_token_of_its_own() {
    let served = Served::with(CONFIG);
    let registration = served.token(&["fleet", "--role", "register"]);
    let register = || {
        let answer = call(
            served.address,
            &registration,
            "register",
            r#"{"name":"edge"}"#,
        );
        assert_eq!(answer.status, 200, "{answer:?}");
        let made = answer.json()["answer"].clone();
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        (text("name"), text("token"))
    };
    let (first, second) = (register(), register());
    assert_eq!(first.0, "edge");
    assert!(second.0.starts_with("edge-"), "{}", second.0);
    assert_ne!(first.1, second.1);
    assert_eq!(call(served.address, &first.1, "workers", "{}").status, 200);
    assert_eq!(
        call(served.address, &first.1, "register", r#"{"name":"x"}"#).status,
        403
    );
    served.revoke("edge");
    assert_eq!(call(served.address, &first.1, "workers", "{}").status, 401);
    assert_eq!(call(served.address, &second.1, "workers", "{}").status, 200);
    for body in [
        "",
        "{}",
        "[]",
        r#"{"name":"a\nb"}"#,
        r#"{"name":"../x"}"#,
        r#"{"name":""}"#,
    ] {
        let answer = call(served.address, &registration, "register", body);
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
}

#[test]
fn metrics_need_no_token_from_this_machine_and_one_through_a_proxy() {
    let served = Served::with(CONFIG);
    served.place.run(&["post", "hello"]);
    let page = get(served.address, "/metrics");
    assert_eq!(page.status, 200, "{page:?}");
    for line in [
        "run_functions_server_board_answers 1",
        "run_functions_server_oldest_waiting_seconds{job=\"hello\"}",
        "state=\"waiting\"} 1",
    ] {
        assert!(page.body.contains(line), "{line}: {}", page.body);
    }
    for header in [
        "X-Forwarded-For: 192.0.2.1",
        "Via: 1.1 proxy",
        "Host: evil.example",
    ] {
        let answer = send(served.address, "GET /metrics", &[header], "");
        assert_eq!(answer.status, 401, "{header}");
    }
    let viewer = served.token(&["prometheus", "--role", "view"]);
    let token = format!("Authorization: Bearer {viewer}");
    let headers = ["X-Forwarded-For: 192.0.2.1", token.as_str()];
    assert_eq!(
        send(served.address, "GET /metrics", &headers, "").status,
        200
    );
    let worker = served.token(&["w", "--role", "worker"]);
    let token = format!("Authorization: Bearer {worker}");
    let headers = ["Via: 1.1 proxy", token.as_str()];
    assert_eq!(
        send(served.address, "GET /metrics", &headers, "").status,
        403
    );
}
