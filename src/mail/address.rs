//! Mail addresses as servers take them: internationalized domains as punycode (RFC 5891), which
//! needs no SMTPUTF8.

/// Returns a domain in ASCII; a text that is no domain stays.
pub(crate) fn ascii_domain(domain: &str) -> String {
    if domain.is_ascii() {
        return domain.to_owned();
    }
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned())
}

/// Returns a bare address with its domain in ASCII. The part before the `@` stays: only SMTPUTF8
/// carries that.
pub(crate) fn ascii(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", ascii_domain(domain)),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_becomes_punycode_and_the_local_part_stays() {
        assert_eq!(ascii("ops@bücher.example"), "ops@xn--bcher-kva.example");
        assert_eq!(ascii("ops@BÜCHER.example"), "ops@xn--bcher-kva.example");
        assert_eq!(ascii("jörg@straße.example"), "jörg@xn--strae-oqa.example");
        assert_eq!(ascii("ops@例え.jp"), "ops@xn--r8jz45g.jp");
        for same in ["ops@example.org", "root", "a@[192.0.2.1]", "a_b@my_host"] {
            assert_eq!(ascii(same), same);
        }
    }
}
