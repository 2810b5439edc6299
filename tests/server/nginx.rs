//! Behind nginx: what the guide writes works, and what is smuggled does not arrive.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::exchange::{call, get, raw, send};
use crate::served::Served;
use crate::servers::own_address;
use crate::support::{Place, eventually};

/// A proxy, ended with the test.
struct Nginx {
    child: Child,
    address: SocketAddr,
    _place: Place,
}

impl Nginx {
    fn before(served: &Served) -> Self {
        let place = Place::empty();
        let address: SocketAddr = format!("{}:8080", own_address()).parse().unwrap();
        let dir = place.dir().display().to_string();
        let upstream = served.address;
        place.write(
            "nginx.conf",
            format!(
                "daemon off; pid {dir}/pid; error_log {dir}/error.log; worker_processes 1;\n\
                 events {{ worker_connections 256; }}\n\
                 http {{ access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;\n\
                 fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;\n\
                 server {{ listen {address}; client_max_body_size 1m;\n\
                 location / {{ proxy_pass http://{upstream}; proxy_http_version 1.1;\n\
                 proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;\n\
                 proxy_set_header Connection \"\"; proxy_read_timeout 60s; }} }} }}\n"
            ),
        );
        let mut command = Command::new("nginx");
        command.args(["-c", &format!("{dir}/nginx.conf"), "-p", &dir]);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        assert!(eventually(|| std::net::TcpStream::connect(address).is_ok()));
        Nginx {
            child,
            address,
            _place: place,
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs nginx"]
fn a_proxy_passes_calls_and_pages_on() {
    let served = Served::with("[server]\npublic_url = \"https://board.example.org\"\n");
    let nginx = Nginx::before(&served);
    let host = "Host: board.example.org";
    assert_eq!(
        call(nginx.address, &served.admin(), "workers", "{}").status,
        200
    );
    assert_eq!(
        get(nginx.address, "/metrics").status,
        401,
        "not from this machine"
    );
    let page = send(nginx.address, "GET /login", &[host], "");
    assert_eq!(page.status, 200, "{page:?}");
    let headers = [
        host,
        "Origin: https://board.example.org",
        "Content-Type: application/x-www-form-urlencoded",
    ];
    let body = format!("token={}", served.admin());
    let login = send(nginx.address, "POST /login", &headers, &body);
    assert_eq!(login.status, 303, "{login:?}");
    assert!(login.header("set-cookie").unwrap().contains("; secure"));
    let path = format!("GET /login?token={}", served.admin());
    let by_url = send(nginx.address, &path, &[host], "");
    assert_eq!(
        by_url.status, 200,
        "a token in a URL is for this machine alone"
    );
    assert_eq!(by_url.header("set-cookie"), None);
    let evil = send(nginx.address, "GET /login", &["Host: evil.example"], "");
    assert_eq!(evil.status, 421);
}

#[test]
#[ignore = "needs nginx"]
fn nothing_is_smuggled_through_a_proxy() {
    let served = Served::with("");
    let nginx = Nginx::before(&served);
    let hidden = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (what, request) in [
        (
            "both",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
                hidden.len() + 5
            ),
        ),
        (
            "an encoding with a tab",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n{hidden}",
                hidden.len() + 5
            ),
        ),
        (
            "an encoding in other words",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"
            ),
        ),
        (
            "a path with a request in it",
            format!(
                "GET /healthz%20HTTP/1.1%0d%0aHost:%20localhost%0d%0a%0d%0a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n{hidden}"
            ),
        ),
        (
            "a bare LF",
            format!("GET /x HTTP/1.1\nHost: localhost\nConnection: close\n\n{hidden}"),
        ),
    ] {
        let text = raw(nginx.address, request.as_bytes());
        let answered = text.matches("\"openapi\"").count();
        assert!(
            answered <= usize::from(what == "a bare LF" && text.matches("HTTP/1.1 ").count() > 1),
            "{what}: {text}"
        );
    }
    assert_eq!(get(served.address, "/healthz").status, 200);
}
