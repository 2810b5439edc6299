//! The style sheet, the script and the icons. Their path has a hash of their content, so that a
//! browser may keep them.

use std::sync::LazyLock;

use super::page_request::PageAnswer;
use crate::core::hash::fnv1a;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/page.js");
const WELL: &str = include_str!("assets/mark-ok.svg");
const ILL: &str = include_str!("assets/mark-bad.svg");

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all = [STYLE, SCRIPT, WELL, ILL].concat();
    format!("{:016x}", fnv1a(all.as_bytes()))
});

/// The folder of what a browser may keep: `/assets/VERSION/NAME`.
pub(in crate::server) const ASSETS: &str = "/assets/";

/// Returns the path of a file that pages refer to.
pub(super) fn path(name: &str) -> String {
    format!("{ASSETS}{}/{name}", *VERSION)
}

/// Returns the file of a path, if the path is one of a file; no user is needed for that.
pub(in crate::server) fn asset(path: &str) -> Option<PageAnswer> {
    let versioned = path
        .strip_prefix(ASSETS)
        .and_then(|rest| rest.split_once('/'));
    // The login has no version in its addresses.
    let name = versioned.map_or_else(|| path.strip_prefix('/'), |(_, name)| Some(name))?;
    let (content_type, text) = match name {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "page.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "mark-ok.svg" => ("image/svg+xml", WELL),
        "mark-bad.svg" => ("image/svg+xml", ILL),
        _ => return None,
    };
    let is_kept = versioned.is_some_and(|(version, _)| version == *VERSION);
    Some(PageAnswer::Asset {
        content_type,
        body: text.as_bytes().to_vec(),
        is_kept,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_found_at_its_path_and_nothing_else_is() {
        for name in ["style.css", "page.js", "mark-ok.svg", "mark-bad.svg"] {
            assert!(asset(&path(name)).is_some(), "{name}");
        }
        assert_eq!(asset("/assets/x/../Cargo.toml"), None);
        assert_eq!(asset("/style.css/x"), None);
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for text in [STYLE, SCRIPT, WELL, ILL] {
            let is_external = |word: &str| text.contains(word);
            assert!(
                !is_external("http://") || text.contains("www.w3.org"),
                "{text}"
            );
            assert!(!is_external("https://") && !is_external("@import"));
        }
    }
}
