//! The last success on the servers of locks: another host sees it, without a file of the first.

use std::path::Path;

use crate::servers::{Consul, Postgres, directory_of};
use crate::support::{Place, eventually, stdout};

const GOOD: &str = "[tasks.good]\ncommand = [\"true\"]\nsuccess_cooldown = \"50ms\"\n";

/// Checks that a host sees what another one has recorded on the server of this section.
fn another_host_sees_the_success(section: &str) {
    let config = format!("{GOOD}{section}");
    let (here, there) = (Place::with(&config), Place::with(&config));
    for place in [&here, &there] {
        place.write("password", "pw");
        place.set_mode("password", 0o600);
    }
    let check = || there.run(&["check-liveness", "good", "--max-age", "1h"]);
    assert_eq!(check().status.code(), Some(3), "{:?}", check());
    let runner = here.start(&["tasks::good"]);
    assert!(eventually(|| check().status.success()), "{:?}", check());
    assert_eq!(runner.stop(), Some(0));
    assert!(!Path::new(&there.path("run/good.alive")).exists());
    let text = stdout(&check());
    assert!(
        text.starts_with("PASS good: ") && text.contains("tasks::good on "),
        "{text}"
    );
}

#[test]
#[ignore = "needs Consul"]
fn another_host_sees_a_success_by_consul() {
    let dir = tempfile::tempdir().unwrap();
    let consul = Consul::single(dir.path());
    let address = format!("address = \"{}\"\n", consul.address());
    another_host_sees_the_success(&format!("[liveness]\nbackend = \"consul\"\n{address}"));
    another_host_sees_the_success(&format!(
        "[lock]\nbackend = \"consul\"\nkey = \"shop/nightly\"\n{address}"
    ));
    let key = "/v1/kv/run_functions/shop/nightly:good:alive?raw";
    assert!(consul.get(key).contains("\"task\":\"tasks::good\""));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn another_host_sees_a_success_by_postgresql() {
    let dir = tempfile::tempdir().unwrap();
    let postgres = Postgres::start(&directory_of("postgres", dir.path(), "server"));
    let address = format!(
        "address = \"postgres://rf@{}/rf\"\npassword_file = \"password\"\n",
        postgres.address()
    );
    another_host_sees_the_success(&format!("[liveness]\nbackend = \"postgres\"\n{address}"));
    another_host_sees_the_success(&format!(
        "[lock]\nbackend = \"postgres\"\nkey = \"k\"\n{address}"
    ));
}
