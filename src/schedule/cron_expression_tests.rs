use super::*;

fn error(text: &str) -> (String, String, String) {
    let error = CronExpression::parse(text).unwrap_err();
    let place = text[error.place.clone()].to_owned();
    (error.message, error.remedy, place)
}

fn next(text: &str, from: &str) -> Option<String> {
    let expression = CronExpression::parse(text).unwrap();
    let found = expression.next_from(from.parse().unwrap())?;
    Some(found.strftime("%Y-%m-%d %H:%M").to_string())
}

#[test]
fn an_error_points_at_what_is_wrong_and_names_a_remedy() {
    let cases = [
        ("0 24 * * *", "24", "`24` is no hour", "0 to 23"),
        ("60 3 * * *", "60", "`60` is no minute", "0 to 59"),
        (
            "0 3 * * 8",
            "8",
            "`8` is no day of the week",
            "0 and 7 are Sunday",
        ),
        ("0 3 * foo *", "foo", "`foo` is no month", "`jan` to `dec`"),
        (
            "0 3 L * *",
            "L",
            "`L` is no day of the month",
            "cron has no `L`",
        ),
        (
            "0 3 * * 1#2",
            "1#2",
            "`1#2` is no day of the week",
            "cron has no",
        ),
        ("0 3 ? * *", "?", "`?` is no day of the month", "write `*`"),
        ("0~59 3 * * *", "0~59", "`0~59` is no minute", "by lot"),
        ("5/15 * * * *", "5/15", "a step needs a range", "5-59/15"),
        ("0 22-2 * * *", "22-2", "ends before it begins", "22-23,0-2"),
        ("0 0 * * 7-2", "7-2", "ends before it begins", "write `0-2`"),
        ("0 0 * * 6-2", "6-2", "ends before it begins", "`6,0-2`"),
        ("1,70 * * * *", "70", "`70` is no minute", ""),
        ("1,,2 * * * *", "", "has an empty part", ""),
        ("*/0 * * * *", "*/0", "is no number from 1 on", "*/15"),
        ("-5 * * * *", "-5", "has an empty part", ""),
        (
            "0 0 3 * * *",
            "*",
            "has five fields, not 6",
            "every = \"30s\"",
        ),
        ("0 3 * *", "0 3 * *", "has five fields, not 4", "0 3 * * *"),
        ("", "", "has five fields, not 0", "0 3 * * *"),
        (
            "@reboot",
            "@reboot",
            "is no time of cron",
            "begins with the machine",
        ),
        (
            "@every 1h",
            "@every 1h",
            "is no time of cron",
            "every = \"1h\"",
        ),
        ("@dayly", "@dayly", "is no time of cron", "@daily"),
    ];
    for (text, place, message, remedy) in cases {
        let found = error(text);
        assert_eq!(found.2, place, "{text}: {found:?}");
        assert!(found.0.contains(message), "{text}: {found:?}");
        assert!(found.1.contains(remedy), "{text}: {found:?}");
    }
}

#[test]
fn what_cron_takes_is_taken() {
    let same = [
        ("0 3 * * 7", "0 3 * * 0"),
        ("0 3 * * sun", "0 3 * * 0"),
        ("0 3 * JAN-mar Mon-FRI", "0 3 * 1-3 1-5"),
        ("0 3 * * fri-sun", "0 3 * * 5,6,0"),
        (" 0   3 *\t* *  ", "0 3 * * *"),
        ("@daily", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("@weekly", "0 0 * * 0"),
    ];
    for (left, right) in same {
        let parsed = |text| CronExpression::parse(text).unwrap();
        assert_eq!(parsed(left), parsed(right), "{left}");
    }
}

#[test]
fn the_next_minute_is_that_of_the_calendar() {
    let from = "2026-11-30T20:30";
    let cases = [
        ("* * * * *", "2026-11-30 20:30"),
        ("0 3 * * *", "2026-12-01 03:00"),
        ("29 20 * * *", "2026-12-01 20:29"),
        ("*/15 * * * *", "2026-11-30 20:30"),
        ("31,45 20-22 * * *", "2026-11-30 20:31"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        // Both days are restricted: one of them is enough.
        ("0 0 13 * fri", "2026-12-04 00:00"),
        // A field with a star restricts nothing by itself: both must match.
        ("0 0 */2 * tue", "2026-12-01 00:00"),
        ("0 0 31 * *", "2026-12-31 00:00"),
        ("0 0 * jan mon", "2027-01-04 00:00"),
    ];
    for (text, expected) in cases {
        assert_eq!(next(text, from).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_no_date_has_never_comes() {
    for never in ["0 3 30 2 *", "0 3 31 2,4,6,9,11 *"] {
        assert!(CronExpression::parse(never).unwrap().is_never(), "{never}");
        assert_eq!(next(never, "2026-11-30T20:30"), None);
    }
    for rare in ["0 3 29 2 *", "0 3 30 2 mon", "0 0 29 2 */7"] {
        assert!(!CronExpression::parse(rare).unwrap().is_never(), "{rare}");
    }
}
