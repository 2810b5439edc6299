//! The user of a request, by the token in a header or by the cookie of a login.

use std::sync::Arc;

use axum::http::{HeaderMap, header};

use super::cookie::CookieForm;
use crate::core::time::unix_millis;
use crate::server::http::HttpRefusal;
use crate::server::store::{SecretText, ServerStore, StoreError, TokenRecord};
use crate::server::viewer::Viewer;
use crate::unix::clock;

/// What the secret of forms is derived for.
const FORMS: &str = "forms";

/// Finds the user of a request.
pub(crate) struct AccessGate {
    store: Arc<ServerStore>,
    cookie: CookieForm,
}

impl AccessGate {
    /// Creates the gate.
    pub(crate) fn new(store: Arc<ServerStore>, cookie: CookieForm) -> Self {
        AccessGate { store, cookie }
    }

    /// Returns how the cookie is written.
    pub(crate) fn cookie(&self) -> &CookieForm {
        &self.cookie
    }

    /// Returns the user of the token in a header.
    ///
    /// # Errors
    ///
    /// Without a token that is known and holds.
    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Result<Viewer, HttpRefusal> {
        let token = bearer_of(headers).ok_or_else(HttpRefusal::unauthorized)?;
        let found = self.token(&token).map_err(|error| unreadable(&error))?;
        let token = found.ok_or_else(HttpRefusal::unauthorized)?;
        if token.is_use_news(now()) {
            let (store, id) = (Arc::clone(&self.store), token.id);
            // Without the note the token works as well.
            tokio::task::spawn_blocking(move || store.note_use(id, now()));
        }
        Ok(token.viewer(String::new()))
    }

    /// Returns the user of a login; `None`: no login, or one that is over.
    ///
    /// # Errors
    ///
    /// When the file of the server cannot be read.
    pub(crate) fn login(&self, headers: &HeaderMap) -> Result<Option<Viewer>, HttpRefusal> {
        let Some(secret) = self.cookie.find(headers) else {
            return Ok(None);
        };
        let found = self.store.login(&secret, now());
        let found = found.map_err(|error| unreadable(&error))?;
        Ok(found.map(|token| token.viewer(secret.derived(FORMS))))
    }

    /// Returns the token of a secret, if it holds.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn token(&self, secret: &SecretText) -> Result<Option<TokenRecord>, StoreError> {
        self.store.token(secret, now())
    }
}

fn now() -> i64 {
    unix_millis(clock::wall())
}

fn bearer_of(headers: &HeaderMap) -> Option<SecretText> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (all.next()?, all.next());
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && second.is_none();
    is_bearer.then(|| SecretText::parse(token)).flatten()
}

fn unreadable(error: &StoreError) -> HttpRefusal {
    log::error!("{error}");
    HttpRefusal::unavailable("the tokens of this server cannot be read")
}
