//! The body of a request, whole, within its limits.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use tokio::time::timeout;

use super::refusal::HttpRefusal;

/// No body of a call is longer: the results of the steps of a job are 1 MiB at most.
pub(crate) const MOST_OF_CALL: usize = 4 << 20;
/// No body of a form is longer.
pub(crate) const MOST_OF_FORM: usize = 1 << 20;
/// How long a body may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Reads a body of so many bytes at most; its user has been checked.
///
/// # Errors
///
/// When it is too long, takes too long, or is cut off.
pub(crate) async fn whole_body(
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<Vec<u8>, HttpRefusal> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_long(most));
    }
    match timeout(LIMIT, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) if is_too_long(&error) => Err(too_long(most)),
        Ok(Err(_)) => Err(HttpRefusal::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "the body was cut off",
            None,
        )),
        Err(_) => Err(HttpRefusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "the body did not arrive in time",
            None,
        )),
    }
}

fn too_long(most: usize) -> HttpRefusal {
    let message = format!("the body is longer than {} MiB", most >> 20);
    let remedy = Some("send less at once");
    HttpRefusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message, remedy)
}

/// The error of a limit has no public type.
fn is_too_long(error: &axum::Error) -> bool {
    error.to_string().contains("length limit")
}
