//! Our own password in what a server answers.

use crate::mail::wire::SmtpRoute;

/// The forms in which a server could send our password back: plain, and as AUTH PLAIN and AUTH
/// LOGIN encode it.
pub(super) fn secrets(route: &SmtpRoute) -> Vec<String> {
    let Some((user, password)) = &route.login else {
        return Vec::new();
    };
    if password.is_empty() {
        return Vec::new();
    }
    let plain = format!("\0{user}\0{password}");
    vec![
        base64(plain.as_bytes()),
        base64(password.as_bytes()),
        password.clone(),
    ]
}

/// RFC 4648 4.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= group.len() {
                let index = (bits >> (18 - 6 * digit)) & 63;
                text.push(char::from(ALPHABET[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}
