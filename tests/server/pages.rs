//! Pages: logins, forms of other sites, names of other sites, and where a browser is led.

use crate::exchange::{Answer, get, send};
use crate::served::Served;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[test]
fn a_page_needs_a_login_and_goes_on_there_afterwards() {
    let served = Served::with("");
    let answer = get(served.address, "/jobs?state=failed");
    assert_eq!(answer.status, 303);
    let place = answer.header("location").unwrap();
    assert_eq!(place, "/login?next=/jobs%3fstate%3dfailed");
    let form = get(served.address, "/login?next=/jobs%3Fstate%3Dfailed");
    assert_eq!(form.status, 200);
    assert!(
        form.body
            .contains(r#"name="next" value="/jobs?state=failed""#)
    );
    let cookie = served.log_in(&served.admin());
    let page = send(served.address, "GET /jobs", &[&cookie], "");
    assert_ne!(page.status, 303, "{page:?}");
    let script = ["Sec-Fetch-Dest: empty"];
    assert_eq!(send(served.address, "GET /jobs", &script, "").status, 401);
}

#[test]
fn a_login_is_never_led_to_another_site() {
    let served = Served::with("");
    let token = served.admin();
    let origin = format!("Origin: http://{}", served.address);
    for next in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%2F%09%2Fevil.example",
        "javascript%3Aalert(1)",
        "%0d%0aSet-Cookie%3A%20a%3Db",
        "",
    ] {
        let body = format!("token={token}&next={next}");
        let answer = send(served.address, "POST /login", &[&origin, FORM], &body);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/")),
            "{next}"
        );
        let path = format!("GET /login?token={token}&next={next}");
        let answer = send(served.address, &path, &[], "");
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/")),
            "{next}"
        );
        assert!(!answer.head.contains("a=b"), "{answer:?}");
    }
}

