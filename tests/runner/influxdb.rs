//! Metrics in a real InfluxDB, with a user and a password.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{Place, eventually};

/// A server of version 1, at an address of its own.
struct InfluxDb {
    ip: String,
    process: Child,
}

impl InfluxDb {
    fn start(dir: &Path) -> Self {
        let pid = std::process::id();
        let ip = format!("127.77.{}.{}", (pid >> 8) % 256, 1 + pid % 250);
        let at = |name: &str| dir.join(name).display().to_string();
        let config = format!(
            "reporting-disabled = true\nbind-address = \"{ip}:8088\"\n\
             [meta]\ndir = \"{}\"\n[data]\ndir = \"{}\"\nwal-dir = \"{}\"\n\
             [http]\nbind-address = \"{ip}:8086\"\nauth-enabled = true\nlog-enabled = false\n",
            at("meta"),
            at("data"),
            at("wal")
        );
        fs::write(dir.join("influxdb.conf"), config).unwrap();
        let process = Command::new("influxd")
            .arg("-config")
            .arg(dir.join("influxdb.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = InfluxDb { ip, process };
        let create = "CREATE USER admin WITH PASSWORD 'hunter2' WITH ALL PRIVILEGES";
        assert!(eventually(|| server.query(create).contains("results")));
        server.query("CREATE DATABASE jobs");
        server
    }

    fn query(&self, q: &str) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-u", "admin:hunter2", "-XPOST", "--data-urlencode"]);
        curl.arg(format!("q={q}"));
        let output = curl.arg(format!("http://{}:8086/query?db=jobs", self.ip));
        String::from_utf8(output.output().unwrap().stdout).unwrap()
    }
}

impl Drop for InfluxDb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs influxdb"]
fn runs_and_the_numbers_of_tasks_are_in_influxdb_whatever_their_names_are() {
    let dir = tempfile::tempdir().unwrap();
    let server = InfluxDb::start(dir.path());
    let place = Place::with(&format!(
        "[tasks.good]\nshell = '''echo 'metric=orders,shop=Bad Hall\\, \"x\" 3' >> $RUN_FUNCTIONS_REPORT\n\
         echo 'metric=rows,shop=ä=b 1e3' >> $RUN_FUNCTIONS_REPORT'''\nsuccess_cooldown = \"50ms\"\n\
         [tasks.bad]\ncommand = [\"false\"]\nfail_cooldown = \"50ms\"\n\
         [metrics_push]\naddress = \"http://{}:8086\"\ndatabase = \"jobs\"\nusername = \"admin\"\npassword_file = \"secret\"\n",
        server.ip
    ));
    place.write("secret", "hunter2\n");
    place.set_mode("secret", 0o600);
    let runner = place.start(&["tasks::good", "tasks::bad"]);
    let has = |query: &str, words: &str| server.query(query).contains(words);
    for (query, words) in [
        (
            "SELECT value FROM job_duration_seconds WHERE status='succeeded' AND task='tasks::good' AND type='shell'",
            "\"values\"",
        ),
        (
            "SELECT value FROM job_duration_seconds WHERE status='failed' AND task='tasks::bad'",
            "\"values\"",
        ),
        (
            "SELECT value FROM last_successful_run_timestamp WHERE chain='good_bad'",
            "\"values\"",
        ),
        ("SELECT value, shop FROM rows", "1000,\"ä=b\""),
    ] {
        assert!(
            eventually(|| has(query, words)),
            "{query}: {}",
            server.query(query)
        );
    }
    let log = runner.log();
    assert!(
        !log.contains("refuses") && !log.contains("do not reach"),
        "{log}"
    );
    assert_eq!(runner.stop(), Some(0));
    // The server that is gone, and that is back without its database.
    let runner = place.start(&["tasks::good"]);
    server.query("DROP DATABASE jobs");
    runner.wait_for("Metrics do not reach http://");
    assert!(runner.log().contains("it answered 404"), "{}", runner.log());
    server.query("CREATE DATABASE jobs");
    runner.wait_for("Metrics reach http://");
    assert_eq!(runner.stop(), Some(0));
}
