//! Dates and times, in the forms in which logs and programs write them.

const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct",
    *b"Nov", *b"Dec",
];
const DAYS: [[u8; 3]; 7] = [
    *b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun",
];
const ZONES: [&[u8]; 11] = [
    b"UTC", b"GMT", b"CEST", b"CET", b"EDT", b"EST", b"PDT", b"PST", b"BST", b"MSK", b"JST",
];

/// Returns the length of the date, the time, or the date with its time and zone with which `text`
/// begins.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let day = day_name(text);
    let date = date(&text[day..]).map(|len| day + len);
    let len = match date {
        Some(date) => date + joined_time(&text[date..]),
        None if day == 0 => time(text)?,
        None => return None,
    };
    let len = len + zone(&text[len..]);
    let year = year_after(&text[len..]);
    let len = len + year;
    let goes_on = text.get(len).is_some_and(|c| c.is_ascii_alphanumeric());
    (!goes_on).then_some(len)
}

fn digits(text: &[u8], most: usize) -> usize {
    text.iter()
        .take(most + 1)
        .take_while(|c| c.is_ascii_digit())
        .count()
}

fn at(text: &[u8], place: usize, wanted: &[u8]) -> bool {
    text.get(place).is_some_and(|c| wanted.contains(c))
}

fn begins_with_one_of(names: &[[u8; 3]], text: &[u8]) -> bool {
    text.first_chunk()
        .is_some_and(|start| names.contains(start))
}

/// `Sun `, `Sun, `, `Sunday, `.
fn day_name(text: &[u8]) -> usize {
    if !begins_with_one_of(&DAYS, text) {
        return 0;
    }
    let name = text
        .iter()
        .take(10)
        .take_while(|c| c.is_ascii_lowercase() || c.is_ascii_uppercase());
    let name = name.count();
    let comma = usize::from(at(text, name, b","));
    if at(text, name + comma, b" ") {
        name + comma + 1
    } else {
        0
    }
}

fn month_name(text: &[u8]) -> usize {
    if begins_with_one_of(&MONTHS, text) {
        text.iter()
            .take(9)
            .take_while(|c| c.is_ascii_alphabetic())
            .count()
    } else {
        0
    }
}

fn date(text: &[u8]) -> Option<usize> {
    match digits(text, 8) {
        0 => named_month_first(text),
        // 20261122T104601
        8 if at(text, 8, b"T") && digits(&text[9..], 6) >= 4 => Some(8),
        4 => numbers(text, 4, &[2]).or_else(|| numbers(text, 4, &[1, 2])),
        len @ (1 | 2) => named_month_inside(text, len).or_else(|| numbers(text, len, &[4])),
        _ => None,
    }
}

/// `2026-11-22`, `2026/11/22`, `22.11.2026`: three numbers with the same separator, the last of one
/// of these lengths.
fn numbers(text: &[u8], first: usize, last: &[usize]) -> Option<usize> {
    let separator = *text.get(first).filter(|c| b"-/.".contains(c))?;
    let second = digits(&text[first + 1..], 2);
    let end = first + 1 + second;
    if !(1..=2).contains(&second) || text.get(end) != Some(&separator) {
        return None;
    }
    let third = digits(&text[end + 1..], 4);
    let end = end + 1 + third;
    let goes_on = at(text, end, &[separator]) && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    (last.contains(&third) && !goes_on).then_some(end)
}

/// `Nov 22`, `November 22, 2026`.
fn named_month_first(text: &[u8]) -> Option<usize> {
    let month = month_name(text);
    let gap = text[month..]
        .iter()
        .take(2)
        .take_while(|c| **c == b' ')
        .count();
    let day = digits(&text[month + gap..], 2);
    let end = month + gap + day;
    if month == 0 || gap == 0 || !(1..=2).contains(&day) {
        return None;
    }
    let comma = usize::from(at(text, end, b","));
    let is_year = at(text, end + comma, b" ") && digits(&text[end + comma + 1..], 4) == 4;
    let is_hour = at(text, end + comma + 5, b":");
    Some(if is_year && !is_hour {
        end + comma + 5
    } else {
        end
    })
}

