//! Numbers of things in words.

/// Returns a number in groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns `1 run`, `2 runs`.
pub(crate) fn counted(number: u64, one: &str, more: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { more }
    )
}

/// Returns a number with what is counted: `no mails`, `1 mail`, `2 mails`.
pub(crate) fn counted_or_no(count: u64, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {many}"),
        count => counted(count, one, many),
    }
}
