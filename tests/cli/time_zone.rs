//! The zone that `TZ` names is the zone of the log, of mails and of screens.

use std::process::Command;

use crate::support::{Place, Runner, stdout};

/// A zone file (RFC 8536) whose only rule is its footer.
fn zone(footer: &str) -> Vec<u8> {
    let mut file = Vec::new();
    for version in 0..2 {
        file.extend(b"TZif2");
        file.extend([0; 15]);
        // No marks of standard or universal time, no leap seconds, no transitions; one type, whose name has four bytes.
        for count in [0u32, 0, 0, 0, 1, 4] {
            file.extend(count.to_be_bytes());
        }
        file.extend(3600i32.to_be_bytes());
        file.extend([0, 0]);
        file.extend(b"CET\0");
        if version == 1 {
            file.extend(format!("\n{footer}\n").as_bytes());
        }
    }
    file
}

fn in_zone(mut command: Command, place: &Place, tz: &str) -> Command {
    command.env("TZDIR", place.path("zones")).env("TZ", tz);
    command
}

#[test]
fn a_zone_by_name_holds_for_log_mails_and_status_as_one_by_rule_does() {
    for tz in ["Nowhere/Berlin", ":Nowhere/Berlin", "XYZ-7:30"] {
        let place = Place::with("[tasks.broken]\ncommand = [\"false\"]\nfail_cooldown = \"1h\"\n");
        place.write("zones/Nowhere/Berlin", zone("XYZ-7:30"));
        let runner = in_zone(place.command(&["tasks::broken"]), &place, tz);
        let runner = Runner::start(runner);
        runner.wait_for("Mail to");
        assert!(
            runner.log().lines().all(|line| line.contains("+07:30 ")),
            "{tz}: {}",
            runner.log()
        );
        let log = runner.log();
        assert_eq!(runner.stop(), Some(0));
        let mail = place.mails().remove(0);
        assert!(mail.contains("+0730"), "{tz}: {mail}");
        // The log and the screen name the same minute, whatever the zone of this machine is.
        let line = log
            .lines()
            .find(|line| line.contains("Sent email"))
            .unwrap();
        let hour_and_minute = &line[11..16];
        let status = in_zone(place.command(&["status"]), &place, tz)
            .output()
            .unwrap();
        let status = stdout(&status);
        assert!(
            status.contains("mailed ") && status.contains(hour_and_minute),
            "{tz}: {status}"
        );
    }
}
