//! What `report` tells of the past, as a page and in a terminal.
#![cfg(test)]

#[path = "report/season.rs"]
mod season;
mod support;

use support::{Place, stderr, stdout};

const SHOP: &str = r#"
[tasks.send_mail]
command = ["sleep", "1.9"]
success_cooldown = "10m"
[tasks.retry_deferred]
command = ["sleep", "0.1"]
success_cooldown = "10m"
[tasks.import_orders]
shell = "echo \"KeyError: 'vat_id' in order 202611-48213\"; exit 4"
fail_cooldown = "4m"
"#;

#[test]
fn demo() {
    let place = Place::with(SHOP);
    let run = place.path("run");
    std::fs::create_dir(&run).unwrap();
    std::os::unix::fs::PermissionsExt::set_mode(
        &mut std::fs::metadata(&run).unwrap().permissions(),
        0o700,
    );
    season::of_a_shop(&run);
    let mail = place.start(&["tasks::send_mail", "tasks::retry_deferred"]);
    mail.wait_for("[tasks::send_mail] Execution successful");
    let import = place.start(&["tasks::import_orders"]);
    import.wait_for("Sleeping 4m");
    let output = place.run(&["report", "--html", "/tmp/report/shop.html"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = place.run(&["report"]);
    println!("{}", stdout(&output));
    mail.stop();
    import.stop();
}
