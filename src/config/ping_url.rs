//! The form of a URL that can be requested.

use ureq::http::Uri;

use super::raw::Shape;
use crate::core::settings::PingUrl;

/// Returns a URL that can be requested. Messages never show it: its path may be a secret.
pub(super) fn ping_url(shape: &Shape) -> Result<PingUrl, (&'static str, &'static str)> {
    const EXAMPLE: &str = "for example `\"https://hc-ping.com/UUID\"`";
    const MOST_BYTES: usize = 2048;
    let Shape::Text(text) = shape else {
        return Err(("is a URL in quotation marks", EXAMPLE));
    };
    if text.len() > MOST_BYTES {
        return Err(("is longer than 2,048 bytes", "shorten the URL"));
    }
    if !["https://", "http://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
    {
        return Err(("begins with neither `https://` nor `http://`", EXAMPLE));
    }
    if text.contains('#') {
        return Err((
            "has a `#`, and what follows is not sent",
            "remove that part",
        ));
    }
    let url: Uri = text.parse().map_err(|_| ("is not a URL", EXAMPLE))?;
    match url.host().filter(|host| !host.is_empty()) {
        None => Err(("names no host", EXAMPLE)),
        Some(host) if !has_good_port(&url, host) => {
            Err(("has no port from 1 to 65535 after the host", EXAMPLE))
        }
        Some(_) => Ok(PingUrl::new(text.clone())),
    }
}

/// The parser takes any digits for a port, and none.
fn has_good_port(url: &Uri, host: &str) -> bool {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let after_host = authority.rsplit('@').next().unwrap_or_default();
    match after_host.strip_prefix(host) {
        Some("") => true,
        _ => url.port_u16().is_some_and(|port| port > 0),
    }
}
