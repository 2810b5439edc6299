//! The metrics of a server, to stand below those of its board.

use MetricType::{Counter, Gauge};

use super::text::{Family, MetricType};

/// What is known of a server.
#[derive(Debug)]
pub(crate) struct ServerMetrics<'a> {
    /// How often was asked what: kind, class of the answer, number.
    pub(crate) requests: Vec<(&'static str, &'static str, u64)>,
    /// How many connections there are.
    pub(crate) connections: u64,
    /// How many were refused because of the limit.
    pub(crate) refused_connections: u64,
    /// How many that waited for a request were closed for the sake of a new one.
    pub(crate) evicted_connections: u64,
    /// How many logins were refused.
    pub(crate) refused_logins: u64,
    /// Whether the board answers.
    pub(crate) board_answers: bool,
    /// How many outages of the board there were.
    pub(crate) board_outages: u64,
    /// Since when the oldest job of a definition waits, in seconds.
    pub(crate) oldest_waiting: Vec<(&'a str, f64)>,
    /// How long the leases of a worker still hold, of its shortest one, in seconds.
    pub(crate) lease_margin: Vec<(&'a str, f64)>,
    /// How many late transitions of live workers were refused.
    pub(crate) stale: Option<u64>,
}

/// Returns the families of a server.
pub(crate) fn server_page(server: &ServerMetrics<'_>) -> String {
    let mut page = String::new();
    let text = &mut page;
    let help = "Requests that were answered, by what they were for and the class of the status.";
    let mut family = Family::new(text, "server_requests_total", Counter, help);
    for (kind, class, count) in &server.requests {
        family.add(&[("kind", kind), ("class", class)], count);
    }
    let single: [(&'static str, MetricType, &'static str, u64); 6] = [
        (
            "server_connections",
            Gauge,
            "Connections to the server.",
            server.connections,
        ),
        (
            "server_connections_refused_total",
            Counter,
            "Connections that were refused because of max_connections.",
            server.refused_connections,
        ),
        (
            "server_connections_evicted_total",
            Counter,
            "Connections without a request that were closed for the sake of a new one.",
            server.evicted_connections,
        ),
        (
            "server_logins_refused_total",
            Counter,
            "Logins that were refused.",
            server.refused_logins,
        ),
        (
            "server_board_answers",
            Gauge,
            "Whether the board has answered in the last ten seconds.",
            u64::from(server.board_answers),
        ),
        (
            "server_board_outages_total",
            Counter,
            "Outages of the board since the server started.",
            server.board_outages,
        ),
    ];
    for (name, kind, help, value) in single {
        Family::new(text, name, kind, help).add(&[], value);
    }
    let help = "How long the oldest job of the definition waits, in seconds; absent with none or more than 1,000 waiting.";
    let mut family = Family::new(text, "server_oldest_waiting_seconds", Gauge, help);
    for (definition, seconds) in &server.oldest_waiting {
        family.add(&[("job", definition)], seconds);
    }
    let help = "How long the shortest lease of the worker still holds, in seconds.";
    let mut family = Family::new(text, "server_lease_margin_seconds", Gauge, help);
    for (worker, seconds) in &server.lease_margin {
        family.add(&[("worker", worker)], seconds);
    }
    let help = "Late reports of live workers that the board refused.";
    Family::new(text, "server_stale_reports", Gauge, help).add_some(&[], server.stale);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_of_a_server_stands_in_the_guide() {
        let page = server_page(&ServerMetrics {
            requests: vec![("page", "2xx", 3)],
            connections: 1,
            refused_connections: 0,
            evicted_connections: 0,
            refused_logins: 0,
            board_answers: true,
            board_outages: 0,
            oldest_waiting: vec![("resize", 1.5)],
            lease_margin: vec![("edge-1", 50.0)],
            stale: Some(0),
        });
        let line = r#"run_functions_server_requests_total{kind="page",class="2xx"} 3"#;
        assert!(page.lines().any(|it| it == line), "{page}");
        let types = page.lines();
        let types = types.filter_map(|line| line.strip_prefix("# TYPE run_functions_"));
        let mut names: Vec<&str> = types.filter_map(|line| line.split(' ').next()).collect();
        let rows = include_str!("../guide/server.md").lines();
        let rows = rows.filter_map(|row| row.strip_prefix("| `")?.split_once('`'));
        let of_guide = rows.map(|(name, _)| name);
        let mut of_guide: Vec<&str> = of_guide
            .filter(|name| name.starts_with("server_"))
            .collect();
        names.sort_unstable();
        of_guide.sort_unstable();
        assert_eq!(names, of_guide);
    }
}
