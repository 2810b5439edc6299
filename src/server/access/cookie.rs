//! The cookie of a login. Pure.

use axum::http::{HeaderMap, header};

use crate::server::store::SecretText;

/// How long a browser keeps the cookie, in seconds.
const MAX_AGE: u32 = 12 * 3600;

/// How the cookie of this server is written.
#[derive(Clone, Debug)]
pub(crate) struct CookieForm {
    name: String,
    is_secure: bool,
}

impl CookieForm {
    /// Returns the form for a server. A browser has one store of cookies for all ports of a host,
    /// so that the name has the port.
    pub(crate) fn new(port: u16, is_secure: bool) -> Self {
        let name = match is_secure {
            true => format!("__Host-run_functions_{port}"),
            false => format!("run_functions_{port}"),
        };
        CookieForm { name, is_secure }
    }

    /// Returns the header that sets the cookie.
    pub(crate) fn set(&self, secret: &SecretText) -> String {
        self.written(secret.reveal(), MAX_AGE)
    }

    /// Returns the header that removes the cookie.
    pub(crate) fn removal(&self) -> String {
        self.written("", 0)
    }

    fn written(&self, value: &str, max_age: u32) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let name = &self.name;
        format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}")
    }

    /// Finds the cookie in a request.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<SecretText> {
        let all = headers.get_all(header::COOKIE).iter();
        let texts = all.filter_map(|value| value.to_str().ok());
        let mut pairs = texts
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == self.name)?;
        SecretText::parse(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_found_again_among_others() {
        let form = CookieForm::new(7400, true);
        let secret = SecretText::random().unwrap();
        let set = form.set(&secret);
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "__Host-"] {
            assert!(set.contains(part), "{set}");
        }
        let pair = set.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; {pair}").parse().unwrap());
        assert_eq!(form.find(&headers), Some(secret));
        assert_eq!(CookieForm::new(7401, true).find(&headers), None);
    }
}