#[test]
fn a_cookie_is_for_this_server_alone_and_not_for_scripts() {
    let served = Served::with("");
    let answer = served.try_log_in(&served.admin());
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["httponly", "samesite=strict", "path=/", "max-age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let port = served.address.port().to_string();
    assert!(
        cookie.starts_with(&format!("run_functions_{port}=")),
        "{cookie}"
    );
    assert!(!cookie.contains("domain"), "{cookie}");
}

/// Sends a form with a login.
fn posted(served: &Served, cookie: &str, headers: &[&str], body: &str) -> Answer {
    let mut all = vec![cookie, FORM];
    all.extend(headers);
    send(served.address, "POST /jobs/1/stop", &all, body)
}

#[test]
fn a_form_of_another_site_or_login_does_nothing() {
    let served = Served::with("");
    let cookie = served.log_in(&served.admin());
    let own = format!("Origin: http://{}", served.address);
    let port = served.address.port();
    let by_name = format!("Origin: http://localhost:{port}");
    for headers in [
        vec![],
        vec!["Origin: null"],
        vec!["Origin: https://evil.example"],
        vec!["Origin: http://127.0.0.1"],
        vec![by_name.as_str()],
        vec!["Sec-Fetch-Site: cross-site"],
        vec!["Sec-Fetch-Site: same-site", own.as_str()],
        vec!["Sec-Fetch-Site: none"],
        vec![
            "Sec-Fetch-Site: same-origin",
            "Origin: https://evil.example",
        ],
    ] {
        let answer = posted(&served, &cookie, &headers, "csrf=x");
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(
            answer.body.contains("not sent from a page of this server"),
            "{headers:?}"
        );
    }
    for headers in [
        vec![own.as_str()],
        vec!["Sec-Fetch-Site: same-origin", "Origin: null"],
    ] {
        for body in ["a=b", "csrf=", "csrf=0000", "csrf=%00"] {
            let answer = posted(&served, &cookie, &headers, body);
            assert_eq!(answer.status, 403, "{body}");
            assert!(
                answer.body.contains("not of this login"),
                "{body}: {answer:?}"
            );
        }
    }
    let json = [
        "Content-Type: application/json",
        own.as_str(),
        cookie.as_str(),
    ];
    assert_eq!(
        send(served.address, "POST /jobs/1/stop", &json, "{}").status,
        415
    );
}

#[test]
fn the_form_of_a_login_is_not_sent_by_another_site() {
    let served = Served::with("");
    let body = format!("token={}", served.admin());
    for origin in ["Origin: https://evil.example", "Origin: null", "X: y"] {
        let answer = send(served.address, "POST /login", &[origin, FORM], &body);
        assert_eq!(answer.status, 403, "{origin}");
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[test]
fn a_name_of_another_site_that_leads_here_gets_no_page() {
    let served = Served::with("");
    let cookie = served.log_in(&served.admin());
    let port = served.address.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "192.168.1.1".to_owned(),
        "localhost.evil.example".to_owned(),
    ] {
        let host = format!("Host: {host}");
        for path in ["GET /", "GET /jobs", "GET /login", "GET /style.css"] {
            let answer = send(served.address, path, &[&host, &cookie], "");
            assert_eq!(answer.status, 421, "{host} {path}");
        }
    }
    let host = format!("Host: localhost:{port}");
    assert_eq!(send(served.address, "GET /login", &[&host], "").status, 200);
    let two = format!("Host: 127.0.0.1:{port}\r\nHost: evil.example");
    assert_eq!(send(served.address, "GET /login", &[&two], "").status, 400);
}

#[test]
fn no_path_leads_out_of_the_pages() {
    let served = Served::with("");
    let cookie = served.log_in(&served.admin());
    for path in [
        "/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/style.css/../../run/admin_token",
        "/%2e%2e%5crun%5cadmin_token",
        "/run/admin_token",
        "//etc/passwd",
        "/a%00.css",
        "/admin_token.css",
        "/%c0%ae%c0%ae/etc/passwd.svg",
    ] {
        for headers in [vec![], vec![cookie.as_str()]] {
            let answer = send(served.address, &format!("GET {path}"), &headers, "");
            assert!([303, 404].contains(&answer.status), "{path}: {answer:?}");
            assert!(!answer.body.contains("root:"), "{path}");
            assert!(!answer.body.contains("rf_"), "{path}");
        }
    }
}

#[test]
fn every_answer_forbids_what_pages_do_not_need() {
    let served = Served::with("");
    let cookie = served.log_in(&served.admin());
    let requests: [(&str, u16); 8] = [
        ("GET /login", 200),
        ("GET /nothing/here", 404),
        ("GET /healthz", 200),
        ("GET /metrics", 200),
        ("GET /api/v1/openapi.json", 200),
        ("GET /api/v1/workers", 405),
        ("POST /api/v1/workers", 401),
        ("DELETE /jobs", 405),
    ];
    let page = get(served.address, "/login").body;
    let style = page.split(r#"<link rel="stylesheet" href=""#).nth(1);
    let style = style.unwrap().split('"').next().unwrap();
    let asset = get(served.address, style);
    assert_eq!(
        (asset.status, asset.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
    assert!(asset.header("cache-control").unwrap().contains("immutable"));
    assert!(asset.header("content-security-policy").is_some());
    for (request, status) in requests {
        let answer = send(served.address, request, &[&cookie], "");
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{request}"
        );
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let is_json = answer.header("content-type") == Some("application/json");
        assert_eq!(
            is_json,
            request.contains("/api/") || request.contains("healthz"),
            "{request}"
        );
    }
}

#[test]
fn guessing_tokens_is_slowed_down_and_a_right_one_waits_too() {
    let served = Served::with("");
    let wrong = format!("rf_{}", "0".repeat(64));
    let statuses: Vec<u16> = (0..7).map(|_| served.try_log_in(&wrong).status).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    let right = served.try_log_in(&served.admin());
    assert_eq!(right.status, 429);
    assert!(right.body.contains("Wait "), "{}", right.body);
    assert_eq!(
        served
            .runner
            .count("Login refused: an unknown token, from 127.0.0.1"),
        5
    );
    assert!(!served.runner.log().contains(&wrong));
}

#[test]
fn a_logout_ends_the_login() {
    let served = Served::with("");
    let cookie = served.log_in(&served.admin());
    let other = served.log_in(&served.admin());
    let page = send(served.address, "GET /", &[&cookie], "");
    assert_eq!(page.status, 200, "{page:?}");
    let csrf = page.body.split(r#"name="csrf" value=""#).nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    let own = format!("Origin: http://{}", served.address);
    let body = format!("csrf={csrf}");
    let stolen = send(served.address, "POST /logout", &[&other, &own, FORM], &body);
    assert_eq!(stolen.status, 403, "the secret of another login");
    let answer = send(
        served.address,
        "POST /logout",
        &[&cookie, &own, FORM],
        &body,
    );
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/login"))
    );
    assert!(answer.header("set-cookie").unwrap().contains("max-age=0"));
    let page = send(served.address, "GET /", &[&cookie], "");
    assert_eq!(page.header("location"), Some("/login?next=/"));
    let page = send(served.address, "GET /", &[&other], "");
    assert_ne!(page.status, 303);
}
