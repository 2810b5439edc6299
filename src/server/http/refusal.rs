//! An answer that refuses.

use axum::http::StatusCode;

/// An answer that refuses: as JSON for programs, as a page for browsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpRefusal {
    /// The status of HTTP.
    pub(crate) status: StatusCode,
    /// The reason, for programs.
    pub(crate) code: &'static str,
    /// The reason, for people.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) remedy: Option<&'static str>,
}

impl HttpRefusal {
    /// Creates a refusal.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        remedy: Option<&'static str>,
    ) -> Self {
        HttpRefusal {
            status,
            code,
            message: message.into(),
            remedy,
        }
    }

    /// Returns the refusal of a request without a token, or with an unknown one.
    pub(crate) fn unauthorized() -> Self {
        HttpRefusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "no token that is known here",
            Some("send `Authorization: Bearer TOKEN`; `serve token add` creates one"),
        )
    }

    /// Returns the refusal of what nothing answers.
    pub(crate) fn missing() -> Self {
        let message = "nothing is at this address";
        HttpRefusal::new(StatusCode::NOT_FOUND, "no_such_call", message, None)
    }

    /// Returns the refusal of a method that means nothing at this address.
    pub(crate) fn method() -> Self {
        let message = "this address is not asked with this method";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        HttpRefusal::new(status, "no_such_method", message, None)
    }

    /// Returns the refusal of what the role does not allow.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        let remedy = Some("ask an administrator of the board for a token with another role");
        HttpRefusal::new(StatusCode::FORBIDDEN, "forbidden", message, remedy)
    }

    /// Returns the refusal while the server is on its way out, or busy, or its file cannot be read.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        let remedy = Some("try again in a moment");
        let status = StatusCode::SERVICE_UNAVAILABLE;
        HttpRefusal::new(status, "unavailable", message, remedy)
    }
}