/// `22 Nov 2026`, `22/Nov/2026`, `22-Nov-2026`, `22-Nov-26`.
fn named_month_inside(text: &[u8], day: usize) -> Option<usize> {
    let separator = *text.get(day).filter(|c| b" /-".contains(c))?;
    let month = month_name(&text[day + 1..]);
    let end = day + 1 + month;
    let joined = month > 0 && text.get(end) == Some(&separator);
    match digits(text.get(end + 1..)?, 4) {
        4 if joined => Some(end + 5),
        // 02-Jan-06
        2 if joined && separator == b'-' => Some(end + 3),
        _ => None,
    }
}

/// What joins a time to its date, and the time.
fn joined_time(text: &[u8]) -> usize {
    if !at(text, 0, b" T:_,-") {
        return 0;
    }
    let gap = if text.starts_with(b", ") { 2 } else { 1 };
    let compact = digits(&text[gap..], 6);
    if at(text, 0, b"T") && (compact == 6 || compact == 4) {
        return gap + compact + fraction(&text[gap + compact..]);
    }
    time(&text[gap..]).map_or_else(|| hours_and_minutes(&text[gap..], gap), |len| gap + len)
}

fn hours_and_minutes(text: &[u8], gap: usize) -> usize {
    if digits(text, 2) == 2 && at(text, 2, b":") && digits(&text[3..], 2) == 2 {
        gap + 5
    } else {
        0
    }
}

/// `10:46:01`, with a fraction, `3:04PM`; hours and minutes alone might be a line and a column.
fn time(text: &[u8]) -> Option<usize> {
    let hours = digits(text, 2);
    let minutes = hours + 1;
    let has_minutes =
        (1..=2).contains(&hours) && at(text, hours, b":") && digits(text.get(minutes..)?, 2) == 2;
    if !has_minutes {
        return None;
    }
    let seconds = minutes + 3;
    if at(text, minutes + 2, b":") && digits(text.get(seconds..)?, 2) == 2 {
        let end = seconds + 2 + fraction(&text[seconds + 2..]);
        return Some(end + half_of_day(&text[end..]));
    }
    match half_of_day(&text[minutes + 2..]) {
        0 => None,
        half => Some(minutes + 2 + half),
    }
}

/// `PM`, ` am`.
fn half_of_day(text: &[u8]) -> usize {
    let gap = usize::from(at(text, 0, b" "));
    let is_half = at(text, gap, b"aApP")
        && at(text, gap + 1, b"mM")
        && !text.get(gap + 2).is_some_and(u8::is_ascii_alphanumeric);
    if is_half { gap + 2 } else { 0 }
}

fn fraction(text: &[u8]) -> usize {
    match digits(text.get(1..).unwrap_or_default(), 9) {
        0 => 0,
        len if at(text, 0, b".,") => 1 + len.min(9),
        _ => 0,
    }
}

/// `Z`, `+0100`, ` +01:00`, ` UTC`.
fn zone(text: &[u8]) -> usize {
    if at(text, 0, b"Z") {
        return 1;
    }
    let gap = usize::from(at(text, 0, b" "));
    let rest = &text[gap..];
    if let Some(zone) = ZONES.iter().find(|zone| rest.starts_with(zone)) {
        return gap + zone.len();
    }
    if !at(rest, 0, b"+-") {
        return 0;
    }
    match digits(&rest[1..], 4) {
        4 => gap + 5,
        2 if at(rest, 3, b":") && digits(&rest[4..], 2) == 2 => gap + 6,
        _ => 0,
    }
}

/// The year at the end of what ctime(3) prints.
fn year_after(text: &[u8]) -> usize {
    let is_year = at(text, 0, b" ") && digits(&text[1..], 4) == 4;
    let is_recent = text
        .get(1..3)
        .is_some_and(|century| century == b"20" || century == b"19");
    if is_year && is_recent { 5 } else { 0 }
}
